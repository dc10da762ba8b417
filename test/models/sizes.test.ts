import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ModelConfig } from '../../src/models/config.ts';
import { checkModel, countMultiplyAdds } from '../../src/models/cost.ts';
import { buildModule, countParameters, findModel, MODELS } from '../../src/models/registry.ts';

/** Of torchvision's networks with 1000 classes; multiply-adds of one image of 224×224. By make_networks.py. */
const SIZES: Record<string, { parameters: number; multiplyAdds: number }> = JSON.parse(
  readFileSync(new URL('../fixtures/torch/torchvision_sizes.json', import.meta.url), 'utf8'),
);

const SQUARE = { width: 224, height: 224 };

function published(model: string, changes: Partial<ModelConfig> = {}): ModelConfig {
  const { width } = findModel(model);
  return { model, form: 'imagenet', width, classes: 1000, stem: { kind: 'conv' }, ...changes };
}

describe('sizes', () => {
  test('are known of every network', () => {
    expect(Object.keys(SIZES).sort()).toEqual(MODELS.map(({ name }) => name).sort());
  });

  test.each(Object.entries(SIZES))(
    "%s has torchvision's, but for the bias of a first layer",
    (name, sizes) => {
      // torchvision's AlexNet has the bias; its ResNets and EfficientNet have none.
      const plain = published(name, { stemBias: name === 'alexnet' });
      expect(countParameters(buildModule(plain))).toBe(sizes.parameters);
      expect(countMultiplyAdds(plain, SQUARE)).toBe(sizes.multiplyAdds);
      const extra = name.startsWith('resnet') ? 64 : 0;
      expect(countParameters(buildModule(published(name)))).toBe(sizes.parameters + extra);
    },
  );

  test('push-pull adds an alpha a filter and one box sum of the image', () => {
    const pushpull = published('resnet18', { stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' } });
    expect(countParameters(buildModule(pushpull)) - countParameters(buildModule(published('resnet18')))).toBe(
      64,
    );
    const box = 112 * 112 * 3 * 7 * 7;
    expect(countMultiplyAdds(pushpull, SQUARE)).toBe(SIZES.resnet18.multiplyAdds + box);
  });

  test('a blur costs its filter on every channel that it leaves, and the strides that it takes over', () => {
    const blurred = published('resnet18', { form: 'cifar', antialias: 'blurconv2' });
    const plain = published('resnet18', { form: 'cifar' });
    const size = { width: 32, height: 32 };
    // Each later stage: the first convolution at twice the side, its blur, and the blur of the shortcut's input.
    const stage = (channels: number, side: number): number =>
      3 * side * side * channels * (channels / 2) * 9 + 25 * side * side * (channels + channels / 2);
    const extra = stage(128, 16) + stage(256, 8) + stage(512, 4);
    expect(countMultiplyAdds(blurred, size) - countMultiplyAdds(plain, size)).toBe(extra);
  });
});

describe('a configuration that does not exist is refused', () => {
  const check = (config: ModelConfig, side: number) => () =>
    checkModel(config, { width: side, height: side });

  test.each([
    [
      'no such network',
      published('resnet18', { model: 'resnet20' }),
      224,
      /--model resnet20: expected one of resnet18, .*alexnet\. List/,
    ],
    [
      'a form that it has not',
      published('alexnet', { form: 'cifar' }),
      32,
      /--form cifar: alexnet exists in the form imagenet only/,
    ],
    [
      'blurs that it has not',
      published('alexnet', { antialias: 'blurconv1' }),
      224,
      /--antialias blurconv1: expected none for alexnet; resnet18, .* have it/,
    ],
    [
      'batch norms that it has not',
      published('alexnet', { batchNorm: { eps: 1e-5, momentum: 0.1 } }),
      224,
      /--bn-eps, --bn-momentum: alexnet has no batch norms/,
    ],
    [
      'images too small',
      published('alexnet'),
      32,
      /--model alexnet, form imagenet: does not take images of 32×32 pixels \(.+\); choose another/,
    ],
  ])('%s', (_, config, side, message) => {
    expect(check(config, side)).toThrow(message);
  });

  test('and one that exists is not', () => {
    expect(check(published('alexnet'), 64)).not.toThrow();
  });
});
