/**
 * The public functions that take options, each with a look at them before any work. Those that work with files and engines
 * load their code when they are first called; they are documented where they are defined.
 */
import { inspectLayer as inspectLayerAsAsked } from '../analyze/inspection.ts';
import { corrupt as corruptAsAsked } from '../corrupt/index.ts';
import { DataLoader as UncheckedLoader } from '../data/loader/loader.ts';
import { setLimits as setLimitsAsAsked } from '../data/pictures/limits.ts';
import { computeMetrics as computeMetricsAsAsked } from '../evaluate/result/metrics.ts';
import { bootstrapErrors as bootstrapErrorsAsAsked } from '../evaluate/statistics/bootstrap.ts';
import { compareErrors as compareErrorsAsAsked } from '../evaluate/statistics/significance.ts';
import { makeSampleStrip as makeSampleStripAsAsked } from '../report/evidence/samples.ts';
import { paperTable as paperTableAsAsked } from '../report/tables/build-table.ts';
import { rowsOfResults as rowsOfResultsAsAsked } from '../report/tables/rows.ts';
import { terminalTable as terminalTableAsAsked } from '../report/terminal.ts';
import { settleNetwork as settleNetworkAsAsked } from '../weights/settle.ts';
import { type Asked, checked, checkedClass, later } from './check.ts';
import * as evaluations from './evaluation.ts';
import { PREPROCESSING_NAMES } from './flags.ts';
import { text } from './kinds.ts';
import * as other from './other.ts';
import * as trainings from './training.ts';

const as = (name: string, schema: Asked['schema']): Asked => ({ name, schema });
const options = (schema: Asked['schema']) => as('options', schema);
const session = (schema: Asked['schema']) => as('session', schema);

/** See `evaluate/evaluate.ts`. Measures a classifier on clean and corrupted images. */
export const evaluate: typeof import('../evaluate/evaluate.ts').evaluate = later(
  'evaluate',
  [options(evaluations.evaluation)],
  async () => (await import('../evaluate/evaluate.ts')).evaluate,
  PREPROCESSING_NAMES,
);

/** See `evaluate/subject.ts`. Finds out how {@link evaluate} would read a model; nothing is measured or written. */
export const previewModel: typeof import('../evaluate/subject.ts').previewModel = later(
  'previewModel',
  [options(evaluations.evaluation)],
  async () => (await import('../evaluate/subject.ts')).previewModel,
  PREPROCESSING_NAMES,
);

/** See `evaluate/retrofit/retrofit.ts`. Gives a trained model a push-pull first layer. */
export const retrofitModel: typeof import('../evaluate/retrofit/retrofit.ts').retrofitModel = later(
  'retrofitModel',
  [as('request', evaluations.retrofitting)],
  async () => (await import('../evaluate/retrofit/retrofit.ts')).retrofitModel,
  PREPROCESSING_NAMES,
);

/** See `train/start.ts`. Trains a network: opens the data, decides what was left open, trains, saves, exports. */
export const startRun: typeof import('../train/start.ts').startRun = later(
  'startRun',
  [as('request', trainings.training), session(trainings.trainingSession)],
  async () => (await import('../train/start.ts')).startRun,
);

/** See `train/start.ts`. Continues a run from its last checkpoint. */
export const resumeRun: typeof import('../train/start.ts').resumeRun = later(
  'resumeRun',
  [session(trainings.trainingSession), as('changes', trainings.runChanges)],
  async () => (await import('../train/start.ts')).resumeRun,
);

/** See `train/search/search.ts`. Tries settings on held-out images. */
export const startSearch: typeof import('../train/search/search.ts').startSearch = later(
  'startSearch',
  [as('request', trainings.searching), session(trainings.searchSession)],
  async () => (await import('../train/search/search.ts')).startSearch,
);

/** See `train/search/search.ts`. Continues a search. */
export const resumeSearch: typeof import('../train/search/search.ts').resumeSearch = later(
  'resumeSearch',
  [session(trainings.searchSession), as('changes', trainings.searchChanges)],
  async () => (await import('../train/search/search.ts')).resumeSearch,
);

/** See `experiment/plan.ts`. Reads an experiment, opens its data, and decides everything that was left open. */
export const planExperiment: typeof import('../experiment/plan.ts').planExperiment = later(
  'planExperiment',
  [options(trainings.experiment)],
  async () => (await import('../experiment/plan.ts')).planExperiment,
);

/** See `experiment/run.ts`. Trains, measures and reports all that an experiment lists. */
export const runExperiment: typeof import('../experiment/run.ts').runExperiment = later(
  'runExperiment',
  [options(trainings.experiment), session(trainings.experimentSession)],
  async () => (await import('../experiment/run.ts')).runExperiment,
);

/** See `data/dataset.ts`. Opens the images of one split. */
export const openDataset: typeof import('../data/dataset.ts').openDataset = later(
  'openDataset',
  [as('spec', text), as('split', other.split), options(other.opening)],
  async () => (await import('../data/dataset.ts')).openDataset,
);

/** See `engine/node/index.ts`. Starts what computes. */
export const createEngine: typeof import('../engine/node/index.ts').createEngine = later(
  'createEngine',
  [options(other.engineOptions)],
  async () => (await import('../engine/node/index.ts')).createEngine,
);

/** See `report/build.ts`. Writes a report on results. */
export const buildReport: typeof import('../report/build.ts').buildReport = later(
  'buildReport',
  [undefined, options(other.report)],
  async () => (await import('../report/build.ts')).buildReport,
);

/** See `report/paper/comparison.ts`. Draws the figures that compare networks. */
export const writeComparisonFigures: typeof import('../report/paper/comparison.ts').writeComparisonFigures =
  later(
    'writeComparisonFigures',
    [undefined, options(other.comparisonFigures)],
    async () => (await import('../report/paper/comparison.ts')).writeComparisonFigures,
  );

/** See `report/paper/inspect.ts`. Draws the figures about one model. */
export const inspectModel: typeof import('../report/paper/inspect.ts').inspectModel = later(
  'inspectModel',
  [as('modelOrRun', text), options(other.inspecting)],
  async () => (await import('../report/paper/inspect.ts')).inspectModel,
);

/** See `analyze/first-layer.ts`. The kernels of a model's first layer. */
export const readFirstLayer: typeof import('../analyze/first-layer.ts').readFirstLayer = later(
  'readFirstLayer',
  [as('modelOrRun', text), options(other.firstLayer)],
  async () => (await import('../analyze/first-layer.ts')).readFirstLayer,
);

/** See `evaluate/statistics/compare-results.ts`. Compares two result files image by image. */
export const compareResults: typeof import('../evaluate/statistics/compare-results.ts').compareResults =
  later(
    'compareResults',
    [undefined, undefined, options(other.bootstrap)],
    async () => (await import('../evaluate/statistics/compare-results.ts')).compareResults,
  );

/** See `analyze/inspection.ts`. Analyses a layer under its own inhibition and a grid of others. */
export const inspectLayer = checked(
  'inspectLayer',
  [undefined, options(other.inspection)],
  inspectLayerAsAsked,
);

/** See `corrupt/index.ts`. A corrupted copy of an image, of the same size. */
export const corrupt = checked('corrupt', [undefined, options(other.corruption)], corruptAsAsked);

/** See `data/pictures/limits.ts`. Limits on pictures and archives for this process. */
export const setLimits = checked('setLimits', [as('limits', other.limits)], setLimitsAsAsked);

/** See `evaluate/result/metrics.ts`. The metrics of measured errors. */
export const computeMetrics = checked(
  'computeMetrics',
  [undefined, options(other.metrics)],
  computeMetricsAsAsked,
);

/** See `evaluate/statistics/bootstrap.ts`. Intervals of errors by drawing images anew. */
export const bootstrapErrors = checked(
  'bootstrapErrors',
  [undefined, undefined, options(other.bootstrapWithAlexnet)],
  bootstrapErrorsAsAsked,
);

/** See `evaluate/statistics/significance.ts`. Which differences of two networks are more than chance. */
export const compareErrors = checked(
  'compareErrors',
  [undefined, undefined, options(other.bootstrap)],
  compareErrorsAsAsked,
);

/** See `report/evidence/samples.ts`. One image under the corruptions of the benchmark. */
export const makeSampleStrip = checked(
  'makeSampleStrip',
  [undefined, options(other.samples)],
  makeSampleStripAsAsked,
);

/** See `report/tables/build-table.ts`. A table in the paper's layout. */
export const paperTable = checked(
  'paperTable',
  [undefined, undefined, options(other.paperTables)],
  paperTableAsAsked,
);

/** See `report/tables/rows.ts`. Groups results to the rows of a table. */
export const rowsOfResults = checked('rowsOfResults', [undefined, options(other.rows)], rowsOfResultsAsAsked);

/** See `report/terminal.ts`. The table of a report as text. */
export const terminalTable = checked(
  'terminalTable',
  [undefined, options(other.terminal)],
  terminalTableAsAsked,
);

/** See `weights/settle.ts`. The network that weights belong to. */
export const settleNetwork = checked(
  'settleNetwork',
  [undefined, as('asked', trainings.askedNetwork)],
  settleNetworkAsAsked,
);

/** See `data/loader/loader.ts`. One pass over a data set in batches. */
export const DataLoader = checkedClass('DataLoader', [options(other.loading)], UncheckedLoader);
export type DataLoader = UncheckedLoader;
