import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { declaredPreprocessing } from '../../../src/evaluate/model/declared-preprocessing.ts';
import { previewModel } from '../../../src/evaluate/subject.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/evaluate', import.meta.url));
const IMAGENET = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-declared-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, value: unknown) => writeFile(path.join(folder, name), JSON.stringify(value));
const declared = async (name: string, value: unknown) => {
  await write(name, value);
  return await declaredPreprocessing(path.join(folder, 'onnx', 'model.onnx'));
};

describe('declaredPreprocessing', () => {
  it("reads HuggingFace's resize and crop", async () => {
    const found = await declared('preprocessor_config.json', {
      ...{ do_resize: true, size: { shortest_edge: 256 }, resample: 2 },
      ...{ do_center_crop: true, crop_size: { height: 224, width: 224 }, ...IMAGENET },
    });
    expect(found).toMatchObject({
      known: {
        ...{ width: 224, height: 224, resize: 256, resample: 'bilinear', cropRounding: 'down' },
        ...{ mean: IMAGENET.image_mean, std: IMAGENET.image_std },
      },
      source: path.join(folder, 'preprocessor_config.json'),
      ...{ notes: [], gaps: [] },
    });
  });

  it.each([
    // Pixels times 1/127.5, less 1: values in [-1, 1].
    [{ rescale_factor: 1 / 127.5, image_mean: [1, 1, 1], image_std: [1, 1, 1] }, 0.5, 0.5],
    // Pixels as they are, less 127.5.
    [{ do_rescale: false, image_mean: [127.5, 127.5, 127.5], image_std: [51, 51, 51] }, 0.5, 0.2],
    [{ do_normalize: false }, 0, 1],
    [{ do_normalize: false, do_rescale: false }, 0, 1 / 255],
  ])('brings means to values in [0, 1]: %j', async (config, mean, std) => {
    const { known } = (await declared('preprocessor_config.json', config))!;
    for (const channel of [0, 1, 2]) {
      expect(known.mean![channel]).toBeCloseTo(mean, 12);
      expect(known.std![channel]).toBeCloseTo(std, 12);
    }
  });

  it("reads timm's configuration", async () => {
    const config = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], input_size: [3, 224, 224] };
    const found = await declared('config.json', {
      pretrained_cfg: { ...config, crop_pct: 0.875, interpolation: 'bicubic' },
    });
    expect(found).toMatchObject({
      known: {
        ...{ mean: config.mean, std: config.std, width: 224, height: 224, resize: 256, resample: 'bicubic' },
      },
      source: `${path.join(folder, 'config.json')} (timm)`,
      ...{ notes: [], gaps: [] },
    });
  });

  it('passes over what is none', async () => {
    expect(await declared('config.json', { model_type: 'resnet' })).toBeUndefined();
    expect(await declared('processor_config.json', { processor_class: 'CLIPProcessor' })).toBeUndefined();
    expect(await declaredPreprocessing(path.join(folder, 'other', 'model.onnx'))).toBeUndefined();
  });

  it('makes options unnecessary', async () => {
    await cp(path.join(FIXTURES, 'models/huggingface'), folder, { recursive: true });
    await write('preprocessor_config.json', { ...IMAGENET, do_resize: false });
    const { model, answers } = await previewModel({
      model: path.join(folder, 'onnx/model.onnx'),
      data: path.join(FIXTURES, 'images'),
      threads: 1,
    });
    const cases = JSON.parse(await readFile(path.join(FIXTURES, 'models.json'), 'utf8')) as {
      model: string;
      predicted: number[];
    }[];
    const ids = [...new Set(answers.map(({ label }) => label))];
    const { predicted } = cases.find((each) => each.model.startsWith('huggingface'))!;
    expect(answers.map((answer) => ids.indexOf(answer.predicted!))).toEqual(predicted);
    // The class is that of the type of model in config.json.
    const source = `${path.join(folder, 'preprocessor_config.json')} (ConvNextImageProcessor)`;
    expect(model.reading.input.declared).toBe(source);
  });
});
