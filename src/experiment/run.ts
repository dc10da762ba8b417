/** `pushpull experiment` as a function: train, measure and report what is missing. */

import { UserError } from '../errors.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { readResult } from '../evaluate/result/result.ts';
import type { Result } from '../evaluate/result/schema.ts';
import { folderLock, withLock } from '../files/lock.ts';
import { openRun } from '../run/run.ts';
import { DivergedError } from '../train/diverged.ts';
import { continueRun } from '../train/start.ts';
import type { TrainingEvent } from '../train/training.ts';
import { knownRates } from './estimate/estimate.ts';
import { storeRates } from './estimate/stored-rates.ts';
import { adopt, type Existing } from './existing.ts';
import { checkFolder, experimentPaths, makeFolder, writeFolder } from './folder.ts';
import { type Outputs, writeOutputs, writeTables } from './outputs.ts';
import {
  type ExperimentOptions,
  type ExperimentPlan,
  type PlannedRun,
  planExperiment,
  runName,
} from './plan.ts';
import { carryOut, type Task } from './schedule.ts';
import { initialStates, type RunState, tellLog, tellResult, writeStatus } from './state.ts';

/** What happens during an experiment, for displays and logs. The states are always the ones of `start`. */
export type ExperimentEvent =
  | { readonly kind: 'start'; readonly plan: ExperimentPlan; readonly states: readonly RunState[] }
  /** Something of a run has moved on by a step or a batch. */
  | { readonly kind: 'progress'; readonly state: RunState }
  /** A training or an evaluation has begun or ended. */
  | { readonly kind: 'stage'; readonly state: RunState; readonly of: 'training' | 'evaluation' }
  /** Something that a person should know. */
  | { readonly kind: 'note'; readonly text: string; readonly run?: string }
  /** All that could be done is done, and the tables, figures and the report are being written. */
  | { readonly kind: 'outputs' };

export interface ExperimentSession {
  readonly onEvent?: (event: ExperimentEvent) => void;
  /** Abort to stop: trainings save a checkpoint, evaluations keep their finished cells. */
  readonly signal?: AbortSignal;
}

export interface ExperimentResult extends Outputs {
  /** `failed`: all was tried, and something failed; `interrupted`: the signal came. */
  readonly status: 'finished' | 'failed' | 'interrupted';
  readonly plan: ExperimentPlan;
  readonly states: readonly RunState[];
}

/**
 * Run what is missing of an experiment, and write its tables, figures and report.
 *
 * Runs and results that are in the folder are kept, also those that `pushpull train` made with the same settings.
 * A training that diverges, or anything else that fails, is marked; the others go on.
 *
 * @throws UserError for what a user can mend before anything is begun, and when another process works in the folder
 */
export async function runExperiment(
  options: ExperimentOptions,
  session: ExperimentSession = {},
): Promise<ExperimentResult> {
  const plan = await planExperiment(options);
  // Before the lock, which would make the folder: what is refused leaves nothing behind.
  await checkFolder(plan);
  return await withLock(
    folderLock(plan.out),
    async (signal) => {
      const earlier = await checkFolder(plan);
      const { states, existing } = await initialStates(plan);
      await makeFolder(plan.out);
      await writeFolder(plan, earlier);
      return await new Conduct(plan, states, { ...session, signal }).run(existing);
    },
    session.signal,
  );
}

/** One session of an experiment. */
class Conduct {
  readonly #plan: ExperimentPlan;
  readonly #states: readonly RunState[];
  readonly #emit: (event: ExperimentEvent) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #paths: ReturnType<typeof experimentPaths>;
  /** Files are written one after the other, whatever runs side by side. */
  #writing: Promise<void> = Promise.resolve();
  #badImages = new Set<string>();

  constructor(plan: ExperimentPlan, states: readonly RunState[], { onEvent, signal }: ExperimentSession) {
    this.#plan = plan;
    this.#states = states;
    this.#emit = onEvent ?? (() => {});
    this.#signal = signal;
    this.#paths = experimentPaths(plan.out);
  }

  async run(existing: Existing): Promise<ExperimentResult> {
    const { runs, jobs } = this.#plan;
    this.#emit({ kind: 'start', plan: this.#plan, states: this.#states });
    for (const text of await adopt(this.#plan, existing)) this.#emit({ kind: 'note', text });
    this.#noteBaselines();
    await this.#refreshCompared(existing);
    // Evaluations first: a row that is finished is worth more than two that are begun.
    const evaluations = runs.map((run) => this.#evaluation(run));
    const trainings = runs.map((run) => this.#training(run));
    await carryOut([...evaluations, ...trainings], jobs, this.#signal);
    await this.#writing;
    await writeStatus(this.#plan.out, this.#states);
    const rest = { plan: this.#plan, states: this.#states };
    if (this.#signal?.aborted)
      return { status: 'interrupted', ...rest, tables: [], files: [], omissions: [] };
    this.#emit({ kind: 'outputs' });
    const outputs = await writeOutputs(this.#plan);
    const failed = this.#states.some(
      ({ training, evaluation }) => training.stage === 'failed' || evaluation.stage !== 'done',
    );
    return { status: failed ? 'failed' : 'finished', ...rest, ...outputs };
  }

  /** Say which rows lack what they are compared with. */
  #noteBaselines(): void {
    const there = new Set(this.#plan.runs.map(({ row }) => row.name));
    for (const baseline of new Set(this.#plan.runs.flatMap(({ row }) => row.baseline ?? []))) {
      if (there.has(baseline)) continue;
      const text = `${baseline} is not among the rows that are run: what is compared with it needs its results for mrCE`;
      this.#emit({ kind: 'note', text });
    }
  }

  /** Results that are complete, but were compared with no baseline or an older one, are compared anew. */
  async #refreshCompared({ results }: Existing): Promise<void> {
    for (const run of this.#plan.runs) {
      const result = results.get(run.name);
      const file = result?.complete ? await this.#baselineFile(run) : undefined;
      if (file === undefined) continue;
      const { model } = await readResult(file);
      if (result!.baseline?.model.sha256 !== model.sha256) this.#state(run).evaluation.stage = 'waiting';
    }
  }

  #state({ name }: PlannedRun): RunState {
    return this.#states.find((state) => state.name === name)!;
  }

  #training(run: PlannedRun): Task {
    const state = this.#state(run);
    return {
      ready: () => state.training.stage === 'waiting',
      work: async () => {
        await this.#guarded(state, 'training', async () => {
          const folder = this.#paths.run(run.name);
          const { workers, cacheDir } = this.#plan;
          const { threads, gpu, torch } = this.#plan.engine;
          const result = await continueRun(
            { ...run.config, workers: workers.training },
            {
              out: folder,
              ...{ threads, gpu, torch, cacheDir },
              signal: this.#signal,
              onEvent: (event) => this.#trainingEvent(state, event),
            },
          );
          tellLog(state.training, result.log);
          return result.status === 'finished' ? 'done' : 'stopped';
        });
        if (state.training.stage === 'failed') state.evaluation.stage = 'skipped';
        await this.#wrote(async () => {
          await writeStatus(this.#plan.out, this.#states);
          await this.#storeRate(run, state, 'training');
        });
      },
    };
  }

  #trainingEvent(state: RunState, event: TrainingEvent): void {
    const { training } = state;
    if (event.kind === 'badImage') {
      if (this.#badImages.has(event.path)) return;
      this.#badImages.add(event.path);
      this.#emit({ kind: 'note', text: `${event.path} was left out: ${event.reason}`, run: state.name });
      return;
    }
    if (event.kind === 'checkpointFailed') {
      this.#emit({ kind: 'note', text: event.reason, run: state.name });
      return;
    }
    if (event.kind === 'step') {
      training.progress = (event.epoch - 1 + event.batch / event.batches) / training.epochs;
      training.trainError = 1 - event.top1;
      training.imagesPerSecond = event.imagesPerSecond;
      training.remainingSeconds = event.remainingSeconds;
    } else if (event.kind === 'epoch') {
      training.epoch = event.record.epoch;
      training.error = 1 - event.record.test.top1;
    } else return;
    this.#emit({ kind: 'progress', state });
  }

  #evaluation(run: PlannedRun): Task {
    const state = this.#state(run);
    const { evaluation, training } = state;
    return {
      ready: () => evaluation.stage === 'waiting' && training.stage === 'done' && this.#baselineSettled(run),
      work: async () => {
        await this.#guarded(state, 'evaluation', async () => {
          tellResult(evaluation, await this.#measure(run, state));
          return 'done';
        });
        await this.#wrote(async () => {
          await writeStatus(this.#plan.out, this.#states);
          await this.#storeRate(run, state, 'evaluation');
          if (evaluation.stage === 'done') await writeTables(this.#plan);
        });
      },
    };
  }

  /** Later plans on this machine need not measure what a finished stage tells. */
  async #storeRate(run: PlannedRun, state: RunState, of: 'training' | 'evaluation'): Promise<void> {
    if (state[of].stage !== 'done') return;
    const rates = knownRates({ ...this.#plan, runs: [run] }, [state]);
    await storeRates(
      this.#plan,
      run,
      rates.filter(({ stage }) => stage === of),
      'finished',
    );
  }

  async #measure(run: PlannedRun, { evaluation, name }: RunState): Promise<Result> {
    const { cells: _, images: __, ...measured } = this.#plan.evaluation;
    const { engine, workers } = this.#plan;
    return await evaluate({
      ...measured,
      model: this.#paths.run(name),
      out: this.#paths.result(name),
      baseline: await this.#baselineFile(run),
      ...engine,
      workers: workers.evaluation,
      signal: this.#signal,
      onEvent: (event) => {
        if (event.kind === 'start') evaluation.finished = event.finished;
        else if (event.kind === 'progress') {
          const { cell, imagesPerSecond, remainingSeconds } = event;
          evaluation.cell = cell === 'clean' ? 'clean' : `${cell.corruption} ${cell.severity}`;
          Object.assign(evaluation, { imagesPerSecond, remainingSeconds });
        } else if (event.kind === 'cell') {
          evaluation.finished++;
          if (event.cell === 'clean') evaluation.error = event.top1;
        }
        this.#emit({ kind: 'progress', state: this.#state(run) });
      },
    });
  }

  /** Whether the run that this one is compared with is measured, or will not be. */
  #baselineSettled({ row, seed }: PlannedRun): boolean {
    const baseline = this.#states.find((state) => state.row === row.baseline && state.seed === seed);
    return baseline === undefined || !['waiting', 'running'].includes(baseline.evaluation.stage);
  }

  /** The result of the row that this one is compared with: of the same seed, else of the first that is there. */
  async #baselineFile({ row, seed }: PlannedRun): Promise<string | undefined> {
    if (row.baseline === undefined) return undefined;
    const baseline = this.#plan.rows.find((planned) => planned.row.name === row.baseline)!;
    for (const candidate of [seed, ...baseline.row.seeds]) {
      const file = this.#paths.result(runName(row.baseline, candidate));
      const result = await readResult(file).catch(() => undefined);
      if (result?.complete) return file;
    }
    return undefined;
  }

  /** Carry out a stage of a run, and note how it ended. */
  async #guarded(
    state: RunState,
    of: 'training' | 'evaluation',
    work: () => Promise<'done' | 'stopped'>,
  ): Promise<void> {
    const own = state[of];
    own.stage = 'running';
    this.#emit({ kind: 'stage', state, of });
    try {
      own.stage = await work();
    } catch (error) {
      // Weights of a run that is stopped can be seen to be no numbers before its loss would be; it diverges again.
      if (this.#signal?.aborted && (!(error instanceof UserError) || error instanceof DivergedError)) {
        own.stage = 'stopped';
      } else {
        own.stage = 'failed';
        own.reason = error instanceof UserError ? error.message : String((error as Error).stack ?? error);
        if (error instanceof DivergedError) {
          Object.assign(state.training, {
            reason: `diverged at step ${error.step}: ${error.reason}`,
            diverged: true,
          });
          const { log } = await openRun(this.#paths.run(state.name));
          tellLog(state.training, log);
        }
      }
    }
    own.remainingSeconds = undefined;
    own.imagesPerSecond = undefined;
    this.#emit({ kind: 'stage', state, of });
  }

  async #wrote(work: () => Promise<void>): Promise<void> {
    // What cannot be written is told once, by the last writing; trainings go on meanwhile.
    this.#writing = this.#writing.then(work).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      this.#emit({ kind: 'note', text: error.message });
    });
    await this.#writing;
  }
}
