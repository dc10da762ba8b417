/** Models that want another reading than the assumed one, against what ONNX Runtime and Pillow count (make_readings.py). */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnnxEngine } from '../../../src/engine/engine.ts';
import { createEngine } from '../../../src/engine/node/index.ts';
import { examine } from '../../../src/evaluate/doubts/examine.ts';
import { answersTo, type Subject } from '../../../src/evaluate/doubts/understand.ts';
import { openTestData, type TestData } from '../../../src/evaluate/images/test-data.ts';
import { readModelFile } from '../../../src/evaluate/model/model.ts';
import type { PreprocessingFlags } from '../../../src/evaluate/model/preprocessing.ts';
import { encodeModel } from '../../../src/onnx/model.ts';
import { GraphBuilder } from '../../onnx/image-models.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/evaluate', import.meta.url));
interface Case {
  readonly model: string;
  readonly options: PreprocessingFlags;
  readonly change: { order?: string; channels?: string; scale?: string; layout?: string };
  readonly predicted: readonly string[];
  readonly right: number;
}
const cases = JSON.parse(readFileSync(path.join(FIXTURES, 'readings.json'), 'utf8')) as Case[];
const data = path.join(FIXTURES, 'readings/images');
const of = (name: string) => path.join(FIXTURES, 'readings/models', `${name}.onnx`);

let engine: OnnxEngine;
let test: TestData;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-readings-'));
  engine = await createEngine({ device: 'cpu', threads: 1 });
  test = await openTestData({ model: '', data }, undefined);
});
afterAll(async () => {
  await test.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

/** What is made of a model, and its answers to all images. */
async function read(model: string, preprocessing: PreprocessingFlags, on: TestData = test) {
  const source = await readModelFile(model, preprocessing.labels);
  const subject: Subject = { test: on, engine, source, options: { model, data, preprocessing } };
  const understood = await examine(subject);
  try {
    const { labels, predicted } = await answersTo(subject, understood, on.images('clean'));
    const { reading } = understood.classifier.model;
    return { reading, preprocessing: understood.data.preprocessing, labels, predicted };
  } finally {
    await understood.opened.close();
  }
}

describe('a reading that the sample leaves no doubt of is taken and told', () => {
  it.each(cases)('$model', async ({ model, options, change, predicted, right }) => {
    const found = await read(of(model), options);
    // Six images of each class, those of the fixture in the order of numbers.
    const expected = test.classes.flatMap((name) =>
      predicted.slice(6 * (Number(name) - 1), 6 * Number(name)),
    );
    expect(Array.from(found.predicted, (label) => test.classes[label])).toEqual(expected);
    expect(found.predicted.filter((label, image) => label === found.labels[image])).toHaveLength(right);
    const { reading, preprocessing } = found;
    expect(reading.classes.order).toBe(change.order);
    expect(preprocessing.channels).toBe(change.channels);
    expect(preprocessing.layout).toBe(change.layout ?? 'NCHW');
    expect(reading.doubts).toBeUndefined();
    const told = reading.adopted?.join() ?? '';
    for (const option of [
      change.order && `--class-order ${change.order}`,
      change.channels && '--channels bgr',
    ]) {
      expect(told).toContain(option ?? '');
    }
    if (change.scale)
      expect(told).toMatch(/--scale 0-255 says so, --scale 0-1 keeps|--scale 0-1 or 0-255 says which/);
    if (Object.keys(change).length === 0) expect(reading.adopted).toBeUndefined();
  });
});

describe('what was told is kept', () => {
  const told = (model: string, flags: Partial<PreprocessingFlags>) =>
    read(of(model), { ...cases.find((each) => each.model === model)!.options, ...flags });

  it.each([
    ['number', { classOrder: 'data' }, /no more than by chance|less than by chance/],
    ['blue-first', { channels: 'rgb' }, undefined],
    [
      'pixels',
      { scale: '0-1' },
      /with plain pixel values it is right on 5\d of them: --scale 0-255 --mean 0 --std 1/,
    ],
    [
      'normalised',
      { scale: '0-1' },
      /a mean of 123.675 is none of values in 0 to 1, as --scale 0-1 has them/,
    ],
  ] as const)('%s with %o', async (model, flags, doubt) => {
    const { reading } = await told(model, flags);
    expect(reading.adopted).toBeUndefined();
    if (doubt) expect(reading.doubts?.join('\n')).toMatch(doubt);
    else expect(reading.doubts).toBeUndefined();
  });

  it('also by the file of labels', async () => {
    const labels = path.join(folder, 'labels.txt');
    await writeFile(labels, Array.from({ length: 12 }, (_, at) => at + 1).join('\n'));
    const { reading } = await told('number', { labels });
    expect(reading).toMatchObject({ classes: { from: 'file' } });
    expect(reading).not.toHaveProperty('adopted');
    await expect(told('number', { labels, classOrder: 'number' })).rejects.toThrow(/leave one of them out/);
  });
});

/** A model of the fixtures' colours by their nearest centre, whose centres are moved: worse, but honest. */
function jittered(seed: number, spread: number): Uint8Array {
  const random = (at: number) => Math.abs(Math.sin(12.9898 * (at + 1) + 78.233 * seed) * 43758.5453) % 1;
  const text = [1, 10, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9];
  const levels = [[60, 190], [50, 120, 200], [70, 180]] as const; // biome-ignore format: by channel
  const centres = text.map((name) => {
    const at = name - 1;
    const colour = [levels[0][Math.floor(at / 6)], levels[1][Math.floor(at / 2) % 3], levels[2][at % 2]];
    return colour.map((level, channel) => (level + spread * (random(3 * at + channel) - 0.5)) / 255);
  });
  const builder = new GraphBuilder(['N', 3, 8, 8]);
  const means = builder.emit('ReduceMean', ['image'], { axes: [2, 3], keepdims: 0 });
  const weight = [0, 1, 2].flatMap((channel) => centres.map((centre) => 2 * centre[channel]));
  const products = builder.emit('MatMul', [means, builder.floats('weight', [3, 12], weight)]);
  const bias = centres.map((centre) => -centre.reduce((sum, value) => sum + value * value, 0));
  return encodeModel(builder.model([builder.emit('Add', [products, builder.floats('bias', [12], bias)])]));
}

describe('a model that is worse, but honest', () => {
  it.each([
    [1, 60],
    [2, 100],
    [3, 140],
    [4, 180],
    [5, 160],
  ])('is read as assumed (seed %i, spread %i)', async (seed, spread) => {
    const model = path.join(folder, `jittered-${seed}.onnx`);
    await writeFile(model, jittered(seed, spread));
    const { reading, labels, predicted } = await read(model, { mean: [0, 0, 0], std: [1, 1, 1] });
    const right = predicted.filter((label, image) => label === labels[image]).length;
    expect(right).toBeGreaterThan(14);
    expect(right).toBeLessThan(64);
    expect(reading.adopted).toBeUndefined();
    expect(reading.doubts).toBeUndefined();
  });
});

describe('classes that are called by numbers', () => {
  const flags = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

  it('are told to be undecided where the model is right by chance in either order', async () => {
    const model = path.join(folder, 'random.onnx');
    const builder = new GraphBuilder(['N', 3, 8, 8]);
    const means = builder.emit('ReduceMean', ['image'], { axes: [2, 3], keepdims: 0 });
    const centred = builder.emit('Sub', [means, builder.floats('half', [1], [0.5])]);
    const scores = builder.emit('MatMul', [centred, builder.floats('anything', [3, 12])]);
    await writeFile(model, encodeModel(builder.model([scores])));
    const { reading } = await read(model, flags);
    expect(reading.adopted).toBeUndefined();
    expect(reading.doubts?.join('\n')).toMatch(
      /names of the classes hold numbers.*: right on \d+ of 64 sample images by text, as it is read, on \d+ by number; --class-order/,
    );
    const told = await read(model, { ...flags, classOrder: 'data' });
    expect(told.reading.doubts?.join('\n') ?? '').not.toContain('hold numbers');
  });
});

describe('two classes', () => {
  it('stand in the other order where that alone can be', async () => {
    const two = await openTestData(
      { model: '', data, classes: { kind: 'names', names: ['1', '12'], from: 'test' } },
      undefined,
    );
    // Dark (1) and bright (12): the score of the class that the model calls positive, the first.
    const builder = new GraphBuilder(['N', 3, 8, 8]);
    const mean = builder.emit('ReduceMean', ['image'], { axes: [1, 2, 3], keepdims: 0 });
    const column = builder.emit('Reshape', [mean, builder.ints(-1, 1)]);
    const dark = builder.emit('Mul', [
      builder.emit('Sub', [builder.floats('half', [1], [0.5]), column]),
      builder.floats('s', [1], [20]),
    ]);
    const model = path.join(folder, 'positive.onnx');
    await writeFile(model, encodeModel(builder.model([builder.emit('Sigmoid', [dark])])));
    // Twelve images are too few to be certain; the doubt names the option.
    const { reading, labels, predicted } = await read(model, { mean: [0, 0, 0], std: [1, 1, 1] }, two);
    expect(reading.adopted).toBeUndefined();
    expect(reading.doubts).toEqual([
      expect.stringMatching(
        /with the output of the second class first .* 12 of 12 sample images instead of 0; --class-order reverse/,
      ),
    ]);
    expect(predicted.filter((label, image) => label === labels[image])).toHaveLength(0);
    const told = await read(model, { mean: [0, 0, 0], std: [1, 1, 1], classOrder: 'reverse' }, two);
    expect(told.predicted).toEqual(told.labels);
    expect(told.reading.doubts).toBeUndefined();
    await two.close();
  });
});

describe('a model without sense', () => {
  it('that always gives one answer is named before it is measured', async () => {
    const builder = new GraphBuilder(['N', 3, 8, 8]);
    const means = builder.emit('ReduceMean', ['image'], { axes: [2, 3], keepdims: 0 });
    const products = builder.emit('MatMul', [means, builder.floats('weight', [3, 12], new Float32Array(36))]);
    const bias = builder.floats(
      'bias',
      [12],
      Array.from({ length: 12 }, (_, at) => (at === 4 ? 1 : 0)),
    );
    const model = path.join(folder, 'constant.onnx');
    await writeFile(model, encodeModel(builder.model([builder.emit('Add', [products, bias])])));
    const { reading } = await read(model, { mean: [0, 0, 0], std: [1, 1, 1] });
    expect(reading.doubts).toContainEqual(
      expect.stringMatching(
        /^the answer to all 64 sample images is "2", 59 of them are of other classes: check --mean/,
      ),
    );
  });
});
