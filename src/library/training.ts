/** What may be asked of trainings, searches and experiments. A new option does not compile before it stands here. */
import { z } from 'zod';
import { AUGMENTATION_REQUESTS } from '../augment/augment.ts';
import type { ExperimentOptions } from '../experiment/plan.ts';
import type { ExperimentSession } from '../experiment/run.ts';
import { MODELS } from '../models/registry.ts';
import { PRESETS, type PresetName } from '../run/config.ts';
import type { TrainingRequest } from '../train/request.ts';
import type { SearchChanges, SearchRequest, SearchSession } from '../train/search/search.ts';
import type { RunChanges, SessionOptions } from '../train/start.ts';
import type { AskedNetwork } from '../weights/settle.ts';
import { classes, engine, maxBad } from './evaluation.ts';
import * as kinds from './kinds.ts';

type Schemas<T> = Record<keyof T, z.ZodType>;

const { above, callback, flag, list, number, oneOf, optional, options, share, signal, text, whole } = kinds;

const alpha = z.union([z.literal('trainable'), z.number()], { error: "'trainable' or a number" });
const odd = 'an odd number, or 0 for no pooling';
const avg = z
  .int({ error: odd })
  .refine((side) => side === 0 || (side > 0 && side % 2 === 1), { error: odd });
const stem = z.discriminatedUnion(
  'kind',
  [
    options({ kind: z.literal('conv') }),
    options({ kind: z.literal('pushpull'), avg, alpha }),
    options({ kind: z.literal('pushpull2020'), alpha }),
  ],
  { error: "a first layer of the kind 'conv', 'pushpull' or 'pushpull2020'" },
);

const network = {
  model: oneOf(MODELS.map(({ name }) => name)),
  form: oneOf(['cifar', 'imagenet']),
  width: whole('width'),
  stem,
  antialias: oneOf(['none', 'blurconv1', 'blurconv2']),
  stemBias: flag,
  batchNorm: optional({
    eps: above,
    momentum: number('a number from 0 to 1', (value) => value >= 0 && value <= 1),
  }),
};

const choice = {
  engine: engine.engine,
  device: engine.device,
  precision: engine.precision,
  tf32: engine.tf32,
  fixedThreads: engine.threads,
};
const place = { threads: engine.threads, gpu: engine.gpu, torch: engine.torch };

const request = {
  ...network,
  ...choice,
  data: text,
  weights: text,
  newClassifier: flag,
  reestimate: whole('reestimate'),
  preset: oneOf(Object.keys(PRESETS) as PresetName[]),
  epochs: whole('epochs'),
  batchSize: whole('batchSize'),
  maxRate: above,
  momentum: z.union([z.literal('cycle'), z.number().min(0).lt(1)], {
    error: "'cycle' or a number from 0 to below 1",
  }),
  weightDecay: number('a number, 0 or more', (value) => value >= 0),
  augment: oneOf(AUGMENTATION_REQUESTS),
  jsd: above,
  validation: share,
  classes,
  fraction: share,
  limit: z.union([whole('limit'), optional({ train: whole('limit'), test: whole('limit') })], {
    error: 'a number of images, 1 or more, or { train, test }',
  }),
  seed: whole('seed'),
  workers: whole('workers'),
  cacheDir: text,
} satisfies Schemas<TrainingRequest>;

export const training = optional(request, ['data']);

const session = {
  ...place,
  out: text,
  signal,
  cacheDir: text,
  maxBad,
  checkpointEvery: number('a number of minutes, 0 or more', (value) => value >= 0),
  onEvent: callback,
};

export const trainingSession = optional(
  {
    ...session,
    onConfig: callback,
    onData: callback,
  } satisfies Schemas<SessionOptions>,
  ['out'],
);

export const runChanges = optional({
  ...choice,
  workers: whole('workers'),
} satisfies Schemas<RunChanges>).optional();

const { maxRate: _, weightDecay: __, batchSize: ___, seed: ____, ...shared } = request;
const search = {
  training: optional(shared, ['data']),
  grid: optional({
    maxRate: list(above, 'a list of rates'),
    weightDecay: list(request.weightDecay, 'a list of weight decays'),
    batchSize: list(whole('batchSize'), 'a list of batch sizes'),
  }),
  seeds: list(whole('seed'), 'a list of seeds').min(1, { error: 'at least one seed' }),
  trials: kinds.positive,
} satisfies Schemas<SearchRequest>;

export const searching = optional(search, ['training']);
export const searchSession = optional(session satisfies Schemas<SearchSession>, ['out']);
export const searchChanges = optional({
  ...search,
  engine: engine.engine,
  device: engine.device,
  workers: whole('workers'),
} satisfies Schemas<SearchChanges>).optional();

const seedChoice = optional({ rows: text, seeds: list(whole('seed'), 'a list of seeds') }, ['seeds']);
const scale = z.union(
  [
    z.strictObject({ factor: z.number().positive().max(1) }),
    optional({ width: kinds.positive, epochs: kinds.positive, train: kinds.positive, test: kinds.positive }),
  ],
  { error: '{ factor } above 0, up to 1, or whole numbers as { width, epochs, train, test }' },
);

export const experiment = optional(
  {
    ...engine,
    experiment: z.union([text, kinds.made('an experiment')], {
      error: 'a file, a name, or an experiment that was read',
    }),
    out: text,
    data: text,
    corrupted: text,
    scale,
    only: list(text, 'a list of names of rows'),
    seeds: list(seedChoice, 'a list of { rows, seeds }'),
    jobs: whole('jobs'),
    workers: whole('workers'),
    cacheDir: text,
  } satisfies Schemas<ExperimentOptions>,
  ['experiment', 'out'],
);

export const experimentSession = optional({
  onEvent: callback,
  signal,
} satisfies Schemas<ExperimentSession>).optional();

export const askedNetwork = optional({
  ...network,
  classes: kinds.positive,
  usualForm: network.form,
} satisfies Schemas<AskedNetwork>);
