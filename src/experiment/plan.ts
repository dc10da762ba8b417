/** An experiment made concrete: the settings of every run, and what is measured of it. Nothing is written. */
import { availableParallelism } from 'node:os';
import { BENCHMARK_CORRUPTIONS } from '../corrupt/index.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { checkLimits } from '../engine/limits.ts';
import { checkEngineOptions, type EngineChoice } from '../engine/options.ts';
import { openTestData } from '../evaluate/images/test-data.ts';
import type { EvaluateOptions } from '../evaluate/options.ts';
import { countMultiplyAdds } from '../models/cost.ts';
import type { RunConfig } from '../run/config.ts';
import { planConfigs } from '../train/plan.ts';
import type { TrainingRequest } from '../train/request.ts';
import { defaultWorkers } from '../train/start.ts';
import { corruptedSpec, dataSpec, dataTitle, otherDataNote } from './data.ts';
import { type Experiment, readExperiment } from './read.ts';
import type { ExperimentRow } from './rows.ts';
import { describeScale, type Extent, type Scale, scaled } from './scale.ts';
import { type SeedChoice, selectRows } from './selection.ts';

/** What is asked for. How it is carried out changes no figure; its precision does, and is the same for all runs. */
export interface ExperimentOptions extends Partial<EngineOptions> {
  /** Path of an experiment file, the name of a shipped one, or one that was read. */
  readonly experiment: string | Experiment;
  /** Folder of runs, results, tables, figures and report; made where there is none. */
  readonly out: string;
  /** Where the data is, in place of what the file says. */
  readonly data?: string;
  /** The published corrupted set to measure on, in place of what the file says. */
  readonly corrupted?: string;
  /** A rehearsal: narrower, shorter, on fewer images. */
  readonly scale?: Scale;
  /** Only these rows; * stands for any letters. */
  readonly only?: readonly string[];
  /** Other seeds than the file's. */
  readonly seeds?: readonly SeedChoice[];
  /** Trainings and evaluations side by side, which share the threads. Default 1. */
  readonly jobs?: number;
  /** Threads that compute, all jobs together. Default: all cores. */
  readonly threads?: number;
  /** Threads that load images, all jobs together. Default: one for two cores in training, one a core in evaluation. */
  readonly workers?: number;
  /** Where downloaded data sets are. */
  readonly cacheDir?: string;
}

/** One training with its evaluation. */
export interface PlannedRun {
  /** `resnet18-conv-seed1`: name of its folder and of its result. */
  readonly name: string;
  readonly row: ExperimentRow;
  readonly seed: number;
  readonly config: RunConfig;
  /** Multiply-adds of one image's forward pass. */
  readonly multiplyAdds: number;
}

export interface PlannedRow {
  readonly row: ExperimentRow;
  /** With the row's first seed. */
  readonly config: RunConfig;
  readonly full: Extent;
  readonly scaled: Extent;
}

/** What is measured of every run, as `evaluate` takes it. */
export type PlannedEvaluation = Pick<
  EvaluateOptions,
  | 'data'
  | 'clean'
  | 'corruptions'
  | 'severities'
  | 'limit'
  | 'seed'
  | 'batchSize'
  | 'preprocessing'
  | 'cacheDir'
> & {
  /** Cells, the clean one included. */
  readonly cells: number;
  /** Images of a cell. */
  readonly images: number;
};

export interface ExperimentPlan {
  readonly experiment: Experiment;
  readonly out: string;
  /** As data sets call themselves: `CIFAR-10`, `cifar10-jpeg`. */
  readonly dataName: string;
  readonly scale?: Scale;
  /** How it is smaller than the file says, in words; undefined where it is not. */
  readonly scaledText?: string;
  /** That the data is not what the file means; undefined where it is. */
  readonly dataNote?: string;
  /** Every row of the file. */
  readonly rows: readonly PlannedRow[];
  /** What this command is about, in the order in which it is begun. */
  readonly runs: readonly PlannedRun[];
  readonly evaluation: PlannedEvaluation;
  readonly jobs: number;
  /** What computes trainings and evaluations; the threads of each job. */
  readonly engine: EngineOptions & { readonly threads: number };
  readonly workers: { readonly training: number; readonly evaluation: number };
  readonly cacheDir?: string;
}

/**
 * Read the file, open the data, and decide everything that was left open.
 *
 * @throws UserError for everything a user can mend
 */
export async function planExperiment(options: ExperimentOptions): Promise<ExperimentPlan> {
  checkEngineOptions(options);
  checkLimits({ jobs: options.jobs, workers: options.workers });
  const experiment =
    typeof options.experiment === 'string' ? await readExperiment(options.experiment) : options.experiment;
  const selected = selectRows(experiment.rows, options.only, options.seeds);
  const spec = dataSpec(experiment, options.data);
  const rows = await planRows(experiment.rows, spec, options);
  const [first] = rows;
  const dataName = dataTitle(first!.config.data);
  const evaluation = await planEvaluation(experiment, spec, first!, options);
  const { jobs = 1, cacheDir, scale } = options;
  const { engine, device = 'cpu', precision, gpu, tf32, torch } = options;
  const share = (threads: number) => Math.max(1, Math.floor(threads / jobs));
  const scaledText = describeScale(rows);
  const dataNote = otherDataNote(experiment, dataName);
  return {
    experiment,
    out: options.out,
    dataName,
    ...(scale && { scale }),
    ...(scaledText && { scaledText }),
    ...(dataNote && { dataNote }),
    rows,
    runs: planRuns(rows, selected),
    evaluation,
    jobs,
    engine: {
      ...{ engine, device, precision, gpu, tf32, torch },
      threads: share(options.threads ?? availableParallelism()),
    },
    workers: {
      training: share(options.workers ?? defaultWorkers()),
      evaluation: share(options.workers ?? availableParallelism()),
    },
    ...(cacheDir && { cacheDir }),
  };
}

async function planRows(
  rows: readonly ExperimentRow[],
  spec: string,
  { scale, cacheDir, engine, device, precision, tf32 }: ExperimentOptions,
): Promise<PlannedRow[]> {
  const choice: EngineChoice = { engine, device, precision, tf32 };
  const requests = rows.map((row): TrainingRequest => ({ ...toRequest(row, spec), ...choice, cacheDir }));
  const nameOf = (index: number) => `row ${rows[index]!.name}: `;
  const wholes = await planConfigs(requests, nameOf);
  const extents = wholes.map((config) => {
    const full = extentOf(config);
    return { full, scaled: scaled(full, scale, config.data.classes.length) };
  });
  const configs = scale
    ? await planConfigs(
        requests.map((request, index) => ({ ...request, ...smaller(extents[index]!) })),
        nameOf,
      )
    : wholes;
  return rows.map((row, index) => ({ row, config: configs[index]!, ...extents[index]! }));
}

function toRequest(
  { network, stem, augmentation, training, seeds }: ExperimentRow,
  data: string,
): TrainingRequest {
  const { antialias, bias: stemBias, ...layer } = stem;
  return {
    data,
    model: network,
    stem: layer,
    antialias,
    stemBias,
    augment: augmentation,
    ...training,
    seed: seeds[0],
  };
}

function extentOf({ model, recipe, data }: RunConfig): Extent {
  return { width: model.width, epochs: recipe.epochs, train: data.trainImages, test: data.testImages };
}

/** What a request of a rehearsal says; whole splits are not selected from. */
function smaller({ full, scaled }: { full: Extent; scaled: Extent }): Partial<TrainingRequest> {
  const limit = {
    ...(scaled.train < full.train && { train: scaled.train }),
    ...(scaled.test < full.test && { test: scaled.test }),
  };
  return {
    width: scaled.width,
    epochs: scaled.epochs,
    ...(Object.keys(limit).length > 0 && { limit }),
  };
}

/**
 * The runs in the order in which they are begun: all rows with their first seed, then with the next, so that tables have
 * every row early; what a row is compared with comes before it.
 */
function planRuns(rows: readonly PlannedRow[], selected: readonly ExperimentRow[]): PlannedRun[] {
  const ordered = new Set(
    selected.flatMap((row) => [...selected.filter(({ name }) => name === row.baseline), row]),
  );
  const runs = [...ordered].flatMap((row) => {
    const { config } = rows.find((planned) => planned.row.name === row.name)!;
    const multiplyAdds = countMultiplyAdds(config.model, config.preprocessing);
    return row.seeds.map((seed, turn) => {
      const name = runName(row.name, seed);
      return { turn, run: { name, row, seed, multiplyAdds, config: { ...config, seed } } };
    });
  });
  // Stable: rows keep their order inside a turn.
  return runs.sort((a, b) => a.turn - b.turn).map(({ run }) => run);
}

/** Name of a run's folder and of its result. */
export function runName(row: string, seed: number): string {
  return `${row}-seed${seed}`;
}

/** Opens what will be measured, so that a wrong path does not come out after days of training. */
async function planEvaluation(
  experiment: Experiment,
  spec: string,
  { full, scaled: small, config }: PlannedRow,
  { corrupted: given, cacheDir }: ExperimentOptions,
): Promise<PlannedEvaluation> {
  const { corruptions, severities, resize, seed, batchSize } = experiment.evaluation;
  const corrupted = corruptedSpec(experiment, given);
  const evaluation = {
    data: corrupted ?? spec,
    ...(corrupted !== undefined && { clean: spec }),
    // A published set may hold more than the 15 of the benchmark, which would be measured too.
    ...((corruptions || corrupted) && { corruptions: corruptions ?? BENCHMARK_CORRUPTIONS }),
    ...(severities && { severities }),
    ...(small.test < full.test && { limit: small.test }),
    seed,
    ...(batchSize !== undefined && { batchSize }),
    ...(resize !== undefined && { preprocessing: { resize } }),
    ...(cacheDir !== undefined && { cacheDir }),
  };
  const { classes } = config.data;
  const names = {
    names: classes.map((name) => [name]),
    complete: true,
    from: 'card',
    source: experiment.file,
  } as const;
  const test = await openTestData({ ...evaluation, model: experiment.file }, names);
  try {
    const cells = test.cells.length + (test.clean ? 1 : 0);
    const images = test.images(test.cells[0] ?? 'clean');
    return { ...evaluation, cells, images };
  } finally {
    await test.close();
  }
}
