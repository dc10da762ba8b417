import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/data/contents.ts';
import { openDataset } from '../../../src/data/dataset.ts';
import { DataLoader, type DataLoaderOptions } from '../../../src/data/loader/loader.ts';
import type { Transform } from '../../../src/data/transform.ts';
import { imageFolder, writeFolder } from '../archives.ts';

const SIDE = 12;
const VALUES = 3 * SIDE * SIDE;

function chain(name: 'none' | 'augmix', view?: number): Transform[] {
  return [
    { kind: 'augment', name, view },
    { kind: 'randomCrop', size: SIDE, padding: 4 },
    { kind: 'randomHorizontalFlip' },
    { kind: 'normalize', mean: [0, 0, 0], std: [1, 1, 1] },
  ];
}

let folder: string;
/** Seven pictures, the fourth of which cannot be read. */
let dataset: Dataset;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'views-'));
  const files = await imageFolder(['a'], 7, { size: SIDE });
  await writeFolder(folder, { ...files, 'train/a/3.png': Uint8Array.of(1, 2, 3) });
  dataset = await openDataset(folder, 'train');
});
afterAll(async () => {
  await dataset.close();
  await rm(folder, { recursive: true });
});

/** Each batch's views: the images of each, by their numbers. */
async function views(options: Partial<DataLoaderOptions>): Promise<Map<number, Float32Array>[]> {
  const usual = { batchSize: 4, shuffle: false, seed: 5, epoch: 2, onBadImage: 'skip' } as const;
  const found: Map<number, Float32Array>[] = [];
  for await (const batch of new DataLoader({ ...usual, dataset, transforms: chain('none'), ...options })) {
    const { images, shape, count, indices, labels } = batch;
    const views = shape[0] / count;
    expect(images.length).toBe(views * count * VALUES);
    expect([indices.length, labels.length]).toEqual([count, count]);
    for (let view = 0; view < views; view++) {
      found[view] ??= new Map();
      for (const [position, index] of indices.entries()) {
        const start = (view * count + position) * VALUES;
        found[view].set(index, Float32Array.from(images.subarray(start, start + VALUES)));
      }
    }
  }
  return found;
}

describe('views of images in one batch', () => {
  const moreViews = [chain('augmix', 1), chain('augmix', 2)];

  it('stand one after the other, without gaps where images cannot be read', async () => {
    const [clean, first, second, ...none] = await views({ moreViews });
    expect(none).toEqual([]);
    expect([...clean.keys()]).toEqual([0, 1, 2, 4, 5, 6]);
    // Each view is what it is by itself: neither the other views nor the gap move anything.
    expect([clean]).toEqual(await views({}));
    expect([first]).toEqual(await views({ transforms: moreViews[0] }));
    expect([second]).toEqual(await views({ transforms: moreViews[1] }));
  });

  it('are varied differently, but cropped and flipped alike', async () => {
    const [clean, first, second] = await views({ moreViews });
    const different = [...clean.keys()].filter((index) => {
      const [a, b, c] = [clean, first, second].map((view) => view.get(index)!.join());
      return a !== b && b !== c && a !== c;
    });
    expect(different.length).toBeGreaterThan(4);
    const [unvaried, again, andAgain] = await views({ moreViews: [chain('none', 1), chain('none', 2)] });
    expect(again).toEqual(unvaried);
    expect(andAgain).toEqual(unvaried);
  });

  it('do not depend on threads or on the size of batches', async () => {
    const usual = await views({ moreViews });
    const other = await views({ moreViews, workers: 2, batchSize: 7, shuffle: true });
    for (const [view, images] of usual.entries()) {
      for (const [index, values] of images) expect(other[view].get(index)).toEqual(values);
    }
  });
});
