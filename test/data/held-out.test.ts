import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/contents.ts';
import { openDataset } from '../../src/data/dataset.ts';
import { DataLoader, LoaderPool } from '../../src/data/loader/loader.ts';
import { holdOut } from '../../src/data/subset.ts';
import { UserError } from '../../src/errors.ts';
import { imageFolder, writeFolder, writeTar } from './archives.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'held-out-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const FRACTION = 0.25;

/** Both sides of a data set's training images. */
async function openSides(spec: string, options: { limit?: number; seed?: number } = {}): Promise<Dataset[]> {
  return await Promise.all(
    (['training', 'validation'] as const).map((side) =>
      openDataset(spec, 'train', { heldOut: { fraction: FRACTION, side }, ...options }),
    ),
  );
}

/** The images of a data set, as messages name them. */
const paths = (dataset: Dataset) => Array.from({ length: dataset.length }, (_, i) => dataset.describe(i));

function counts(dataset: Dataset): number[] {
  const numbers = dataset.classes.map(() => 0);
  for (let i = 0; i < dataset.length; i++) numbers[dataset.label(i)]++;
  return numbers;
}

describe('holdOut', () => {
  it('parts all images into two disjoint sides and keeps the share of every class', () => {
    const cases = fc.record({
      sizes: fc.array(fc.integer({ min: 4, max: 60 }), { minLength: 1, maxLength: 6 }),
      fraction: fc.double({ min: 0.15, max: 0.7, noNaN: true }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ sizes, fraction, seed }) => {
        // Labels in turn, as long as a class has images left: no class lies in one piece.
        const labels = Int32Array.from(
          sizes
            .flatMap((size, label) => Array.from({ length: size }, (_, turn) => ({ label, turn })))
            .sort((a, b) => a.turn - b.turn),
          ({ label }) => label,
        );
        const { training, validation } = holdOut(labels, sizes.length, fraction, seed);
        expect([...training, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()]);
        expect(validation.length).toBe(Math.round(labels.length * fraction));
        for (const side of [training, validation]) expect([...side]).toEqual([...side].sort((a, b) => a - b));
        for (const [label, size] of sizes.entries()) {
          const held = validation.filter((index) => labels[index] === label).length;
          expect(Math.abs(held - (size * validation.length) / labels.length)).toBeLessThan(1);
        }
        expect(holdOut(labels, sizes.length, fraction, seed)).toEqual({ training, validation });
      }),
      { numRuns: 50 },
    );
  });

  it('is another split for another seed', () => {
    const labels = new Int32Array(1000).map((_, index) => index % 10);
    const [a, b] = [1, 2].map((seed) => holdOut(labels, 10, 0.5, seed).validation);
    const common = [...a].filter((index) => b.includes(index)).length;
    // 250 are expected by chance, with a standard deviation of 11.
    expect(common).toBeGreaterThan(195);
    expect(common).toBeLessThan(305);
  });

  it.each([
    [0, 'expected a share between 0 and 1 such as 0.1, found 0'],
    [1, 'expected a share between 0 and 1 such as 0.1, found 1'],
    [Number.NaN, 'expected a share between 0 and 1 such as 0.1, found NaN'],
    [0.001, 'leaves no image of 20 training images to validate on; hold out more'],
    [0.99, 'leaves no training image of 2 of 2 classes; hold out less'],
  ])('refuses %d', (fraction, message) => {
    const labels = new Int32Array(20).map((_, index) => index % 2);
    const split = () => holdOut(labels, 2, fraction, 0);
    expect(split).toThrow(UserError);
    expect(split).toThrow(message);
  });

  it('refuses to take the only image of a class from the training', () => {
    const labels = Int32Array.from([0, 0, 0, 0, 1]);
    expect(() => holdOut(labels, 2, 0.79, 0)).toThrow(
      'leaves no training image of 1 of 2 classes; hold out less, or add images to the smallest classes',
    );
  });
});

describe('a data set with a part held out', () => {
  it('is the same from a folder and an archive, and never holds a test image', async () => {
    const files = await imageFolder(['a', 'b', 'c'], 8);
    const places = [
      await writeFolder(path.join(folder, 'plain'), files),
      await writeTar(path.join(folder, 'plain.tar'), files),
    ];
    const names = [];
    for (const place of places) {
      const sides = await openSides(place);
      expect(sides.map(counts)).toEqual([
        [6, 6, 6],
        [2, 2, 2],
      ]);
      const all = sides.map((side) => paths(side).map((text) => text.slice(text.lastIndexOf('train/'))));
      const train = Object.keys(files).filter((name) => name.startsWith('train/'));
      expect(all.flat().sort()).toEqual(train.sort());
      names.push(all);
      for (const side of sides) await side.close();
    }
    expect(names[1]).toEqual(names[0]);
  });

  it('is limited side by side, and smaller selections lie within larger ones', async () => {
    const whole = await openSides('mnist', { seed: 3 });
    expect(whole.map(({ length }) => length)).toEqual([6750, 2250]);
    const limited = await openSides('mnist', { seed: 3, limit: 500 });
    for (const [index, side] of limited.entries()) {
      expect(side.length).toBe(500);
      // The embedded part of MNIST has 813 (fives) to 1,011 (ones) of 9,000.
      expect(Math.min(...counts(side))).toBe(45);
      expect(Math.max(...counts(side))).toBe(56);
      const within = new Set(paths(whole[index]));
      expect(paths(side).every((image) => within.has(image))).toBe(true);
    }
    const [training, validation] = limited.map((side) => new Set(paths(side)));
    expect([...training].filter((image) => validation.has(image))).toEqual([]);
  });

  it('says in its source what was held out', async () => {
    const [training, validation] = await openSides('mnist', { seed: 2, limit: 100 });
    const source = { kind: 'mnist', split: 'train', limit: 100, seed: 2 };
    expect(training.source).toEqual({ ...source, heldOut: { fraction: FRACTION, side: 'training' } });
    expect(validation.source).toEqual({ ...source, heldOut: { fraction: FRACTION, side: 'validation' } });
    expect(JSON.parse(JSON.stringify(validation.source))).toEqual(validation.source);
  });

  it('is no part of the test images', async () => {
    const heldOut = { fraction: 0.1, side: 'validation' } as const;
    await expect(openDataset('mnist', 'test', { heldOut })).rejects.toThrow(
      '--validation: is held out of the training images, found the test images',
    );
  });

  it('gives the same batches for every number of threads', async () => {
    const files = await imageFolder(['a', 'b'], 8, { size: 8 });
    const [, validation] = await openSides(await writeTar(path.join(folder, 'threads.tar'), files));
    const passes = [];
    for (const workers of [0, 1, 3]) {
      const pool = new LoaderPool(workers);
      const loader = new DataLoader({
        dataset: validation,
        batchSize: 3,
        shuffle: true,
        seed: 1,
        epoch: 2,
        transforms: [{ kind: 'randomHorizontalFlip' }, { kind: 'layout', layout: 'NHWC', dtype: 'uint8' }],
        onBadImage: 'fail',
        pool,
      });
      const batches = [];
      for await (const { images, labels, indices } of loader) {
        batches.push([[...images], [...labels], [...indices]]);
      }
      passes.push(batches);
      await pool.close();
    }
    expect(passes[0].flatMap(([, labels]) => labels).sort()).toEqual([0, 0, 1, 1]);
    expect(passes[1]).toEqual(passes[0]);
    expect(passes[2]).toEqual(passes[0]);
    // The very pixels of the images that it names.
    const first = passes[0][0][2][0];
    const { data } = await validation.read(first);
    const row = passes[0][0][0].slice(0, data.length);
    expect([...row].sort()).toEqual([...data].sort());
    await validation.close();
  });
});
