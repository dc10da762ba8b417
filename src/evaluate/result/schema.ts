/**
 * The result file: what one model did on one data set, clean and corrupted.
 *
 * Every rate is a fraction in [0, 1], every error is a top-1 error unless it says top-5, and beside
 * every figure stands the number of images that it was measured on.
 */

import { z } from 'zod';
import { CORRUPTED_FORMATS } from '../../data/corrupted/spec.ts';
import { ENGINES, PRECISIONS } from '../../engine/engine.ts';
import { RESIZE_FILTERS } from '../../image/resize.ts';
import { modelConfigSchema } from '../../run/config.ts';
import { trainingRecordSchema } from '../../run/history.ts';
import { CLASS_ORDERS } from '../model/labels/class-order.ts';
import { CHANNELS, SCORE_KINDS } from '../model/preprocessing.ts';

import { calibrationSchema, count, intervalsSchema, rate, significanceSchema } from './statistics-schema.ts';

export const RESULT_SCHEMA = 'pushpull.result/1';

/** One value a severity, severity 1 first; null where a severity was not measured. */
const severities = <T extends z.ZodType>(value: T) => z.array(value.nullable()).length(5);

/** How a model's input and outputs were understood. */
const readingSchema = z.object({
  /** What was chosen or changed to run the file, a line each; absent where nothing was. */
  file: z.array(z.string()).optional(),
  input: z.object({
    name: z.string(),
    /** The model's own type; images are converted to it. */
    dtype: z.string(),
    shape: z.array(z.union([z.number(), z.string()])),
    /** Images a run; null where it takes any number. */
    batch: z.number().int().positive().nullable(),
    channels: z.enum(CHANNELS),
    /** The configuration that told how it wants its images, where options did not, and what is done otherwise here. */
    declared: z.string().optional(),
  }),
  output: z.object({
    name: z.string(),
    dtype: z.string(),
    /** Scores an image. */
    count: z.number().int().positive(),
  }),
  scores: z.object({
    kind: z.enum(SCORE_KINDS),
    /** How that is known, in words. */
    why: z.string(),
  }),
  /** Which outputs stand for the classes of the data. */
  classes: z.object({
    from: z.enum(['card', 'file', 'metadata', 'config', 'imagenet order', 'data order', 'class order']),
    why: z.string(),
    /** Which `class order`: told by `--class-order`, or shown by the sample. */
    order: z.enum(CLASS_ORDERS).optional(),
    /** The file that names them, as it was given (`--labels`). */
    file: z.string().optional(),
    /** Outputs that stand for no class of the data: the answer is taken among the others. */
    unused: count,
    /** Classes for which several outputs stand, whose probabilities are added. */
    shared: count,
    /** SHA-256 over the outputs of each class: equal for equal mappings. */
    mapping: z.string(),
  }),
  /** What was read otherwise than assumed at first, because that could not be right, in words. */
  adopted: z.array(z.string()).optional(),
  /** What looks wrong all the same, in words. */
  doubts: z.array(z.string()).optional(),
});

const modelSchema = z.object({
  /** Architecture for the project's own models ("resnet18"), else the file's name without `.onnx`. */
  name: z.string(),
  /** "baseline", "pushpull avg3 α trainable", …; "onnx" for a model of somebody else's. */
  variant: z.string(),
  parameters: count,
  /** The file as it was named on the command line. */
  file: z.string(),
  /** SHA-256 of the file, in hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The network's structure, of the project's own models. */
  config: modelConfigSchema.optional(),
  /** How it was trained, of the project's own models. */
  training: trainingRecordSchema.optional(),
  /** Absent in results of earlier versions. */
  reading: readingSchema.optional(),
});

const triple = z.tuple([z.number(), z.number(), z.number()]).readonly();

const side = z.number().int().positive();

const preprocessingSchema = z.object({
  width: side,
  height: side,
  layout: z.enum(['NCHW', 'NHWC']),
  dtype: z.enum(['float32', 'uint8']),
  /** On values in [0, 1]. */
  mean: triple,
  std: triple,
  /** Short side before the centre crop, in pixels; null where images come at the model's size. With `fit`, see `Geometry`. */
  resize: z.union([side, z.object({ width: side, height: side }).readonly()]).nullable(),
  fit: z.enum(['squeeze', 'pad', 'crop-first', 'crop-only']).optional(),
  /** Bilinear where it is left out. */
  resample: z.enum(RESIZE_FILTERS).optional(),
  cropRounding: z.literal('down').optional(),
  fill: triple.optional(),
  /** Of a model that does not take red, green, blue in this order. */
  channels: z.enum(['bgr', 'grey']).optional(),
});

const dataSchema = z.object({
  /** As a person writes it: "CIFAR-10". */
  name: z.string(),
  path: z.string().optional(),
  split: z.enum(['train', 'test']),
  /** Images in the measured selection, bad ones included; of a corrupted set, in each cell. */
  images: count,
  /** Number of classes. */
  classes: count,
  /** The measured classes, where they are only some of the data's. */
  selection: z
    .object({
      classes: z.array(z.string()),
      /** What `--classes` or `--classes-file` said; neither where the model or the data's name decided. */
      draw: z.string().optional(),
      file: z.string().optional(),
    })
    .optional(),
  /** Images that `--limit` selected; null when the whole split was taken. */
  limit: count.nullable(),
  /** SHA-256 over class names, labels in order and the pixels of a few images: equal for equal selections. */
  fingerprint: z.string(),
  /** Parameter table of the corruptions. */
  corruptionSet: z.enum(['cifar', 'imagenet']),
  /** Seed of the selection and of every corruption. */
  seed: z.number().int(),
  /** "generated", or the folder of textures that was given; "published" for a set that does not tell. */
  frost: z.string(),
  /** Whether unreadable images were left out (`--skip-bad`); they are refused otherwise. */
  skipBad: z.boolean(),
  /** Of images that are corrupted in memory, and of clean ones; a corrupted set is only normalised, never resized. */
  preprocessing: preprocessingSchema,
  /** How pictures come to the model's size, in words, where nothing told that and the usual way was taken. */
  assumedGeometry: z.string().optional(),
  /** The set whose corrupted images were read; absent where images were corrupted in memory. */
  corrupted: z
    .object({
      format: z.enum(CORRUPTED_FORMATS),
      /** SHA-256 over some of its images, by corruption: equal for equal sets and selections. */
      fingerprints: z.record(z.string(), z.string()),
      /** Clean images that are in no cell: they could not be read when the set was made. */
      leftOut: count.optional(),
    })
    .optional(),
  /** The clean images that stand beside a corrupted set (`--clean`). */
  clean: z
    .object({ name: z.string(), path: z.string().optional(), images: count, fingerprint: z.string() })
    .optional(),
});

const cleanSchema = z.object({ top1: rate, top5: rate, images: count });
const errorsSchema = z.record(z.string(), severities(rate));
/** Images of the clean data and of each cell; a corruption without any is left out. */
const tallySchema = z.object({ clean: count, cells: z.record(z.string(), severities(count)) });
const ceSchema = z.record(z.string(), rate);

/**
 * Stored names of the metrics (formulas in metrics.ts). A metric that cannot be computed from what was
 * measured is absent: `mce.*`, `rmce.*` and `rnet.*` need all 15 benchmark corruptions at all 5 severities,
 * what a smaller grid gives is called `partial.*` and must not be compared with a published mCE.
 */
const metricsSchema = z.object({
  /** E, clean top-1 error. */
  'error.clean': rate.optional(),
  /** Eq. 9: mean of CE over the 15 corruptions, not normalised by anything. */
  'mce.absolute': rate.optional(),
  /** Eq. 10, the paper's mrCE: mean of CE / CE of the baseline. */
  'mce.baseline': z.number().optional(),
  /** Hendrycks & Dietterich's mCE: mean of CE / CE of AlexNet. ImageNet with 1,000 classes only. */
  'mce.alexnet': z.number().optional(),
  /** Hendrycks & Dietterich's relative mCE: mean of (CE - E) / (CE - E of AlexNet). */
  'rmce.alexnet': z.number().optional(),
  /** Eq. 11, R_E: relative gain in clean error over the baseline, (E0 - E) / E0. */
  'gain.error.clean': z.number().optional(),
  /** Eq. 12, R_mCE: relative gain in absolute mCE over the baseline, (mCE0 - mCE) / mCE0. */
  'gain.mce.absolute': z.number().optional(),
  /** Eq. 13 with beta 1. */
  'rnet.beta1': z.number().optional(),
  /** Eq. 13 with beta mCE0 / E0. */
  'rnet.auto': z.number().optional(),
  /** Mean error over the measured corrupted cells of an incomplete grid. */
  'partial.error': rate.optional(),
  /** The same divided by the baseline's, corruption by corruption, over the same cells, then averaged. */
  'partial.baseline': z.number().optional(),
});

const frequencySchema = z.object({
  /** Mean over the group's corruptions of CE / CE of the baseline. */
  mean: z.number(),
  /** Standard deviation over the group's corruptions (divisor n: they are the whole group). */
  std: z.number(),
  corruptions: z.array(z.string()),
});

const baselineSchema = z.object({
  /** The result file that was given. */
  file: z.string(),
  model: modelSchema,
  clean: cleanSchema.optional(),
  errors: errorsSchema,
  ce: ceSchema,
});

const environmentSchema = z.object({
  /** Version of this package. */
  pushpull: z.string(),
  node: z.string(),
  onnxruntime: z.string(),
  /** Version of PyTorch, where its libtorch computed. */
  torch: z.string().optional(),
  /** What computed; absent in results of versions that had ONNX Runtime alone. */
  engine: z.enum(ENGINES).optional(),
  device: z.string(),
  /** What convolutions and activations were computed in; float32 when absent. */
  precision: z.enum(PRECISIONS).optional(),
  /** Whether NVIDIA's matrix units might round float32 operands to 10 bits. */
  tf32: z.boolean().optional(),
  /** Threads that computed on the CPU. */
  threads: count,
  /** Worker threads that decoded and corrupted images. */
  workers: count,
  cpu: z.string(),
  platform: z.string(),
  /** Start of the evaluation, ISO 8601; of its first part where it was interrupted. */
  date: z.string(),
  /** Time spent evaluating, summed over the parts of an interrupted evaluation. */
  seconds: z.number().nonnegative(),
});

export const resultSchema = z.object({
  schema: z.literal(RESULT_SCHEMA),
  /** False while cells of the requested grid are still missing. */
  complete: z.boolean(),
  model: modelSchema,
  data: dataSchema,
  /** Top-1 and top-5 error on the uncorrupted images; absent where a corrupted set was measured without any. */
  clean: cleanSchema.optional(),
  /** Top-1 error by corruption, severity 1 first. */
  errors: errorsSchema,
  /** Images behind every figure of `errors`; `clean.images` has those behind `clean`. */
  images: z.record(z.string(), severities(count)),
  /**
   * Images whose scores were no plain numbers. A NaN, or a probability of 0 for every class, is no answer and counts as
   * an error; an infinite score is the answer. Absent where there were none, and in results of earlier versions.
   */
  notFinite: z.object({ nan: tallySchema.optional(), infinite: tallySchema.optional() }).optional(),
  /** CE: mean of the five errors, for each corruption whose five severities were all measured. */
  ce: ceSchema,
  metrics: metricsSchema,
  /** Table 4 of the paper: mrCE inside the low, mid and high frequency group; needs a baseline. */
  frequency: z.object({ low: frequencySchema, mid: frequencySchema, high: frequencySchema }).optional(),
  baseline: baselineSchema.optional(),
  /** This and the next two come from the answers to single images (predictions.ts) when all cells are finished. */
  intervals: intervalsSchema.optional(),
  calibration: calibrationSchema.optional(),
  /** Against `baseline`; needs its answers as well. */
  significance: significanceSchema.optional(),
  /** Why a metric is absent although one would expect it, in plain words. */
  notes: z.array(z.string()),
  environment: environmentSchema,
});

export type Result = z.infer<typeof resultSchema>;
/** Counts of images by cell. */
export type CellTally = z.infer<typeof tallySchema>;
export type ResultModel = Result['model'];
export type ModelReading = z.infer<typeof readingSchema>;
export type ResultData = Result['data'];
export type ResultEnvironment = Result['environment'];
export type Metrics = Result['metrics'];
export type MetricName = keyof Metrics;
/** Errors by corruption, one a severity; null where not measured. */
export type ErrorGrid = Result['errors'];
