import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/data/contents.ts';
import { openDataset } from '../../../src/data/dataset.ts';
import { DataLoader, LoaderPool } from '../../../src/data/loader/loader.ts';
import { type Preparation, preparedDataset } from '../../../src/data/loader/prepared.ts';
import type { Transform } from '../../../src/data/transform.ts';
import { imageFolder, writeFolder } from '../archives.ts';

const SIZE = { width: 20, height: 20 };
const IMAGE_BYTES = 3 * SIZE.width * SIZE.height;
const STEPS: Preparation[] = [
  { kind: 'resize', shortSide: 22 },
  { kind: 'centerCrop', size: 20 },
];
const REST = (severity: 1 | 5): Transform[] => [
  { kind: 'corrupt', corruption: 'gaussian_noise', severity, set: 'cifar', seed: 3 },
  { kind: 'layout', layout: 'NHWC', dtype: 'uint8' },
];

let folder: string;
let dataset: Dataset;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'prepared-'));
  const files = await imageFolder(['a', 'b'], 5, { size: 32 });
  dataset = await openDataset(await writeFolder(folder, files), 'train');
});
afterAll(async () => {
  await dataset.close();
  await rm(folder, { recursive: true });
});

async function pixels(source: Dataset, transforms: readonly Transform[], pool: LoaderPool) {
  const loader = new DataLoader({
    dataset: source,
    batchSize: 3,
    shuffle: false,
    seed: 0,
    epoch: 0,
    transforms,
    onBadImage: 'fail',
    pool,
  });
  const batches: number[][] = [];
  for await (const { images } of loader) batches.push([...images]);
  return batches;
}

/** How many images a prepared data set holds ready. */
function kept({ images }: Dataset): number {
  const table = new Int32Array(images.cache!.table);
  const present = 2;
  return Array.from({ length: 10 }, (_, index) => table[1 + 4 * index]).filter((state) => state === present)
    .length;
}

describe('a prepared data set', () => {
  it.each([
    { room: 'for all', bytes: undefined, expected: 10 },
    { room: 'for four images', bytes: 4.5 * IMAGE_BYTES, expected: 4 },
    { room: 'for none', bytes: 0, expected: 0 },
  ])('gives the same pixels in every pass, with room $room', async ({ bytes, expected }) => {
    const prepared = preparedDataset(dataset, STEPS, SIZE, bytes);
    const pool = new LoaderPool(2);
    try {
      for (const severity of [1, 5, 1] as const) {
        const wanted = await pixels(dataset, [...STEPS, ...REST(severity)], pool);
        expect(await pixels(prepared, REST(severity), pool)).toEqual(wanted);
      }
      expect(kept(prepared)).toBe(expected);
    } finally {
      await pool.close();
    }
  });

  it('does not read an image again that it has kept', async () => {
    const gone = await mkdtemp(path.join(tmpdir(), 'prepared-gone-'));
    const source = await openDataset(
      await writeFolder(gone, await imageFolder(['a', 'b'], 5, { size: 32 })),
      'train',
    );
    const prepared = preparedDataset(source, STEPS, SIZE);
    const pool = new LoaderPool(1);
    try {
      const first = await pixels(prepared, REST(1), pool);
      await rm(gone, { recursive: true });
      expect(await pixels(prepared, REST(1), pool)).toEqual(first);
    } finally {
      await pool.close();
      await source.close();
    }
  });
});
