import { checkLimits } from '../../engine/limits.ts';
import { checkEngineOptions, type EngineChoice } from '../../engine/options.ts';
import { checkWritable } from '../../files/files.ts';
import { folderLock, withLock } from '../../files/lock.ts';
import type { RunConfig } from '../../run/config.ts';
import { isRun, openRun } from '../../run/run.ts';
import { checkSameRun } from '../../run/same-config.ts';
import { checkRequest } from '../check-request.ts';
import { DivergedError } from '../diverged.ts';
import { planRun } from '../plan.ts';
import type { TrainingRequest } from '../request.ts';
import {
  checkFixed,
  continueRun,
  defaultWorkers,
  engineOptions,
  onEngine,
  type SessionOptions,
} from '../start.ts';
import type { TrainingEvent } from '../training.ts';
import { checkPlan, extendPlan, type SearchGrid, type Trial } from './grid.ts';
import {
  divergedResult,
  finishedResult,
  type RankedSetting,
  rank,
  readResults,
  type TrialResult,
  writeResults,
} from './results.ts';
import {
  checkSameBase,
  createSearch,
  readSearch,
  type SearchSettings,
  searchPaths,
  searchSettings,
  trialConfig,
  trialsOfSearch,
  writeSearch,
} from './settings.ts';

/** What a person asks for; everything that is left out comes from the preset of the data. */
export interface SearchRequest {
  /** What all trials share. Its rate, weight decay, batch size and seed are left to the grid and to `seeds`. */
  readonly training: Omit<TrainingRequest, 'maxRate' | 'weightDecay' | 'batchSize' | 'seed'>;
  readonly grid?: Partial<SearchGrid>;
  /** Each setting is trained once with each; a seed decides the weights, the order and the held-out part. Default 0. */
  readonly seeds?: readonly number[];
  /** So many settings of the grid, drawn by the first seed. Default: all. */
  readonly trials?: number;
}

/** What may be asked of a search that goes on. Its precision stays, or its trials could not be compared. */
export interface SearchChanges extends Partial<SearchRequest>, Pick<EngineChoice, 'engine' | 'device'> {
  readonly workers?: number;
}

/** What happens during a search, for progress bars and logs. */
export type SearchEvent =
  | {
      readonly kind: 'start';
      readonly settings: SearchSettings;
      readonly trials: readonly Trial[];
      /** Results of earlier sessions. */
      readonly results: readonly TrialResult[];
    }
  /** `number` of all trials, counted from 1. */
  | { readonly kind: 'trial'; readonly trial: Trial; readonly number: number }
  | { readonly kind: 'training'; readonly trial: Trial; readonly event: TrainingEvent }
  | { readonly kind: 'result'; readonly result: TrialResult; readonly number: number };

/** How a search is carried out; none of it changes its results. */
export interface SearchSession
  extends Pick<
    SessionOptions,
    'out' | 'threads' | 'gpu' | 'torch' | 'signal' | 'cacheDir' | 'maxBad' | 'checkpointEvery'
  > {
  readonly onEvent?: (event: SearchEvent) => void;
}

export interface SearchResult {
  readonly status: 'finished' | 'interrupted';
  readonly settings: SearchSettings;
  /** In the order of the trials. */
  readonly results: readonly TrialResult[];
  /** The settings from best to worst. */
  readonly ranking: readonly RankedSetting[];
}

/** Share of the training images on which trials are compared. */
export const DEFAULT_VALIDATION = 0.1;

/**
 * Search the learning rate, the weight decay and the batch size on a grid, as the paper's "preliminary grid search"
 * (Sec. 4.2): each trial is an ordinary run on a part of the training images, and they are compared on the part that
 * was held out. The test images are not even opened.
 *
 * The folder gets search.json (all settings), a run folder a trial, and results.json and results.csv, which are written
 * after each trial.
 *
 * @throws UserError for everything a user can mend. A trial that diverges is a result, and no error.
 */
export async function startSearch(request: SearchRequest, session: SearchSession): Promise<SearchResult> {
  // What costs nothing is checked first: nobody wants to wait for a data set to hear of a wrong number.
  checkPlan(request);
  const { engine, device, precision, tf32 } = request.training;
  checkEngineOptions({ engine, device, precision, tf32, gpu: session.gpu, torch: session.torch });
  checkLimits({ threads: session.threads });
  checkRequest(request.training);
  checkGrid(request);
  return alone(session, (held) => beginSearch(request, held));
}

/** One process at a time searches in a folder. */
async function alone<T>(session: SearchSession, work: (session: SearchSession) => Promise<T>): Promise<T> {
  await checkWritable(session.out, 'folder');
  return await withLock(folderLock(session.out), (signal) => work({ ...session, signal }), session.signal);
}

/** Each value that trials vary, as a run alone would have it. */
function checkGrid({ grid, seeds }: Partial<SearchRequest>): void {
  for (const batchSize of grid?.batchSize ?? []) checkLimits({ batchSize });
  for (const seed of seeds ?? []) checkLimits({ seed });
}

async function beginSearch(request: SearchRequest, session: SearchSession): Promise<SearchResult> {
  const seeds = request.seeds ?? [0];
  const base = await planBase(request.training, seeds[0], session);
  const { recipe } = base;
  const grid = {
    maxRate: request.grid?.maxRate ?? [recipe.rates.max],
    weightDecay: request.grid?.weightDecay ?? [recipe.weightDecay],
    batchSize: request.grid?.batchSize ?? [recipe.batchSize],
  };
  const settings = searchSettings({ grid, seeds, trials: request.trials ?? null }, base);
  await createSearch(session.out, settings);
  return carryOut(settings, session);
}

/**
 * Go on with a search: finished trials are kept, the one at hand continues from its checkpoint. The grid and the seeds
 * may get new values, and with them new trials.
 *
 * @throws UserError when what is asked for now would make trials that cannot be compared with those that are done
 */
export async function resumeSearch(
  session: SearchSession,
  changes: SearchChanges = {},
): Promise<SearchResult> {
  checkLimits({ threads: session.threads, workers: changes.workers });
  // Before the lock, which would make the folder.
  await readSearch(session.out);
  return alone(session, (held) => goOn(held, changes));
}

async function goOn(session: SearchSession, changes: SearchChanges): Promise<SearchResult> {
  const stored = await readSearch(session.out);
  const plan = extendPlan(stored, changes);
  checkGrid(changes);
  const { training } = changes;
  const engine = changes.engine ?? training?.engine;
  const device = changes.device ?? training?.device;
  const workers = changes.workers ?? training?.workers ?? stored.base.workers;
  checkFixed(stored.base, { engine, fixedThreads: training?.fixedThreads }, session.threads);
  const base = { ...onEngine(stored.base, { engine, device }), workers };
  checkEngineOptions(engineOptions(base, session));
  if (training) checkSameBase(stored.base, await planBase(training, stored.base.seed, session));
  const settings = searchSettings(plan, base);
  await writeSearch(session.out, settings);
  return carryOut(settings, session);
}

/** The run that trials vary, with the preset's own rate, weight decay and batch size. */
async function planBase(
  training: SearchRequest['training'],
  seed: number,
  { cacheDir }: SearchSession,
): Promise<RunConfig> {
  const { validation = DEFAULT_VALIDATION, workers = defaultWorkers() } = training;
  const { config, splits } = await planRun({ cacheDir, ...training, validation, workers, seed });
  await Promise.all([splits.train.close(), splits.test.close()]);
  return config;
}

async function carryOut(settings: SearchSettings, session: SearchSession): Promise<SearchResult> {
  const { out, signal, onEvent = () => {} } = session;
  const trials = trialsOfSearch(settings);
  const done = await earlierResults(settings, trials, out);
  const results = () => trials.flatMap(({ name }) => done.get(name) ?? []);
  onEvent({ kind: 'start', settings, trials, results: results() });
  await writeResults(out, results());
  for (const [index, trial] of trials.entries()) {
    if (done.has(trial.name)) continue;
    const number = index + 1;
    onEvent({ kind: 'trial', trial, number });
    const result = signal?.aborted ? undefined : await runTrial(settings, trial, session);
    if (!result) return { status: 'interrupted', settings, results: results(), ranking: rank(results()) };
    done.set(trial.name, result);
    await writeResults(out, results());
    onEvent({ kind: 'result', result, number });
  }
  return { status: 'finished', settings, results: results(), ranking: rank(results()) };
}

/** Train a trial to its end; undefined when it was interrupted. */
async function runTrial(
  settings: SearchSettings,
  trial: Trial,
  { out, signal, onEvent, threads, gpu, torch, cacheDir, maxBad, checkpointEvery }: SearchSession,
): Promise<TrialResult | undefined> {
  const folder = searchPaths(out).trial(trial);
  try {
    const { status, log } = await continueRun(trialConfig(settings, trial), {
      out: folder,
      threads,
      gpu,
      torch,
      cacheDir,
      maxBad,
      checkpointEvery,
      signal,
      onEvent: (event) => onEvent?.({ kind: 'training', trial, event }),
    });
    return status === 'finished' ? finishedResult(trial, log) : undefined;
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    // The weights of a run that is stopped can be seen to be no numbers one step before its loss would be: when it goes
    // on it diverges again, at the step at which it does so without a stop.
    return signal?.aborted ? undefined : divergedResult(trial, (await openRun(folder)).log, error);
  }
}

/**
 * What earlier sessions came to, by the trial's name. A trial that was finished is told by its run folder, also when the
 * search was killed before it could note it; only the end of one that diverged is known from the notes alone.
 */
async function earlierResults(
  settings: SearchSettings,
  trials: readonly Trial[],
  out: string,
): Promise<Map<string, TrialResult>> {
  const noted = new Map((await readResults(out)).map((result) => [result.name, result]));
  const found = new Map<string, TrialResult>();
  for (const trial of trials) {
    const folder = searchPaths(out).trial(trial);
    if (!(await isRun(folder))) continue;
    const { config, log, model } = await openRun(folder);
    const result = noted.get(trial.name);
    const finished = model !== undefined && log.length === config.recipe.epochs;
    if (!finished && result?.outcome.status !== 'diverged') continue;
    checkSameRun(folder, config, trialConfig(settings, trial));
    found.set(trial.name, finished ? finishedResult(trial, log) : result!);
  }
  return found;
}
