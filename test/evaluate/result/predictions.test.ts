import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answers } from '../../../src/evaluate/grid/answers.ts';
import type { Cell } from '../../../src/evaluate/grid/grid.ts';
import {
  errorOf,
  PredictionsRecord,
  predictionsPath,
  readPredictions,
} from '../../../src/evaluate/result/predictions.ts';
import { formatResult } from '../../../src/evaluate/result/result.ts';
import type { Result } from '../../../src/evaluate/result/schema.ts';
import { readSafetensors } from '../../../src/tensor-files/safetensors.ts';
import { exampleResult } from '../results.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-predictions-'));
});
afterAll(() => rm(folder, { recursive: true }));

const FOG: Cell = { corruption: 'fog', severity: 3 };
const CLASSES = ['a', 'b', 'c'];
const LABELS = Int32Array.of(0, 1, 2, 0);
const NONE = Number.NaN;

const answers = (predicted: number[], confidence: number[]): Answers => ({
  predicted: Int32Array.from(predicted),
  confidence: Float32Array.from(confidence),
});
const CLEAN = answers([0, 1, -1, 2], [0.9, 0.5, 0.25, 0.75]);
const FOGGY = answers([0, 0, -1, -1], [0.9, 0.5, 0.125, NONE]);

function resultOf(changes: Partial<Result> = {}): Result {
  return {
    ...exampleResult({ images: 4 }),
    clean: { top1: 2 / 4, top5: 0, images: 4 },
    errors: { fog: [null, null, 2 / 3, null, null] },
    images: { fog: [null, null, 3, null, null] },
    ...changes,
  };
}

/** Writes predictions and result, and returns the result's file. */
async function written(name: string, record: PredictionsRecord, result = resultOf()): Promise<string> {
  const file = path.join(folder, name);
  await record.save(file, result);
  await writeFile(file, formatResult(result));
  return file;
}

function both(cleanLabels?: Int32Array): PredictionsRecord {
  const record = new PredictionsRecord({ classes: CLASSES, labels: LABELS, cleanLabels });
  record.add('clean', CLEAN);
  record.add(FOG, FOGGY);
  return record;
}

describe('predictions', () => {
  it('come back as they were written, beside their result', async () => {
    const file = await written('both.json', both());
    expect(predictionsPath(file)).toBe(path.join(folder, 'both.predictions.safetensors'));
    const found = (await readPredictions(file))!;
    expect(found).toMatchObject({ images: 4, classes: CLASSES, labels: LABELS });
    expect(found.cleanLabels).toBe(found.labels);
    expect(found.cell('clean')).toEqual(CLEAN);
    expect(found.cell(FOG)).toEqual(FOGGY);
    expect(found.cell({ corruption: 'fog', severity: 1 })).toBeUndefined();
  });

  it.each([
    [10, 1],
    [128, 1],
    [129, 2],
    [1000, 2],
    [32_769, 4],
  ])('take for %i classes %i bytes a label', async (count, bytes) => {
    const classes = Array.from({ length: count }, (_, index) => `class ${index}`);
    const record = new PredictionsRecord({ classes, labels: Int32Array.of(count - 1, 0) });
    record.add('clean', answers([-1, count - 1], [0.5, 0.5]));
    const [result, name] = [
      resultOf({ clean: { top1: 1, top5: 1, images: 2 }, errors: {} }),
      `${count}.json`,
    ];
    const found = (await readPredictions(await written(name, record, result)))!;
    expect([...found.labels, ...found.cell('clean')!.predicted]).toEqual([count - 1, 0, -1, count - 1]);
    const stored = await readFile(predictionsPath(path.join(folder, name)));
    const header = JSON.parse(stored.subarray(8, 8 + Number(stored.readBigUInt64LE(0))).toString());
    expect(header['clean.predicted'].data_offsets[1] - header['clean.predicted'].data_offsets[0]).toBe(
      2 * bytes,
    );
  });

  it('hold labels of their own for clean images that are others', async () => {
    const record = new PredictionsRecord({
      classes: CLASSES,
      labels: LABELS,
      cleanLabels: Int32Array.of(2, 1),
    });
    record.add('clean', answers([2, 0], [0.5, 0.5]));
    record.add(FOG, FOGGY);
    const clean = { top1: 1 / 2, top5: 0, images: 2 };
    const found = (await readPredictions(await written('other.json', record, resultOf({ clean }))))!;
    expect([...found.cleanLabels]).toEqual([2, 1]);
    expect(found.images).toBe(4);
    expect(() => record.add(FOG, answers([1], [0.5]))).toThrow(/expected the answers to 4 images, found 1/);
  });

  it('take equal labels of clean images for the same images', () => {
    const record = both(Int32Array.from(LABELS));
    expect(record.cleanLabels).toBe(record.labels);
  });

  it('leave out what the result does not have yet', async () => {
    const file = await written('ahead.json', both(), resultOf({ errors: {}, images: {} }));
    const found = (await readPredictions(file))!;
    expect(found.cell('clean')).toEqual(CLEAN);
    expect(found.cell(FOG)).toBeUndefined();
  });

  it('are undefined where there are none', async () => {
    expect(await readPredictions(path.join(folder, 'nothing.json'))).toBeUndefined();
  });

  it('give the error rate over the images that were read', () => {
    expect(errorOf(LABELS, FOGGY)).toEqual({ top1: 2 / 3, images: 3 });
  });

  describe('are refused', () => {
    const model = { ...exampleResult().model, sha256: 'b'.repeat(64) };
    it.each<[string, (good: Result) => Result, RegExp]>([
      [
        'of another model',
        (good) => ({ ...good, model }),
        /found those of another evaluation \(another model\)/,
      ],
      [
        'of other images',
        (good) => ({ ...good, data: { ...good.data, fingerprint: 'other' } }),
        /\(other images\); delete it, or evaluate the model again/,
      ],
      [
        'with other errors',
        (good) => ({ ...good, errors: { fog: [null, null, 1 / 3, null, null] } }),
        /answers with other errors on fog 3/,
      ],
      [
        'with answers to fewer images',
        (good) => ({ ...good, clean: { ...good.clean!, images: 8 } }),
        /answers with other errors on clean/,
      ],
    ])('%s', async (name, change, message) => {
      const file = await written(`${name}.json`, both());
      await writeFile(file, formatResult(change(resultOf())));
      await expect(readPredictions(file)).rejects.toThrow(message);
      await expect(readPredictions(file)).rejects.toMatchObject({ name: 'UserError' });
    });

    it('cut off, without an entry, or of another version', async () => {
      const file = await written('damaged.json', both());
      const stored = predictionsPath(file);
      const bytes = await readFile(stored);
      const refused = async (content: Uint8Array, message: RegExp) => {
        await writeFile(stored, content);
        await expect(readPredictions(file)).rejects.toThrow(message);
      };
      await refused(bytes.subarray(0, bytes.length - 1), /damaged.predictions.safetensors: .* cut off/);
      const replaced = (from: string, to: string) =>
        Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1');
      await refused(
        replaced('predictions/1', 'predictions/2'),
        /expected predictions with schema .*found "pushpull.predictions\/2"/,
      );
      await refused(replaced('fog.3.predicted', 'fog.3.predicteD'), /its entry 'fog.3.predicted' is missing/);
      await refused(replaced('"labels"', '"lapels"'), /its entry 'labels' is missing/);
      await refused(replaced('[\\"a', '{\\"a'), /its entry 'classes' is missing or has another form/);
    });
  });

  it('are a file that any reader of safetensors understands', async () => {
    const file = await written('plain.json', both());
    const { tensors, metadata } = await readSafetensors(predictionsPath(file));
    expect([...tensors.keys()].sort()).toEqual([
      'clean.confidence',
      'clean.predicted',
      'fog.3.confidence',
      'fog.3.predicted',
      'labels',
    ]);
    expect(metadata).toMatchObject({
      schema: 'pushpull.predictions/1',
      model: 'a'.repeat(64),
      data: 'f'.repeat(64),
    });
  });
});
