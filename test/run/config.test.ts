import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { choosePreset, PRESETS, parseRunConfig } from '../../src/run/config.ts';
import { tinyConfig } from '../train/tiny-learner.ts';

describe('presets', () => {
  // Paper Sec. 4.2: epochs, batch, initial, max, end, weight decay.
  it.each([
    ['cifar10', 30, 64, 5e-3, 0.2, 5e-6, 1e-5],
    ['imagenet100', 20, 64, 5e-3, 0.2, 5e-6, 1e-5],
    ['imagenet200', 20, 64, 5e-3, 0.2, 5e-6, 1e-5],
    ['imagenet', 20, 128, 0.05, 1, 5e-5, 1e-5],
  ] as const)('%s is the paper’s', (name, epochs, batchSize, initial, max, end, weightDecay) => {
    const rates = { initial, max, end };
    expect(PRESETS[name].recipe).toEqual({ epochs, batchSize, rates, momentum: 'cycle', weightDecay });
  });

  it('treat pixels as the reference does', () => {
    expect(PRESETS.cifar10).toMatchObject({
      form: 'cifar',
      mean: [0.4914, 0.4822, 0.4465],
      std: [0.2023, 0.1994, 0.201],
      size: 'image',
      trainingImages: { resize: null, padding: 4, flip: true },
    });
    expect(PRESETS.imagenet100).toMatchObject({
      form: 'imagenet',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      size: 224,
      trainingImages: { resize: 256, padding: 0, flip: true },
    });
    expect(PRESETS.mnist.trainingImages.flip).toBe(false);
  });

  it('are chosen by name, then by size and number of classes', () => {
    expect(choosePreset({ kind: 'mnist', classes: 10, side: 32 })).toBe('mnist');
    expect(choosePreset({ kind: 'cifar10', classes: 10, side: 32 })).toBe('cifar10');
    expect(choosePreset({ kind: 'folder', classes: 200, side: 64 })).toBe('small');
    expect(choosePreset({ kind: 'folder', classes: 7, side: 65 })).toBe('large');
    expect(choosePreset({ kind: 'folder', classes: 1000, side: 375 })).toBe('imagenet');
  });
});

describe('a stored configuration', () => {
  const config = tinyConfig();

  it('comes back as it was', () => {
    const pushpull = { ...config.model, stem: { kind: 'pushpull', avg: 5, alpha: 0.5 } };
    const augmented = { ...config.trainingImages, augment: 'trivialaugment' };
    const others = [
      { ...config, model: pushpull },
      { ...config, trainingImages: augmented },
    ];
    for (const stored of [config, ...others]) {
      expect(parseRunConfig(JSON.parse(JSON.stringify(stored)), 'config.json')).toEqual(stored);
    }
  });

  it('tells the engine where it is not ONNX Runtime; older ones had no other', () => {
    const torch = { ...config, engine: 'torch', device: 'cuda', precision: 'bfloat16', tf32: true };
    expect(parseRunConfig(torch, 'config.json')).toEqual(torch);
    expect(parseRunConfig(config, 'config.json')).not.toHaveProperty('engine');
  });

  it.each([
    [null, /^config\.json: expected the schema 'pushpull\.run\/1', found none/],
    [{ ...config, schema: 'pushpull.run/2' }, /found "pushpull\.run\/2".*another version/],
    [{ ...config, seed: -1 }, /^config\.json: the entry 'seed' is wrong/],
    [{ ...config, recipe: { ...config.recipe, batchSize: 0 } }, /the entry 'recipe\.batchSize' is wrong/],
    [
      { ...config, model: { ...config.model, stem: { kind: 'pushpull', avg: 4, alpha: 1 } } },
      /'model\.stem\.avg' is wrong/,
    ],
    [
      { ...config, trainingImages: { ...config.trainingImages, augment: 'cutout' } },
      /'trainingImages\.augment' is wrong/,
    ],
    [{ ...config, extra: 1 }, /Unrecognized key/],
    [{ ...config, engine: 'jax' }, /the entry 'engine' is wrong/],
    [{ ...config, precision: 'float16' }, /the entry 'precision' is wrong/],
  ])('that is wrong is refused by name (%#)', (value, message) => {
    expect(() => parseRunConfig(value, 'config.json')).toThrow(UserError);
    expect(() => parseRunConfig(value, 'config.json')).toThrow(message);
  });
});
