import { availableParallelism } from 'node:os';
import type { BadLimit } from '../data/bad-images.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { checkLimits } from '../engine/limits.ts';
import { createEngine } from '../engine/node/index.ts';
import { checkEngineOptions, type EngineChoice, type EnginePlace, storedChoice } from '../engine/options.ts';
import { UserError } from '../errors.ts';
import { checkWritable } from '../files/files.ts';
import { folderLock, withLock } from '../files/lock.ts';
import type { RunConfig } from '../run/config.ts';
import { isRun, openRun, refuseRun } from '../run/run.ts';
import { checkSameRun } from '../run/same-config.ts';
import { readInitial } from '../weights/initial.ts';
import { checkRequest } from './check-request.ts';
import { openRunData } from './images.ts';
import { type PlannedRun, planRun, reopenSplits } from './plan.ts';
import type { TrainingRequest } from './request.ts';
import { networkLearner } from './step/network.ts';
import { train } from './trainer.ts';
import type { TrainingEvent, TrainResult } from './training.ts';

/** How a run is carried out; none of it changes its result. */
export interface SessionOptions extends EnginePlace {
  /** The run's folder. */
  readonly out: string;
  /** Told the settings before anything takes time, and those that the run was started with where it is resumed. */
  readonly onConfig?: (config: RunConfig, started?: RunConfig) => void;
  /** The images, once they are open. */
  readonly onData?: (splits: PlannedRun['splits']) => void;
  readonly onEvent?: (event: TrainingEvent) => void;
  /** Abort to stop after the step at hand; a checkpoint is saved. */
  readonly signal?: AbortSignal;
  readonly cacheDir?: string;
  /** Stop when more images cannot be read. Default: 1 % of all, but at least 10. */
  readonly maxBad?: BadLimit;
  /** Minutes between two checkpoints within an epoch; with 0 there are none. Default 5. */
  readonly checkpointEvery?: number;
}

/**
 * Train a network from scratch: open the data, decide what was left open, train, save, export.
 *
 * @throws UserError for everything a user can mend.
 */
export async function startRun(request: TrainingRequest, session: SessionOptions): Promise<TrainResult> {
  const { engine, device, precision, tf32, fixedThreads } = request;
  const { gpu, torch, threads } = session;
  checkEngineOptions({ engine, device, precision, tf32, fixedThreads, gpu, torch, threads });
  checkRequest(request);
  const workers = request.workers ?? defaultWorkers();
  return alone(session, async (held) => {
    await refuseRun(held.out);
    return carryOut(await planRun({ cacheDir: session.cacheDir, ...request, workers }), held);
  });
}

/** One process at a time trains in a run's folder. */
async function alone<T>(session: SessionOptions, work: (session: SessionOptions) => Promise<T>): Promise<T> {
  await checkWritable(session.out, 'folder');
  return await withLock(folderLock(session.out), (signal) => work({ ...session, signal }), session.signal);
}

/** What may be asked of a run that goes on; what is left out stays as it was started. */
export interface RunChanges extends EngineChoice {
  readonly workers?: number;
}

/**
 * Continue a run from its last checkpoint, on the engine that it was started on or on another. One that was killed before
 * its first checkpoint begins anew.
 */
export async function resumeRun(session: SessionOptions, changes: RunChanges = {}): Promise<TrainResult> {
  checkLimits({ workers: changes.workers, threads: session.threads });
  // Before the lock, which would make the folder.
  await openRun(session.out);
  return alone(session, async (held) => {
    const { config: stored, checkpoint, model } = await openRun(held.out);
    checkFixed(stored, changes, session.threads);
    const config = { ...onEngine(stored, changes), workers: changes.workers ?? stored.workers };
    checkEngineOptions(engineOptions(config, held));
    const begun = checkpoint !== undefined || model !== undefined;
    return carryOut(
      { config, splits: await reopenSplits(config, held.cacheDir) },
      held,
      begun ? stored : undefined,
    );
  });
}

/** @throws UserError where a deterministic run would be gone on with on something else than it was started on */
export function checkFixed(stored: RunConfig, changes: EngineChoice, threads: number | undefined): void {
  const { fixedThreads, engine = 'onnxruntime' } = stored;
  if (fixedThreads === undefined) {
    if (changes.fixedThreads === undefined) return;
    throw new UserError(
      '--deterministic: expected a run that was started with it, found one of any number of threads; leave it out',
    );
  }
  if (threads !== undefined && threads !== fixedThreads) {
    throw new UserError(
      `--threads: expected ${fixedThreads}, with which this run was started --deterministic, found ${threads}; leave it out`,
    );
  }
  if (changes.engine !== undefined && changes.engine !== engine) {
    throw new UserError(
      `--engine: expected ${engine}, on which this run was started --deterministic, found ${changes.engine}; leave it out`,
    );
  }
}

/** A run's settings with another choice of what computes it, as far as one is made. */
export function onEngine(stored: RunConfig, changes: EngineChoice): RunConfig {
  const { engine, precision, tf32, ...rest } = stored;
  const choice = {
    engine: changes.engine ?? engine,
    precision: changes.precision ?? precision,
    tf32: changes.tf32 ?? tf32,
    fixedThreads: stored.fixedThreads,
  };
  return { ...rest, device: changes.device ?? rest.device, ...storedChoice(choice) };
}

/**
 * Carry out a run whose settings are decided: from its last checkpoint if its folder has one, else from the start.
 *
 * @throws UserError when the folder holds a run with other settings; engine, device and workers may differ.
 */
export async function continueRun(config: RunConfig, session: SessionOptions): Promise<TrainResult> {
  checkEngineOptions(engineOptions(config, session));
  return alone(session, async (held) => {
    const run = (await isRun(held.out)) ? await openRun(held.out) : undefined;
    const begun = run?.checkpoint !== undefined || run?.model !== undefined;
    if (begun) checkSameRun(held.out, run.config, config);
    const splits = await reopenSplits(config, held.cacheDir);
    return carryOut({ config, splits }, held, begun ? run.config : undefined);
  });
}

/** Enough to keep one training process fed; the other cores belong to the network. */
export function defaultWorkers(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2));
}

/** @param started The settings that a run which is resumed was started with. */
async function carryOut(
  { config, splits }: PlannedRun,
  session: SessionOptions,
  started?: RunConfig,
): Promise<TrainResult> {
  const resume = started !== undefined;
  const closing: (() => Promise<void>)[] = [() => splits.train.close(), () => splits.test.close()];
  try {
    session.onConfig?.(config, started);
    session.onData?.(splits);
    const engine = await createEngine(engineOptions(config, session));
    closing.push(() => engine.close());
    const learner = await networkLearner(engine, config, resume ? undefined : await readInitial(config));
    closing.push(() => learner.dispose());
    const data = openRunData(config, splits);
    closing.push(() => data.close());
    const { out, onEvent, signal, maxBad, checkpointEvery } = session;
    return await train({ out, config, learner, data, resume, onEvent, signal, maxBad, checkpointEvery });
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** What a run is computed on, on this machine. */
export function engineOptions(
  { engine, device, precision, tf32, fixedThreads }: RunConfig,
  { threads, gpu, torch }: EnginePlace,
): EngineOptions & EngineChoice {
  return { engine, device, precision, tf32, fixedThreads, threads: fixedThreads ?? threads, gpu, torch };
}
