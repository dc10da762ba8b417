import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CorruptionName, corrupt, type Severity } from '../../src/corrupt/index.ts';
import { openDataset } from '../../src/data/dataset.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { isAnswered } from '../../src/evaluate/grid/answers.ts';
import type { EvaluateOptions, EvaluationEvent } from '../../src/evaluate/options.ts';
import {
  errorOf,
  measuredCells,
  predictionsPath,
  readPredictions,
} from '../../src/evaluate/result/predictions.ts';
import { readResult } from '../../src/evaluate/result/result.ts';
import type { Result } from '../../src/evaluate/result/schema.ts';
import type { Image } from '../../src/image/image.ts';
import { COLOURS, colourModel, writeColours } from './colours.ts';
import { tinyModel } from './tiny-model.ts';

const CORRUPTIONS: CorruptionName[] = ['gaussian_noise', 'contrast', 'jpeg_compression'];
const SEVERITIES: Severity[] = [1, 5];
const PER_CLASS = 8;

let folder: string;
let defaults: EvaluateOptions;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-evaluate-'));
  const model = path.join(folder, 'colours.onnx');
  await writeFile(model, colourModel());
  await writeColours(path.join(folder, 'colours'), PER_CLASS);
  defaults = {
    model,
    data: path.join(folder, 'colours'),
    corruptions: CORRUPTIONS,
    severities: SEVERITIES,
    batchSize: 5,
    threads: 1,
    // In the test's own thread; threads are tested where they matter.
    workers: 0,
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
  };
});
afterAll(() => rm(folder, { recursive: true }));

const run = (options: Partial<EvaluateOptions> = {}) => evaluate({ ...defaults, ...options });

/** The file's text without what depends on the clock. */
async function timeless(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).replace(/"(date|seconds)": [^\n]*/g, '"$1"');
}

/** Ends an evaluation after so many cells. */
async function stopAfter(cells: number, options: Partial<EvaluateOptions>): Promise<void> {
  const abort = new AbortController();
  let seen = 0;
  const onEvent = ({ kind }: EvaluationEvent) => {
    if (kind === 'cell' && ++seen === cells) abort.abort();
  };
  await expect(run({ ...options, signal: abort.signal, onEvent })).rejects.toThrow(/abort/i);
}

describe('evaluate', () => {
  let whole: Result;
  let wholeFile: string;
  beforeAll(async () => {
    wholeFile = path.join(folder, 'whole.json');
    whole = await run({ out: wholeFile });
  });

  it('measures clean data and every cell, with the number of images behind each', async () => {
    expect(whole).toMatchObject({
      complete: true,
      model: { name: 'colours', variant: 'onnx', parameters: 9 },
      data: { images: 24, classes: 3, corruptionSet: 'cifar', seed: 0, limit: null, split: 'test' },
      clean: { top5: 0, images: 24 },
      images: { contrast: [24, null, null, null, 24] },
    });
    expect(Object.keys(whole.errors)).toEqual(CORRUPTIONS);
    expect(await readResult(wholeFile)).toEqual(JSON.parse(JSON.stringify(whole)));
  });

  it('counts what a calculation without loader and network counts', async () => {
    const dataset = await openDataset(defaults.data, 'test');
    const expected = async (change: (image: Image, index: number) => Image) => {
      let wrong = 0;
      for (let index = 0; index < dataset.length; index++) {
        const { data } = change(await dataset.read(index), index);
        const sums = [0, 0, 0];
        for (let at = 0; at < data.length; at++) sums[2 - (at % 3)] += data[at];
        if (sums.indexOf(Math.max(...sums)) !== dataset.label(index)) wrong++;
      }
      return wrong / dataset.length;
    };
    expect(whole.clean!.top1).toBe(await expected((image) => image));
    expect(whole.clean!.top1).toBeGreaterThan(0);
    for (const corruption of CORRUPTIONS) {
      for (const severity of SEVERITIES) {
        const options = { corruption, severity, set: 'cifar' as const, seed: 0 };
        const error = await expected((image, index) => corrupt(image, { ...options, index }));
        expect(whole.errors[corruption][severity - 1]).toBe(error);
      }
    }
    await dataset.close();
  });

  it('gives the same figures for any number of workers and any batch size', async () => {
    const one = await run({ workers: 2, batchSize: 7 });
    expect(one.errors).toEqual(whole.errors);
    expect(one.clean).toEqual(whole.clean);
  });

  it('depends on the seed', async () => {
    const noises: CorruptionName[] = ['gaussian_noise', 'shot_noise', 'impulse_noise', 'speckle_noise'];
    const [zero, again, one] = [0, 0, 1].map((seed) => run({ seed, corruptions: noises }));
    expect((await again).errors).toEqual((await zero).errors);
    expect((await one).errors).not.toEqual((await zero).errors);
    expect((await one).clean).toEqual((await zero).clean);
  });

  it('continues where it was stopped, to the same file apart from times', async () => {
    const out = path.join(folder, 'parts.json');
    await stopAfter(1, { out });
    expect(await readResult(out)).toMatchObject({ complete: false, errors: {} });
    await stopAfter(3, { out });
    const events: EvaluationEvent[] = [];
    await run({ out, onEvent: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ kind: 'start', cells: 7, finished: 4 });
    expect(events.filter(({ kind }) => kind === 'cell')).toHaveLength(3);
    expect(await timeless(out)).toBe(await timeless(wholeFile));
  });

  it('measures nothing twice', async () => {
    const events: string[] = [];
    await run({ out: wholeFile, onEvent: ({ kind }) => events.push(kind) });
    expect(events).toEqual(['start']);
  });

  describe('predictions', () => {
    it('are kept of every image and cell, the same in one go and in parts', async () => {
      const predictions = (await readPredictions(wholeFile))!;
      expect(predictions).toMatchObject({ images: 24, classes: ['blue', 'green', 'red'] });
      for (const corruption of CORRUPTIONS) {
        for (const severity of SEVERITIES) {
          const answers = predictions.cell({ corruption, severity })!;
          const { top1 } = errorOf(predictions.labels, answers);
          expect(top1).toBe(whole.errors[corruption][severity - 1]);
        }
      }
      const out = path.join(folder, 'predicted.json');
      await stopAfter(3, { out });
      await run({ out });
      expect(await readFile(predictionsPath(out))).toEqual(await readFile(predictionsPath(wholeFile)));
    });

    it('are left out on demand; measured later where that is asked for, else missed in a note', async () => {
      const out = path.join(folder, 'without.json');
      await stopAfter(3, { out, predictions: false });
      await expect(readFile(predictionsPath(out))).rejects.toThrow(/ENOENT/);
      const noted = await run({ out });
      expect(noted.notes).toContain(
        'no intervals, calibration and paired tests: 3 of 3 cells were measured without keeping the answers to single ' +
          'images; --predictions measures those again',
      );
      const events: EvaluationEvent[] = [];
      const again = await run({ out, predictions: true, onEvent: (event) => events.push(event) });
      expect(events[0]).toMatchObject({ kind: 'start', cells: 7, finished: 4 });
      expect(again).toMatchObject({ errors: whole.errors, clean: whole.clean });
      expect(again.notes).toEqual(whole.notes);
      expect(again.intervals).toEqual(whole.intervals);
      expect(noted.intervals).toBeUndefined();
      const [now, wanted] = [(await readPredictions(out))!, (await readPredictions(wholeFile))!];
      for (const cell of measuredCells(whole)) expect(now.cell(cell)).toEqual(wanted.cell(cell));
    });

    it('of another evaluation are written over, which the result says', async () => {
      const out = path.join(folder, 'strange.json');
      await stopAfter(2, { out });
      await run({ out: path.join(folder, 'seeded.json'), seed: 3, corruptions: ['gaussian_noise'] });
      await cp(predictionsPath(path.join(folder, 'seeded.json')), predictionsPath(out));
      const { notes } = await run({ out });
      expect(
        notes.find((note) => /predictions of an earlier part were not used: .*strange/.test(note)),
      ).toBeDefined();
      const found = (await readPredictions(out))!;
      expect(found.cell('clean')).toBeUndefined();
      expect(found.cell({ corruption: 'contrast', severity: 1 })).toBeDefined();
    });
  });

  it('compares with a baseline on the same cells', async () => {
    const out = path.join(folder, 'compared.json');
    const result = await run({ out, baseline: wholeFile });
    expect(result.baseline).toMatchObject({ file: wholeFile, clean: whole.clean, errors: whole.errors });
    expect(result.metrics['partial.baseline']).toBe(1);
    expect(result.intervals!['partial.baseline']).toEqual([1, 1]);
    expect(result.intervals!['partial.error']).toEqual(whole.intervals!['partial.error']);
    const nothing = { difference: 0, interval: [0, 0], p: 1, images: 24 };
    expect(result.significance).toMatchObject({
      clean: { ...nothing, onlyThis: 0, onlyBaseline: 0 },
      corrupted: { ...nothing, metric: 'partial.error' },
      ce: {},
      partial: Object.fromEntries(CORRUPTIONS.map((name) => [name, { ...nothing, holm: 1 }])),
    });
  });

  it('says why there are no paired tests where the answers of the baseline are not there', async () => {
    const alone = path.join(folder, 'alone.json');
    await cp(wholeFile, alone);
    const result = await run({ baseline: alone, corruptions: [] });
    expect(result.significance).toBeUndefined();
    expect(result.notes).toContain(
      `no interval of mce.baseline and no paired tests: ${alone} has no predictions beside it; measure it again with --predictions`,
    );
  });

  it('finds preprocessing and the order of classes in the card of a model', async () => {
    const model = path.join(folder, 'carded.onnx');
    const card = {
      schema: 'pushpull.model/1',
      model: { name: 'colournet', variant: 'baseline', parameters: 3 },
      classes: ['red', 'green', 'blue'],
      preprocessing: {
        width: 16,
        height: 16,
        layout: 'NCHW',
        dtype: 'float32',
        mean: [0.5, 0.5, 0.5],
        std: [0.25, 0.25, 0.25],
        resize: null,
      },
    };
    const metadata = { pushpull: JSON.stringify(card) };
    await writeFile(model, tinyModel({ input: ['N', 3, 16, 16], metadata }));
    const result = await run({ model, preprocessing: undefined, corruptions: [] });
    expect(result.model).toMatchObject({ name: 'colournet', variant: 'baseline', parameters: 3 });
    expect(result.data.preprocessing).toEqual(card.preprocessing);
    expect(result.clean).toEqual(whole.clean);
    card.classes[0] = 'rot';
    await writeFile(
      model,
      tinyModel({ metadata: { pushpull: JSON.stringify(card) }, input: ['N', 3, 16, 16] }),
    );
    await expect(run({ model, preprocessing: undefined })).rejects.toThrow(
      /carded.onnx \(the model's card\): expected an output for each of the data's 3 classes, found none for 1 \(red\); 2 match. The outputs are called rot, green, blue: pass --labels/,
    );
  });

  it('takes the usual short side and centre crop where nothing tells of images of other sizes, and says so', async () => {
    const data = path.join(folder, 'photos');
    await writeColours(data, 2, { width: 24, height: 20 });
    const told: EvaluationEvent[] = [];
    const onEvent = (event: EvaluationEvent) => event.kind === 'start' && told.push(event);
    const result = await run({ data, corruptions: ['contrast'], onEvent });
    const assumed =
      "pictures come to the model's size 16×16 as is usual, for nothing tells how: " +
      'short side to 18 (bilinear), centre cropped; --resize 18 says the same, --resize or --fit says otherwise';
    expect(told).toMatchObject([{ data: { assumedGeometry: assumed } }]);
    expect(result).toMatchObject({
      clean: { images: 6 },
      data: { preprocessing: { resize: 18, width: 16 }, assumedGeometry: assumed },
    });
    expect(result.notes[0]).toBe(`assumed: ${assumed}`);
    const preprocessing = { ...defaults.preprocessing, resize: 18 };
    const asked = await run({ data, preprocessing, corruptions: ['contrast'] });
    expect(asked.data).not.toHaveProperty('assumedGeometry');
    expect(asked.errors).toEqual(result.errors);
  });

  describe('refuses', () => {
    it('to continue another evaluation', async () => {
      await expect(run({ out: wholeFile, seed: 5 })).rejects.toThrow(
        /--out .*whole.json: holds another evaluation: --seed 0 there, 5 here; choose another --out/,
      );
    });

    it('to overwrite what is no result', async () => {
      const out = path.join(folder, 'notes.txt');
      await writeFile(out, 'my notes');
      await expect(run({ out })).rejects.toThrow(/--out would overwrite a file that is no result/);
      expect(await readFile(out, 'utf8')).toBe('my notes');
    });

    it('a baseline with other options, or without what is asked for', async () => {
      await expect(run({ baseline: wholeFile, limit: 6 })).rejects.toThrow(/--limit null there, 6 here/);
      await expect(run({ baseline: wholeFile, corruptions: ['fog'] })).rejects.toThrow(
        /--baseline .*: expected the errors of all that is measured here, fog at severity 1, fog at severity 5 are missing/,
      );
      await expect(run({ baseline: wholeFile, out: wholeFile })).rejects.toThrow(
        /is the baseline's file as well/,
      );
    });

    it('images of another size where they are told to have that of the model', async () => {
      const data = path.join(folder, 'larger');
      await writeColours(data, 2, { width: 24, height: 20 });
      const preprocessing = { ...defaults.preprocessing, fit: 'none' as const };
      await expect(run({ data, preprocessing })).rejects.toThrow(
        /000.png: expected an image of the model's input size 16×16, found 24×20; pass --resize 16/,
      );
    });

    it('an image that cannot be read, unless it may be skipped', async () => {
      const data = path.join(folder, 'damaged');
      await cp(path.join(folder, 'colours'), data, { recursive: true });
      const file = path.join(data, 'test', COLOURS[1], '003.png');
      await writeFile(file, (await readFile(file)).subarray(0, 100));
      const out = path.join(folder, 'damaged.json');
      await expect(run({ data, out })).rejects.toThrow(/003.png/);
      await expect(readFile(out)).rejects.toThrow(/ENOENT/);
      const told: EvaluationEvent[] = [];
      const onEvent = (event: EvaluationEvent) => event.kind === 'badImages' && told.push(event);
      const result = await run({ data, out, skipBad: true, corruptions: ['contrast'], onEvent });
      const list = path.join(folder, 'damaged.bad-images.tsv');
      const bad = { path: file, reason: 'its PNG data ends too early' };
      expect(told).toEqual([{ kind: 'badImages', images: [bad], file: list }]);
      expect(await readFile(list, 'utf8')).toBe(`path\treason\n${bad.path}\t${bad.reason}\n`);
      await expect(run({ data, skipBad: true, maxBad: { images: 0 } })).rejects.toThrow(
        /expected at most 0 of 24 images that cannot be read \(--max-bad\), found 1: .*003.png \(its PNG data/,
      );
      expect(result).toMatchObject({ data: { images: 24 }, clean: { images: 23 } });
      expect(result.images.contrast).toEqual([23, null, null, null, 23]);
      expect(result.notes[0]).toBe('1 of 24 images could not be read and were left out');
      const answers = (await readPredictions(out))!.cell({ corruption: 'contrast', severity: 5 })!;
      const unread = [...Array(24).keys()].filter((image) => !isAnswered(answers, image));
      // The fourth of the second class.
      expect(unread).toEqual([PER_CLASS + 3]);
      expect(answers.predicted[unread[0]!]).toBe(-1);
      expect(result.intervals!['error.clean']).toBeDefined();
    });
  });
});
