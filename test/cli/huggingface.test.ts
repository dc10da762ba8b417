import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CARD_SCHEMA, type ModelCard, readModelCard } from '../../src/models/card.ts';
import { huggingFaceConfig, huggingFaceProcessor, huggingFaceReadme } from '../../src/models/huggingface.ts';
import { createModel } from '../../src/models/registry.ts';
import { decodeModel } from '../../src/onnx/model.ts';
import { encodeWeights } from '../../src/weights/save.ts';
import { inProcess, writePictures } from './command.ts';

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
const json = (...names: string[]) => JSON.parse(readFileSync(at(...names), 'utf8'));

const config = {
  model: 'resnet18',
  form: 'cifar',
  width: 2,
  classes: 3,
  stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' },
} as const;
const card: ModelCard = {
  schema: CARD_SCHEMA,
  model: { ...config, name: 'resnet18', variant: 'push-pull avg3', parameters: 1 },
  classes: ['blue', 'green', 'red'],
  preprocessing: {
    ...{ width: 32, height: 32, layout: 'NCHW', dtype: 'float32', resize: null },
    ...{ mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] },
  },
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-huggingface-'));
  const model = createModel(config, 3);
  writeFileSync(at('weights.safetensors'), encodeWeights(model, model.parameters, card).bytes);
  await writePictures(at('pictures'), { train: 0, test: 3 });
  await inProcess('export', '--weights', at('weights.safetensors'), '--out', at('model.onnx'));
  await inProcess(
    'export',
    '--weights',
    at('weights.safetensors'),
    '--to',
    'huggingface',
    '--out',
    at('hub'),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('pushpull export --to huggingface', () => {
  it('writes what transformers.js and optimum look for', () => {
    expect(json('hub', 'config.json')).toMatchObject({
      architectures: ['ResNetForImageClassification'],
      model_type: 'resnet',
      id2label: { 0: 'blue', 1: 'green', 2: 'red' },
      label2id: { blue: 0, green: 1, red: 2 },
      image_size: 32,
      num_channels: 3,
    });
    expect(json('hub', 'preprocessor_config.json')).toMatchObject({
      do_resize: false,
      do_center_crop: false,
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: [0.4, 0.5, 0.6],
      image_std: [0.2, 0.25, 0.3],
    });
    const bytes = readFileSync(at('hub', 'onnx', 'model.onnx'));
    const { graph } = decodeModel(bytes, 'model.onnx');
    expect(graph.input.map(({ name }) => name)).toEqual(['pixel_values']);
    expect(graph.output.map(({ name }) => name)).toEqual(['logits']);
    expect(readModelCard(bytes)).toEqual(readModelCard(readFileSync(at('model.onnx'))));
    expect(readFileSync(at('hub', 'README.md'), 'utf8')).toMatch(
      /^---\npipeline_tag: image-classification\n[\s\S]*# hub\n/,
    );
  });

  it('is read back by evaluate with the same figures', async () => {
    const words = [
      '--data',
      at('pictures'),
      '--corruptions',
      'fog',
      '--severities',
      '1',
      '--threads',
      '1',
      '--workers',
      '1',
    ];
    for (const name of ['hub', 'model.onnx']) {
      await inProcess('evaluate', at(name), ...words, '--out', at(`${name}.json`));
    }
    const [hub, file] = [json('hub.json'), json('model.onnx.json')];
    expect(hub.metrics).toEqual(file.metrics);
    expect(hub.preprocessing).toEqual(file.preprocessing);
    // What comes before the values names the file of the model.
    const answers = (name: string) => {
      const bytes = readFileSync(at(`${name}.predictions.safetensors`));
      return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
    };
    expect(answers('hub').length).toBeGreaterThan(0);
    expect(answers('hub').equals(answers('model.onnx'))).toBe(true);
  });

  it('replaces its own folder and no other', async () => {
    const words = ['export', '--weights', at('weights.safetensors'), '--to', 'huggingface', '--out'];
    await inProcess(...words, at('hub'));
    await expect(inProcess(...words, at('pictures'))).rejects.toThrow(
      /pictures: expected a new or empty folder, or one that `pushpull export --to huggingface` wrote, found one with test/,
    );
    expect(existsSync(at('pictures', 'config.json'))).toBe(false);
  });

  it('tells resize, crop and filter, and refuses what the processor cannot say', () => {
    const preprocessing = {
      ...card.preprocessing,
      width: 224,
      height: 224,
      resize: 256,
      resample: 'bicubic',
    } as const;
    expect(huggingFaceProcessor(preprocessing)).toMatchObject({
      do_resize: true,
      size: { shortest_edge: 256 },
      resample: 3,
      do_center_crop: true,
      crop_size: { height: 224, width: 224 },
    });
    // Bilinear is what our cards leave out; left out of a processor's it would be bicubic.
    expect(huggingFaceProcessor({ ...preprocessing, resample: undefined })).toMatchObject({ resample: 2 });
    expect(() => huggingFaceProcessor({ ...preprocessing, fit: 'pad' })).toThrow(/found "fit": "pad"/);
    expect(() => huggingFaceProcessor({ ...preprocessing, channels: 'bgr' })).toThrow(
      /found "channels": "bgr"/,
    );
  });

  it('has placeholders for unknown names, and a card that no name of a class breaks', () => {
    expect(huggingFaceConfig({ ...card, classes: [] }).id2label).toEqual({
      0: 'LABEL_0',
      1: 'LABEL_1',
      2: 'LABEL_2',
    });
    const text = huggingFaceReadme({ ...card, classes: ['a|b', 'c\nd', '<script>'] }, 'x', {
      data: '10 images of cats',
      rows: [['clean error', 0.25]],
    });
    expect(text).toContain('a\\|b, c d, \\<script\\>');
    expect(text).toContain('| clean error | 0.2500 |');
  });
});
