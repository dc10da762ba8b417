/** How sure a result's figures are: intervals, calibration and tests, as its file has them. */
import { z } from 'zod';

/** A share in [0, 1]. */
export const rate = z.number().min(0).max(1);
/** How many. */
export const count = z.number().int().nonnegative();

const interval = z.tuple([z.number(), z.number()]);

/**
 * Percentile bootstrap intervals over test images: how far a figure would move with other images of the same kind. They
 * say nothing of how far it would move with another training seed.
 */
export const intervalsSchema = z.object({
  /** Share of the resamples inside, .95. */
  level: rate,
  resamples: count,
  seed: z.number().int(),
  'error.clean': interval.optional(),
  'mce.absolute': interval.optional(),
  /** This and the others below take both models' errors from the same resample, where they compare with a baseline. */
  'mce.baseline': interval.optional(),
  'mce.alexnet': interval.optional(),
  'rmce.alexnet': interval.optional(),
  'gain.error.clean': interval.optional(),
  'gain.mce.absolute': interval.optional(),
  'rnet.beta1': interval.optional(),
  'rnet.auto': interval.optional(),
  'partial.error': interval.optional(),
  'partial.baseline': interval.optional(),
  /** By corruption. */
  ce: z.record(z.string(), interval),
  /** By severity ("1" to "5"): of the mean error over the 15 benchmark corruptions, where all were measured at it. */
  severities: z.record(z.string(), interval).optional(),
});

/** Expected calibration error of the top label (Guo et al. 2017), in [0, 1]. */
export const calibrationSchema = z.object({
  /** Equally wide parts of [0, 1] into which confidences are sorted. */
  bins: count,
  clean: rate.optional(),
  /** Mean over the measured cells of the 15 benchmark corruptions. */
  corrupted: rate.optional(),
  /** Mean over the measured severities of each corruption. */
  corruptions: z.record(z.string(), rate),
});

/** Error less the baseline's on the same images: negative where this model makes fewer. */
const differenceSchema = z.object({
  difference: z.number(),
  /** Percentile bootstrap over images; absent where some resample does not define it. */
  interval: interval.optional(),
  /** Two-sided, not adjusted for other tests; values below 1e-30 are given as 1e-30. */
  p: rate,
  /** Images behind the test: those that were read in all cells. */
  images: count,
});

const corruptionDifferenceSchema = differenceSchema.extend({ holm: rate });

export const significanceSchema = z.object({
  level: rate,
  resamples: count,
  seed: z.number().int(),
  /** McNemar's exact test on clean images. */
  clean: differenceSchema
    .extend({
      test: z.literal('mcnemar'),
      /** Images that only this model gets right, and those that only the baseline does. */
      onlyThis: count,
      onlyBaseline: count,
    })
    .optional(),
  /** Permutation test of the images' mean errors over the benchmark's cells: all signs of the differences. */
  corrupted: differenceSchema
    .extend({ test: z.literal('sign-flip'), metric: z.enum(['mce.absolute', 'partial.error']) })
    .optional(),
  /**
   * The same test of CE, the mean over each corruption's five severities; `holm` is p adjusted for as many tests as there
   * are corruptions, here and in `partial`.
   */
  ce: z.record(z.string(), corruptionDifferenceSchema),
  /** Of corruptions with fewer measured severities, over those. */
  partial: z.record(z.string(), corruptionDifferenceSchema).optional(),
});
