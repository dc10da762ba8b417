/** What may be asked of single images, data sets, engines, statistics, reports and figures. */
import { z } from 'zod';
import type { FirstLayerOptions } from '../analyze/first-layer.ts';
import type { InspectionOptions } from '../analyze/inspection.ts';
import { CORRUPTIONS, type CorruptOptions } from '../corrupt/index.ts';
import type { OpenOptions } from '../data/dataset.ts';
import type { DataLoaderOptions } from '../data/loader/loader.ts';
import type { Limits } from '../data/pictures/limits.ts';
import type { OnnxEngineOptions } from '../engine/node/index.ts';
import type { MetricOptions } from '../evaluate/result/metrics.ts';
import type { BootstrapOptions } from '../evaluate/statistics/bootstrap.ts';
import type { ReportOptions } from '../report/build.ts';
import type { SampleOptions } from '../report/evidence/samples.ts';
import type { ComparisonFigureOptions } from '../report/paper/comparison.ts';
import type { InspectOptions } from '../report/paper/inspect.ts';
import type { PaperTableOptions } from '../report/tables/build-table.ts';
import type { RowOptions } from '../report/tables/rows.ts';
import type { TerminalOptions } from '../report/terminal.ts';
import { classes, engine, parameterSet, severities, severity } from './evaluation.ts';
import * as kinds from './kinds.ts';

type Schemas<T> = Record<keyof T, z.ZodType>;

const { callback, count, flag, list, made, number, oneOf, optional, positive, text, whole } = kinds;

export const split = oneOf(['train', 'test']);
const textures = list(made('an image'), 'a list of images');

export const corruption = optional(
  {
    corruption: oneOf(CORRUPTIONS),
    severity,
    set: parameterSet,
    seed: whole('seed'),
    index: count,
    frost: textures,
    quirks: optional({
      ...{ glassCopies: flag, glassHalfOpen: flag, defocusUnnormalized: flag, fogCorner: flag },
      ...{ zoomArange: flag, frostSkipsSixth: flag, elastic244: flag, jpeg85: flag },
    }),
  } satisfies Schemas<CorruptOptions>,
  ['corruption', 'severity', 'set', 'seed', 'index'],
);

export const opening = optional({
  classes: z.union([classes, callback], { error: 'a selection of classes, or a function that selects' }),
  heldOut: kinds.options({ fraction: kinds.share, side: oneOf(['training', 'validation']) }),
  fraction: kinds.share,
  limit: whole('limit'),
  seed: whole('seed'),
  cacheDir: text,
  unlabelled: flag,
} satisfies Schemas<OpenOptions>).optional();

export const limits = optional({
  maxPixels: positive,
  maxUnpacked: positive,
  followLinks: flag,
} satisfies Schemas<Limits>);

export const loading = optional(
  {
    dataset: made('a data set'),
    batchSize: whole('batchSize'),
    shuffle: flag,
    seed: whole('seed'),
    epoch: count,
    transforms: list(made('a transform'), 'a list of transforms'),
    moreViews: list(list(made('a transform'), 'a list of transforms'), 'lists of transforms'),
    onBadImage: oneOf(['skip', 'fail']),
    startBatch: count,
    pool: made('a LoaderPool'),
    workers: whole('workers'),
    dropLast: z.literal(false, { error: 'false' }),
  } satisfies Schemas<DataLoaderOptions>,
  ['dataset', 'batchSize', 'shuffle', 'seed', 'epoch', 'transforms', 'onBadImage'],
);

export const engineOptions = optional(
  {
    ...engine,
    strict: flag,
    profile: text,
    limits: kinds.options({ model: text, seconds: kinds.above, bytes: positive }),
  } satisfies Schemas<OnnxEngineOptions & { engine?: unknown }> & Record<string, z.ZodType>,
  ['device'],
);

const bootstrapShape = {
  resamples: whole('resamples'),
  seed: whole('seed'),
  level: kinds.share,
} satisfies Schemas<BootstrapOptions>;
export const bootstrap = optional(bootstrapShape).optional();
export const bootstrapWithAlexnet = optional({ ...bootstrapShape, alexnet: flag }).optional();

export const metrics = optional({
  baseline: made('errors of another network'),
  alexnet: flag,
} satisfies Schemas<MetricOptions>).optional();

const result = made('a result');
const results = list(result, 'a list of results');
const map = made('a Map by results');
const words = list(text, 'a list of sentences');
const formats = list(oneOf(['svg', 'png']), 'a list of formats');

export const report = optional(
  {
    out: text,
    title: text,
    baseline: result,
    seeds: made('seeds'),
    runs: map,
    samples: made('a sample strip'),
    predictions: map,
    failures: list(made('a group of failures'), 'a list of groups of failures'),
    omissions: words,
    commands: words,
  } satisfies Schemas<ReportOptions>,
  ['out'],
);

export const terminal = optional({
  baseline: result,
  runs: map,
  predictions: map,
  columns: positive,
  color: flag,
} satisfies Schemas<TerminalOptions>).optional();

export const comparisonFigures = optional(
  {
    baselines: results,
    rows: list(made('a row'), 'a list of rows'),
    out: text,
    formats,
    conditions: words,
  } satisfies Schemas<ComparisonFigureOptions>,
  ['out'],
);

export const paperTables = optional({
  scaled: text,
  title: text,
} satisfies Schemas<PaperTableOptions>).optional();
export const rows = optional({ baselines: results } satisfies Schemas<RowOptions>).optional();

export const samples = optional(
  {
    set: parameterSet,
    seed: whole('seed'),
    index: count,
    severities,
    frost: textures,
    caption: z.string({ error: 'a text' }),
  } satisfies Schemas<SampleOptions>,
  ['set', 'seed', 'index', 'caption'],
);

const channelNumbers = list(number('a number'), 'numbers, one a channel');
const firstLayerShape = {
  normalization: optional({ mean: channelNumbers, std: channelNumbers }),
} satisfies Schemas<FirstLayerOptions>;
export const firstLayer = optional(firstLayerShape).optional();

const inspectionShape = {
  alphas: list(number('a number'), 'a list of inhibition strengths'),
  pools: list(count, 'a list of sizes of pooling'),
  edge: optional({
    ...{ size: positive, band: positive, dark: number('a number'), bright: number('a number') },
    ...{ sigma: number('a number, 0 or more', (value) => value >= 0), seeds: positive },
  }),
} satisfies Schemas<InspectionOptions>;
export const inspection = optional(inspectionShape).optional();

export const inspecting = optional(
  {
    ...firstLayerShape,
    ...inspectionShape,
    image: text,
    data: text,
    cacheDir: text,
    set: parameterSet,
    seed: whole('seed'),
    out: text,
    figures: list(
      z.union(
        [3, 4, 5, 6, 9].map((id) => z.literal(id)),
        { error: 'a figure: 3, 4, 5, 6 or 9' },
      ),
      'a list of figures',
    ),
    formats,
    conditions: words,
    allFilters: flag,
  } satisfies Schemas<InspectOptions>,
  ['out'],
);
