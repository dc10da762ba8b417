import { AUGMENTATIONS, type AugmentationName, isPrime } from '../augment/augment.ts';
import type { Dataset } from '../data/contents.ts';
import { DataLoader, type DataLoaderOptions, LoaderPool } from '../data/loader/loader.ts';
import type { Transform } from '../data/transform.ts';
import type { RunConfig } from '../run/config.ts';
import { CONSISTENCY_VIEWS } from './step/step.ts';
import type { TrainingData } from './training-data.ts';

/** The splits of a run's data, and the loader threads that serve both. */
export interface RunData extends TrainingData {
  /** Ends the threads; the data sets stay open. */
  close(): Promise<void>;
}

/** A run's images as batches: augmentation, random crop and flip for training, the test split as it will be evaluated. */
export function openRunData(config: RunConfig, splits: { train: Dataset; test: Dataset }): RunData {
  const pool = new LoaderPool(config.workers);
  const { batchSize } = config.recipe;
  return {
    training: (epoch, startBatch) =>
      new DataLoader({
        dataset: splits.train,
        batchSize,
        shuffle: true,
        seed: config.seed,
        epoch,
        startBatch,
        ...trainingViews(config),
        onBadImage: 'skip',
        pool,
      }),
    test: () =>
      new DataLoader({
        dataset: splits.test,
        batchSize,
        shuffle: false,
        seed: config.seed,
        epoch: 0,
        transforms: testTransforms(config),
        onBadImage: 'skip',
        pool,
      }),
    close: () => pool.close(),
  };
}

/** One view of each image; for a consistency loss a clean one, then varied ones with the same crop and flip. */
function trainingViews(config: RunConfig): Pick<DataLoaderOptions, 'transforms' | 'moreViews'> {
  const { trainingImages, recipe } = config;
  if (recipe.jsd === undefined) return { transforms: trainingTransforms(config, trainingImages.augment) };
  const varied = Array.from({ length: CONSISTENCY_VIEWS - 1 }, (_, view) =>
    trainingTransforms(config, trainingImages.augment, view + 1),
  );
  // 'none' holds the place, as random draws are keyed by a step's position too.
  return { transforms: trainingTransforms(config, 'none'), moreViews: varied };
}

function trainingTransforms(
  { trainingImages, preprocessing }: RunConfig,
  augment: AugmentationName | undefined,
  view?: number,
): Transform[] {
  const { resize, padding, flip } = trainingImages;
  const before: Transform[] = [];
  const after: Transform[] = [];
  if (augment !== undefined) {
    if (isPrime(augment)) after.push({ kind: 'prime', set: AUGMENTATIONS[augment].prime });
    else before.push({ kind: 'augment', name: augment, ...(view !== undefined && { view }) });
  }
  return [
    ...before,
    ...(resize === null ? [] : [{ kind: 'resize', shortSide: resize } as const]),
    { kind: 'randomCrop', size: preprocessing.width, padding },
    ...(flip ? [{ kind: 'randomHorizontalFlip' } as const] : []),
    ...after,
    ...pixels(preprocessing),
  ];
}

function testTransforms({ preprocessing }: RunConfig): Transform[] {
  const { resize, width } = preprocessing;
  return [
    ...(resize === null
      ? []
      : [{ kind: 'resize', shortSide: resize } as const, { kind: 'centerCrop', size: width } as const]),
    ...pixels(preprocessing),
  ];
}

function pixels({ mean, std }: RunConfig['preprocessing']): Transform[] {
  return [
    { kind: 'normalize', mean, std },
    { kind: 'layout', layout: 'NCHW', dtype: 'float32' },
  ];
}
