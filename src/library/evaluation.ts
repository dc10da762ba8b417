/** What may be asked of evaluations, trainings, searches and experiments. A new option does not compile before it stands here. */
import { z } from 'zod';
import { CORRUPTIONS, PARAMETER_SETS } from '../corrupt/index.ts';
import { DEVICES, ENGINES, type EngineOptions, PRECISIONS } from '../engine/engine.ts';
import { CROP_ROUNDINGS, FITS } from '../evaluate/model/geometry.ts';
import { CLASS_ORDERS } from '../evaluate/model/labels/class-order.ts';
import { CHANNELS, type PreprocessingFlags, SCORE_KINDS } from '../evaluate/model/preprocessing.ts';
import type { EvaluateOptions } from '../evaluate/options.ts';
import type { RetrofitRequest } from '../evaluate/retrofit/request.ts';
import { RESIZE_FILTERS } from '../image/resize.ts';
import * as kinds from './kinds.ts';

type Schemas<T> = Record<keyof T, z.ZodType>;

const { above, callback, flag, list, oneOf, optional, options, signal, text, whole } = kinds;

const severity = z.union([1, 2, 3, 4, 5].map((level) => z.literal(level)) as [z.ZodLiteral<number>], {
  error: 'a severity from 1 to 5',
});
export const severities = list(severity, 'a list of severities from 1 to 5').min(1, {
  error: 'at least one severity',
});
export const parameterSet = oneOf(PARAMETER_SETS);
export { severity };

export const engine = {
  engine: oneOf(ENGINES),
  device: oneOf(DEVICES),
  threads: whole('threads'),
  precision: oneOf(PRECISIONS),
  gpu: whole('gpu'),
  tf32: flag,
  torch: text,
} satisfies Schemas<EngineOptions>;

export const triple = (words: string) => list(kinds.number(words), words).length(3, { error: words });
const levels = 'three levels, one of each channel';
const side = whole('limit');
const size = options({ width: side, height: side });

export const preprocessing = {
  inputSize: size,
  mean: triple('three numbers, the mean of each channel'),
  std: list(above, 'three numbers above 0').length(3, { error: 'three numbers above 0' }),
  layout: oneOf(['NCHW', 'NHWC']),
  channels: oneOf(CHANNELS),
  scale: oneOf(['0-1', '0-255']),
  output: text,
  scores: oneOf(SCORE_KINDS),
  labels: text,
  classOrder: oneOf(CLASS_ORDERS),
  resize: z.union([side, size], { error: 'a number of pixels, or a width and a height' }),
  fit: oneOf(FITS),
  resample: oneOf(RESIZE_FILTERS),
  cropRounding: oneOf(CROP_ROUNDINGS),
  fill: triple(levels),
} satisfies Schemas<PreprocessingFlags>;

export const maxBad = z.union(
  [z.strictObject({ share: z.number().min(0).max(1) }), z.strictObject({ images: z.int().min(0) })],
  { error: 'a share such as { share: 0.02 }, or a number such as { images: 10 }' },
);

export const classes = z.union(
  [
    z.strictObject({ kind: z.literal('names'), names: z.array(z.string()).min(1), from: z.string() }),
    z.strictObject({ kind: z.literal('draw'), count: z.int().min(1), seed: z.int().min(0) }),
  ],
  { error: "a selection of classes: { kind: 'names', names, from } or { kind: 'draw', count, seed }" },
);

const modelLimits = { modelTimeout: above, modelMemory: above };

export const evaluation = optional(
  {
    ...engine,
    ...modelLimits,
    model: text,
    data: text,
    clean: text,
    out: text,
    predictions: flag,
    baseline: text,
    classes,
    corruptions: list(oneOf(CORRUPTIONS), 'a list of corruptions'),
    severities: list(severity, 'a list of severities from 1 to 5'),
    set: parameterSet,
    limit: whole('limit'),
    seed: whole('seed'),
    batchSize: whole('batchSize'),
    workers: whole('workers'),
    cacheDir: text,
    frostDir: text,
    skipBad: flag,
    maxBad,
    preprocessing: optional(preprocessing),
    signal,
    onEvent: callback,
  } satisfies Schemas<EvaluateOptions>,
  ['model', 'data'],
);

export const retrofitting = optional(
  {
    ...modelLimits,
    model: text,
    out: text,
    avg: z
      .int({ error: 'an odd number, or 0' })
      .refine((value) => value === 0 || (value > 0 && value % 2 === 1), {
        error: 'an odd number, or 0',
      }),
    alpha: kinds.number('a number'),
    data: text,
    images: whole('limit'),
    limit: whole('limit'),
    seed: whole('seed'),
    batchSize: whole('batchSize'),
    device: oneOf(DEVICES),
    threads: whole('threads'),
    workers: whole('workers'),
    cacheDir: text,
    skipBad: flag,
    maxBad,
    preprocessing: optional(preprocessing),
    signal,
    onEvent: callback,
  } satisfies Schemas<RetrofitRequest>,
  ['model', 'out', 'avg', 'alpha'],
);
