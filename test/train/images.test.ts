import { expect, it } from 'vitest';
import type { Batch } from '../../src/data/loader/loader.ts';
import { createPipeline, type Pipeline } from '../../src/data/loader/pipeline.ts';
import type { Transform } from '../../src/data/transform.ts';
import { openRunData } from '../../src/train/images.ts';
import { planRun } from '../../src/train/plan.ts';

it('training images are augmented first, then cropped and flipped; test images are left as they are', async () => {
  const { config, splits } = await planRun({
    data: 'mnist',
    limit: 20,
    batchSize: 20,
    augment: 'autoaugment',
  });
  expect(config.trainingImages.augment).toBe('autoaugment-cifar10');
  const { seed, preprocessing, trainingImages } = config;
  const data = openRunData({ ...config, workers: 0 }, splits);
  const values = 3 * 32 * 32;

  /** Whether a loader's images are what a pipeline makes of the split's, but for the normalisation. */
  async function expectImages(
    batches: AsyncIterable<unknown>,
    split: keyof typeof splits,
    epoch: number,
    pipeline: Pipeline,
  ): Promise<void> {
    let seen = 0;
    for await (const { images, indices } of batches as AsyncIterable<Batch>) {
      for (const [position, index] of indices.entries()) {
        const image = pipeline.apply(await splits[split].read(index), { seed, epoch, index });
        const first = images.subarray(position * values, position * values + values / 3);
        const red = Array.from(
          first,
          (value) => 255 * (value * preprocessing.std[0] + preprocessing.mean[0]),
        );
        expect(red.map((level) => Math.round(level) + 0)).toEqual(
          Array.from(red, (_, pixel) => image.data[pixel * 3]),
        );
        seen++;
      }
    }
    expect(seen).toBe(20);
  }

  try {
    const crop = { kind: 'randomCrop', size: 32, padding: trainingImages.padding } as const;
    const varied = await createPipeline([{ kind: 'augment', name: 'autoaugment-cifar10' }, crop]);
    await expectImages(data.training(2, 0), 'train', 2, varied);
    await expectImages(data.test(), 'test', 0, await createPipeline([]));
  } finally {
    await data.close();
    await Promise.all([splits.train.close(), splits.test.close()]);
  }
});

it('PRIME comes behind the crop, on values in [0, 1], in training only', async () => {
  const { config, splits } = await planRun({ data: 'mnist', limit: 6, batchSize: 6, augment: 'prime' });
  expect(config.trainingImages.augment).toBe('prime-cifar10');
  const { seed, preprocessing, trainingImages } = config;
  const { mean, std } = preprocessing;
  const data = openRunData({ ...config, workers: 0 }, splits);
  const crop: Transform = { kind: 'randomCrop', size: 32, padding: trainingImages.padding };
  const prime: Transform = { kind: 'prime', set: 'cifar' };
  try {
    for (const [batches, split, epoch, transforms] of [
      [data.training(1, 0), 'train', 1, [crop, prime]],
      [data.test(), 'test', 0, []],
    ] as const) {
      const pipeline = await createPipeline([...transforms, { kind: 'normalize', mean, std }]);
      for await (const { images, indices } of batches as AsyncIterable<Batch>) {
        expect(indices.length).toBe(6);
        for (const [position, index] of indices.entries()) {
          const key = { seed, epoch, index };
          const wanted = new Float32Array(3 * 32 * 32);
          pipeline.write(pipeline.apply(await splits[split].read(index), key), wanted, key);
          expect(images.subarray(position * wanted.length, (position + 1) * wanted.length)).toEqual(wanted);
        }
      }
    }
  } finally {
    await data.close();
    await Promise.all([splits.train.close(), splits.test.close()]);
  }
});

it('a consistency loss gets three views of each image, the first as it is', async () => {
  const request = { data: 'mnist', limit: 8, batchSize: 8 } as const;
  await expect(planRun({ ...request, augment: 'trivialaugment', jsd: 12 })).rejects.toThrow(
    '--jsd: expected --augment augmix with it, found trivialaugment',
  );
  const { config, splits } = await planRun({ ...request, augment: 'augmix', jsd: 12 });
  expect(config.recipe.jsd).toBe(12);
  const data = openRunData({ ...config, workers: 0 }, splits);
  const values = 8 * 3 * 32 * 32;
  const viewsOf = async (batches: AsyncIterable<unknown>) => {
    for await (const { images } of batches as AsyncIterable<Batch>) {
      return Array.from({ length: images.length / values }, (_, view) =>
        images.slice(view * values, (view + 1) * values),
      );
    }
    throw new Error('no batch');
  };
  try {
    const views = await viewsOf(data.training(0, 0));
    expect(views).toHaveLength(3);
    expect(views[1]).not.toEqual(views[0]);
    expect(views[2]).not.toEqual(views[0]);
    expect(views[2]).not.toEqual(views[1]);
    expect(await viewsOf(data.test())).toHaveLength(1);
  } finally {
    await data.close();
    await Promise.all([splits.train.close(), splits.test.close()]);
  }
});
