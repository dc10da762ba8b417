import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PRIME_PARAMETERS, prime } from '../../src/augment/prime/index.ts';
import type { Dataset } from '../../src/data/contents.ts';
import { openDataset } from '../../src/data/dataset.ts';
import { DataLoader, type DataLoaderOptions } from '../../src/data/loader/loader.ts';
import { createPipeline } from '../../src/data/loader/pipeline.ts';
import type { Transform } from '../../src/data/transform.ts';
import { createImage } from '../../src/image/image.ts';
import { randomStream } from '../../src/random/random.ts';
import { imageFolder, writeTar } from './archives.ts';

const mean = [0.5, 0.4, 0.3] as const;
const std = [0.2, 0.3, 0.4] as const;
const PRIME: Transform = { kind: 'prime', set: 'cifar' };
const NORMALIZE: Transform = { kind: 'normalize', mean, std };

describe('PRIME between crop and normalisation', () => {
  const image = createImage(8, 6);
  randomStream('levels')
    .fillUniform(new Float32Array(image.data.length), 0, 256)
    .forEach((level, i) => {
      image.data[i] = level;
    });
  const key = { seed: 3, epoch: 1, index: 4 };

  it.each(['NCHW', 'NHWC'] as const)('works on values in [0, 1], then normalises, in %s', async (layout) => {
    const out = new Float32Array(image.data.length);
    const transforms: Transform[] = [PRIME, NORMALIZE, { kind: 'layout', layout, dtype: 'float32' }];
    (await createPipeline(transforms)).write(image, out, key);
    const planes = new Float32Array(image.data.length);
    image.data.forEach((level, i) => {
      planes[(i % 3) * 48 + Math.floor(i / 3)] = level / 255;
    });
    const random = randomStream('prime', key.seed, key.epoch, key.index);
    const varied = prime({ data: planes, width: 8, height: 6 }, PRIME_PARAMETERS.cifar, random).data;
    out.forEach((value, i) => {
      const [channel, pixel] = layout === 'NCHW' ? [Math.floor(i / 48), i % 48] : [i % 3, Math.floor(i / 3)];
      expect(value).toBeCloseTo((varied[channel * 48 + pixel] - mean[channel]) / std[channel], 5);
    });
  });

  it('is refused where grey levels are wanted, and before what works on them', async () => {
    const bytes: Transform = { kind: 'layout', layout: 'NCHW', dtype: 'uint8' };
    await expect(createPipeline([PRIME, bytes])).rejects.toThrow('prime needs a layout of float32');
    await expect(createPipeline([PRIME, { kind: 'randomHorizontalFlip' }])).rejects.toThrow(
      'after all transforms',
    );
  });
});

describe('PRIME in the loader', () => {
  let folder: string;
  let dataset: Dataset;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'prime-'));
    const files = await imageFolder(['a', 'b'], 4, { size: 16 });
    dataset = await openDataset(await writeTar(path.join(folder, 'small.tar'), files), 'train');
  });
  afterAll(async () => {
    await dataset.close();
    await rm(folder, { recursive: true });
  });

  /** Every image by its number. */
  async function images(options: Partial<DataLoaderOptions>): Promise<Map<number, Float32Array>> {
    const transforms: Transform[] = [{ kind: 'randomHorizontalFlip' }, PRIME, NORMALIZE];
    const usual = { batchSize: 3, shuffle: true, seed: 1, epoch: 0, onBadImage: 'fail' } as const;
    const found = new Map<number, Float32Array>();
    for await (const batch of new DataLoader({ ...usual, dataset, transforms, ...options })) {
      const size = batch.images.length / batch.count;
      batch.indices.forEach((index, i) => {
        found.set(index, Float32Array.from(batch.images.subarray(i * size, (i + 1) * size)));
      });
    }
    return found;
  }

  it('gives an image the same numbers in every batch, order and thread, and others each epoch', async () => {
    const usual = await images({});
    expect(usual.size).toBe(8);
    expect(await images({ batchSize: 5, shuffle: false, workers: 2 })).toEqual(usual);
    const later = await images({ epoch: 1 });
    for (const [index, values] of usual) expect(later.get(index)).not.toEqual(values);
  });
});
