import { z } from 'zod';
import { storedChoice } from '../engine/options.ts';
import { imageLimitSchema, initialSchema, type RunConfig, recipeSchema } from './config.ts';
import type { StepRates } from './schedule.ts';

const count = z.number().int().nonnegative();

/** Mean cross-entropy and accuracies (fractions in [0, 1]) over `images` images. */
export const scoresSchema = z.strictObject({
  loss: z.number(),
  top1: z.number().min(0).max(1),
  top5: z.number().min(0).max(1),
  images: count,
});

/** One line of a run's `log.jsonl`: what an epoch did. */
export const epochRecordSchema = z.strictObject({
  /** Counted from 1. */
  epoch: z.number().int().positive(),
  /** Optimiser steps since the start of the run. */
  step: count,
  /** Over the epoch's training batches as they were met, with the weights of that moment. */
  train: scoresSchema,
  /** Over the test split, with the weights at the end of the epoch. */
  test: scoresSchema,
  /** Of the epoch's last step. */
  learningRate: z.number(),
  momentum: z.number(),
  /** Training images that could not be read and were left out. */
  badImages: count,
  imagesPerSecond: z.number(),
  seconds: z.strictObject({
    /** Wall time of the training part; `step` of it inside the compiled training step, `data` waiting for images. */
    train: z.number(),
    step: z.number(),
    data: z.number(),
    evaluate: z.number(),
  }),
});

/**
 * How a network was trained, as {@link howTrained} writes it into the card of its model. Cards of older versions, and
 * networks whose weights come from elsewhere, lack entries.
 */
export const trainingRecordSchema = z.looseObject({
  /** Name of the recipe's preset. */
  preset: z.string().optional(),
  recipe: recipeSchema.partial().loose().optional(),
  /** What varied the training images beside crop and flip; absent when nothing did. */
  augment: z.string().optional(),
  data: z
    .looseObject({
      name: z.string(),
      trainImages: count,
      testImages: count,
      /** Share of the training images that was held out, and whose scores are called `test`; null for none. */
      validation: z.number().nullable(),
      /** Share of the (other) training images that it saw; null for all. */
      fraction: z.number().nullable(),
      limit: imageLimitSchema.nullable(),
    })
    .partial()
    .optional(),
  /** The weights that it started from; absent when it started from the seed. */
  initial: initialSchema.partial().loose().optional(),
  seed: z.number().int().optional(),
  /** What it was trained on in the end; absent for ONNX Runtime. */
  engine: z.string().optional(),
  device: z.string().optional(),
  /** Absent for float32. */
  precision: z.string().optional(),
  tf32: z.boolean().optional(),
  /** Threads of a deterministic run. */
  fixedThreads: count.optional(),
  /** How far the same settings lead to the same weights, in words. */
  reproducible: z.string().optional(),
  /** Optimiser steps. */
  steps: count.optional(),
  /** Of the last epoch. */
  train: scoresSchema.optional(),
  test: scoresSchema.optional(),
});

export type TrainingRecord = z.infer<typeof trainingRecordSchema>;

export type Scores = z.infer<typeof scoresSchema>;
export type EpochRecord = z.infer<typeof epochRecordSchema>;

/** Sums over the part of an epoch that has been done; kept in checkpoints, so that a resumed epoch reports the whole. */
export const runningSchema = z.strictObject({
  /** Sum over images of the cross-entropy. */
  loss: z.number(),
  /** Right answers. */
  top1: count,
  top5: count,
  images: count,
  badImages: count,
  trainSeconds: z.number(),
  stepSeconds: z.number(),
  dataSeconds: z.number(),
});

export type Running = z.infer<typeof runningSchema>;

export function emptyRunning(): Running {
  return {
    loss: 0,
    top1: 0,
    top5: 0,
    images: 0,
    badImages: 0,
    trainSeconds: 0,
    stepSeconds: 0,
    dataSeconds: 0,
  };
}

/** Sums to means; all zero when there were no images. */
export function toScores(sums: { loss: number; top1: number; top5: number; images: number }): Scores {
  const images = Math.max(1, sums.images);
  return {
    loss: sums.loss / images,
    top1: sums.top1 / images,
    top5: sums.top5 / images,
    images: sums.images,
  };
}

/** Shares of the training time that were not spent in the compiled step: in JavaScript, and waiting for images. */
export function outsideStep(seconds: { train: number; step: number; data: number }): {
  javascript: number;
  data: number;
} {
  const { train, step, data } = seconds;
  return train > 0
    ? { javascript: (train - step - data) / train, data: data / train }
    : { javascript: 0, data: 0 };
}

function howReproducible({ fixedThreads, device }: RunConfig): string {
  if (device !== 'cpu') return 'but for roundings, whose order a GPU leaves open';
  return fixedThreads === undefined
    ? 'bit for bit with the same number of threads; but for roundings with another'
    : `bit for bit, with ${fixedThreads} ${fixedThreads === 1 ? 'thread' : 'threads'} on any number of cores of this kind`;
}

/** How a run came to its weights, for the model's card. */
export function howTrained(
  config: RunConfig,
  steps: number,
  history: readonly EpochRecord[],
): TrainingRecord {
  const { preset, recipe, trainingImages, data, seed, device, initial } = config;
  const last = history.at(-1);
  return {
    preset,
    recipe,
    augment: trainingImages.augment,
    data: {
      name: data.name,
      trainImages: data.trainImages,
      testImages: data.testImages,
      validation: data.validation ?? null,
      fraction: data.fraction ?? null,
      limit: data.limit,
    },
    initial,
    seed,
    device,
    ...storedChoice(config),
    reproducible: howReproducible(config),
    steps,
    train: last?.train,
    test: last?.test,
  };
}

/** The record of an epoch from what its training came to and how its images of the test split were scored. */
export function epochRecord(
  running: Running,
  at: {
    /** Counted from 1. */
    readonly epoch: number;
    /** Steps that are done. */
    readonly step: number;
    readonly test: Scores;
    /** Of the last step. */
    readonly rates: StepRates;
    readonly evaluateSeconds: number;
  },
): EpochRecord {
  const { trainSeconds, stepSeconds, dataSeconds, images, badImages } = running;
  return {
    epoch: at.epoch,
    step: at.step,
    train: toScores(running),
    test: at.test,
    learningRate: at.rates.lr,
    momentum: at.rates.momentum,
    badImages,
    imagesPerSecond: images / Math.max(trainSeconds, 1e-6),
    seconds: { train: trainSeconds, step: stepSeconds, data: dataSeconds, evaluate: at.evaluateSeconds },
  };
}
