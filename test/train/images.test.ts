import { expect, it } from 'vitest';
import type { Batch } from '../../src/data/loader.ts';
import { createPipeline, type Pipeline } from '../../src/data/pipeline.ts';
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
