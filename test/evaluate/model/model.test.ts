import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnnxEngine } from '../../../src/engine/engine.ts';
import { createEngine } from '../../../src/engine/node/index.ts';
import { openModel, readModelFile } from '../../../src/evaluate/model/model.ts';
import type { PreprocessingFlags } from '../../../src/evaluate/model/preprocessing.ts';
import { CARD_KEY, CARD_SCHEMA } from '../../../src/models/card.ts';
import { howTrained } from '../../../src/run/history.ts';
import { syntheticRun } from '../../report/synthetic.ts';
import { type TinyModelOptions, tinyModel } from '../tiny-model.ts';

let engine: OnnxEngine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 });
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-model-'));
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

const RAW: PreprocessingFlags = { mean: [0, 0, 0], std: [1, 1, 1] };

async function load(bytes: Uint8Array, flags: PreprocessingFlags = RAW, classes = 3) {
  const file = path.join(folder, 'tiny.onnx');
  await writeFile(file, bytes);
  const opened = await openModel(engine, await readModelFile(file, flags.labels), flags);
  try {
    const names = Array.from({ length: classes }, (_, label) => `class ${label}`);
    return { ...(await opened.classifier(names)), close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

const tiny = (options: TinyModelOptions, flags?: PreprocessingFlags, classes?: number) =>
  load(tinyModel(options), flags, classes);

/** `count` images of 8×8 whose channels are constant: image i has the values i, 10·i, 100·i. */
function constantImages(count: number, layout: 'NCHW' | 'NHWC'): Float32Array {
  const images = new Float32Array(count * 3 * 64);
  for (let index = 0; index < images.length; index++) {
    const image = Math.floor(index / 192);
    const channel = layout === 'NCHW' ? Math.floor((index % 192) / 64) : index % 3;
    images[index] = image * 10 ** channel;
  }
  return images;
}

describe('readModelFile', () => {
  const { config, epochs } = syntheticRun();
  const run = {
    ...config!,
    trainingImages: { ...config!.trainingImages, augment: 'prime-cifar10' as const },
  };
  const card = (training: object, model: object = run.model) => ({
    schema: CARD_SCHEMA,
    model: { ...model, name: 'resnet18', variant: 'baseline', parameters: 9 },
    training,
  });
  const read = async (value: object) => {
    const file = path.join(folder, 'card.onnx');
    await writeFile(file, tinyModel({ metadata: { [CARD_KEY]: JSON.stringify(value) } }));
    return (await readModelFile(file)).model;
  };

  it('tells what the card says about structure and training', async () => {
    const { config, training } = await read(card(howTrained(run, 23_460, epochs!)));
    expect(config).toEqual(run.model);
    expect(training).toMatchObject({
      recipe: run.recipe,
      augment: 'prime-cifar10',
      seed: 0,
      data: { name: 'CIFAR-10', trainImages: 50_000, limit: null },
      test: { top1: expect.closeTo(1 - 0.069, 1) },
    });
  });

  it('leaves out what a card of another version says otherwise', async () => {
    const model = await read(card({ recipe: 'as usual', seed: 1 }, { form: 'cifar' }));
    expect(model).not.toHaveProperty('config');
    expect(model).not.toHaveProperty('training');
    expect(model).toMatchObject({ name: 'resnet18', parameters: 9 });
  });
});

describe('openModel', () => {
  it.each([
    ['a free batch', ['N', 3, 8, 8], 'NCHW'],
    ['a free batch without a name', ['', 3, 8, 8], 'NCHW'],
    ['a batch fixed at one', [1, 3, 8, 8], 'NCHW'],
    ['a batch fixed at two, with a last one to fill up', [2, 3, 8, 8], 'NCHW'],
    ['a fixed batch larger than what comes', [4, 3, 8, 8], 'NCHW'],
    ['channels last', ['N', 8, 8, 3], 'NHWC'],
  ] as const)('classifies %s', async (_, input, layout) => {
    const classifier = await tiny({ input });
    expect(classifier.preprocessing).toMatchObject({ layout, width: 8, height: 8, dtype: 'float32' });
    const logits = await classifier.classify({ images: constantImages(3, layout), count: 3 });
    expect([...logits]).toEqual([0, 0, 0, 1, 10, 100, 2, 20, 200]);
    await classifier.close();
  });

  it('converts for a model whose free axes have no names', async () => {
    const classifier = await tiny(
      { input: ['', 3, '', ''], dtype: 'int32' },
      { inputSize: { width: 8, height: 8 } },
    );
    expect(classifier.model.reading.input).toMatchObject({
      dtype: 'int32',
      shape: ['', 3, '', ''],
      batch: null,
    });
    const pixels = new Uint8Array(2 * 192).map((_, at) => Math.floor(at / 64));
    expect([...(await classifier.classify({ images: pixels, count: 2 }))]).toEqual([0, 1, 2, 3, 4, 5]);
    await classifier.close();
  });

  it('classifies batches that live in shared memory', async () => {
    const classifier = await tiny({});
    const shared = new Float32Array(new SharedArrayBuffer(3 * 192 * 4));
    shared.set(constantImages(3, 'NCHW'));
    expect([...(await classifier.classify({ images: shared, count: 3 }))]).toEqual([
      0, 0, 0, 1, 10, 100, 2, 20, 200,
    ]);
    await classifier.close();
  });

  it('takes uint8 models, which normalise themselves', async () => {
    const classifier = await tiny({ dtype: 'uint8' }, {});
    expect(classifier.preprocessing).toMatchObject({ dtype: 'uint8', mean: [0, 0, 0], std: [1, 1, 1] });
    const logits = await classifier.classify({ images: new Uint8Array(192).fill(7), count: 1 });
    expect([...logits]).toEqual([7, 7, 7]);
    await classifier.close();
    await expect(tiny({ dtype: 'uint8' }, RAW)).rejects.toThrow(/normalises them itself; leave --mean/);
  });

  it('states mean and std on [0, 1], whatever scale they were given in', async () => {
    const scaled = await tiny({}, { mean: [127.5, 0, 255], std: [51, 51, 51], scale: '0-255' });
    expect(scaled.preprocessing).toMatchObject({ mean: [0.5, 0, 1], std: [0.2, 0.2, 0.2] });
    await scaled.close();
  });

  it('counts parameters and hashes the file', async () => {
    const classifier = await tiny({});
    expect(classifier.model).toMatchObject({ name: 'tiny', variant: 'onnx', parameters: 9 });
    expect(classifier.model.sha256).toMatch(/^[0-9a-f]{64}$/);
    await classifier.close();
  });

  it('takes the output with as many columns as the data has classes', async () => {
    const weight = [1, 0, 0, 1, 1, 1];
    const classifier = await tiny({ weight, features: true }, RAW, 2);
    expect(classifier.classes).toBe(2);
    await classifier.close();
    const chosen = await tiny({ weight, features: true }, { ...RAW, output: 'means' }, 3);
    expect(chosen.classes).toBe(3);
    await chosen.close();
    await expect(tiny({ features: true }, RAW, 3)).rejects.toThrow(/several outputs.*pass --output NAME/);
    await expect(tiny({}, { ...RAW, output: 'scores' })).rejects.toThrow(/--output scores: .*found logits/);
  });
});

describe('models that cannot be evaluated', () => {
  it.each<[string, TinyModelOptions, PreprocessingFlags, RegExp]>([
    ['unknown normalisation', {}, {}, /--mean and --std are missing; pass .*--mean 0.485,0.456,0.406/],
    ['half a normalisation', {}, { mean: [0, 0, 0] }, /and --std is missing/],
    ['a scale alone', {}, { scale: '0-255' }, /--mean and --std are missing/],
    ['unknown size', { input: ['N', 3, 'H', 'W'] }, RAW, /any width .*pass --input-size/],
    [
      'another size',
      {},
      { ...RAW, inputSize: { width: 9, height: 8 } },
      /width of 9, the model takes 8 only/,
    ],
    [
      'two channels',
      { input: ['N', 2, 8, 8] },
      RAW,
      /expected an image input.*found images: float32 \[N, 2, 8, 8\]/,
    ],
    ['no image', { input: ['N', 3, 8] }, RAW, /expected an image input/],
    ['text', { dtype: 'bool' }, RAW, /expected an image input/],
    ['two inputs', { extraInput: true }, RAW, /expected one input.*found 2 .*other has no default value/],
    ['ambiguous layout', { input: ['N', 3, 8, 3] }, RAW, /pass --layout NCHW \(PyTorch\)/],
    ['impossible layout', {}, { ...RAW, layout: 'NHWC' }, /--layout NHWC does not fit/],
    ['a small resize', {}, { ...RAW, resize: 7 }, /--resize: expected at least .* 8, found 7/],
  ])('%s', async (_, options, flags, message) => {
    await expect(tiny(options, flags)).rejects.toThrow(message);
  });

  it('other classes than the data', async () => {
    await expect(tiny({}, RAW, 10)).rejects.toThrow(
      /tells 3 classes apart, the data has 10 \(class 0.*; give data/,
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(), /found an empty file; give an .onnx file/],
    ['text', new TextEncoder().encode('{"a": 1}'), /found text/],
    ['an archive', new TextEncoder().encode('PK\x03\x04data'), /found a zip archive/],
    [
      'a model that was cut short',
      tinyModel().slice(0, 60),
      /expected an ONNX model, found other or damaged data/,
    ],
  ])('%s', async (_, bytes, message) => {
    await expect(load(bytes)).rejects.toThrow(message);
  });

  it('nothing there, or a folder that is no run', async () => {
    await expect(readModelFile(path.join(folder, 'none.onnx'))).rejects.toThrow(
      /none.onnx: expected an ONNX file/,
    );
    const empty = path.join(folder, 'empty');
    await mkdir(empty);
    await expect(readModelFile(empty)).rejects.toThrow(/folder without config.json/);
  });

  it('a card of another version', async () => {
    await expect(tiny({ metadata: { pushpull: '{"schema":"pushpull.model/9"}' } })).rejects.toThrow(
      /tiny.onnx: expected a model card of schema pushpull.model\/1, found pushpull.model\/9/,
    );
  });
});
