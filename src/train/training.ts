/** What a training takes, what it tells while it goes on, and what it comes to. */

import type { BadLimit, Unreadable } from '../data/bad-images.ts';
import type { Position } from '../run/checkpoint.ts';
import type { RunConfig } from '../run/config.ts';
import type { EpochRecord } from '../run/history.ts';
import type { InitialEvent } from './initial.ts';
import type { Learner } from './step/learner.ts';
import type { TrainingData } from './training-data.ts';

/** What happens during a run, for progress bars and logs. */
export type TrainingEvent =
  | {
      readonly kind: 'start';
      readonly epochs: number;
      readonly stepsPerEpoch: number;
      readonly position: Position;
    }
  | {
      readonly kind: 'step';
      /** Counted from 1. */
      readonly epoch: number;
      /** Batches of the epoch that are done, of `batches`. */
      readonly batch: number;
      readonly batches: number;
      /** Mean over the epoch so far. */
      readonly loss: number;
      readonly top1: number;
      readonly learningRate: number;
      /** Of this session, over the epoch. */
      readonly imagesPerSecond: number;
      /** Until the end of the run, evaluations included as far as their length is known. */
      readonly remainingSeconds: number;
    }
  /** Epoch 0: before the first step. */
  | { readonly kind: 'evaluate'; readonly epoch: number; readonly images: number; readonly total: number }
  | InitialEvent
  /** An image that is left out; told once, however often it is met. */
  | ({ readonly kind: 'badImage' } & Unreadable)
  | { readonly kind: 'epoch'; readonly record: EpochRecord; readonly epochs: number }
  | { readonly kind: 'checkpoint'; readonly path: string; readonly position: Position }
  /** One within an epoch could not be written; the one before is untouched, and training goes on. */
  | { readonly kind: 'checkpointFailed'; readonly reason: string }
  | {
      readonly kind: 'finished';
      readonly model: string;
      readonly log: readonly EpochRecord[];
      /** All images that were left out; the run's bad-images.tsv lists them. */
      readonly badImages: readonly Unreadable[];
    };

export interface TrainOptions {
  /** The run's folder (layout in run.ts). */
  readonly out: string;
  readonly config: RunConfig;
  readonly learner: Learner;
  readonly data: TrainingData;
  /** Go on from the folder's checkpoint; else the folder is made. */
  readonly resume?: boolean;
  /** Stop when more images cannot be read. Default: 1 % of all, but at least 10. */
  readonly maxBad?: BadLimit;
  /** Minutes between two checkpoints within an epoch; with 0 there are none. Default 5. */
  readonly checkpointEvery?: number;
  readonly onEvent?: (event: TrainingEvent) => void;
  /** When aborted, the step at hand is finished and a checkpoint is saved. */
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly status: 'finished' | 'interrupted';
  readonly log: readonly EpochRecord[];
  readonly position: Position;
}
