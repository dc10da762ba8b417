import type { Unreadable } from '../data/bad-images.ts';
import type { LabelledBatch } from './step/learner.ts';

/** Batches of one pass over a split, and the images that could not be read so far. */
export interface BatchSource extends AsyncIterable<LabelledBatch> {
  readonly badImages: readonly Unreadable[];
}

/** Where the trainer takes its images from. The real one is `openRunData` (images.ts). */
export interface TrainingData {
  /** Training batches of an epoch (counted from 0), from batch `startBatch` on. Same epoch, same batches. */
  training(epoch: number, startBatch: number): BatchSource;
  /** The test split, in order. */
  test(): BatchSource;
}
