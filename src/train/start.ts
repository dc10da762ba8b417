import { availableParallelism } from 'node:os';
import type { BadLimit } from '../data/bad-images.ts';
import type { Device } from '../engine/engine.ts';
import { createEngine } from '../engine/node/index.ts';
import type { RunConfig } from './config.ts';
import { openRunData } from './images.ts';
import { networkLearner } from './network.ts';
import { type PlannedRun, planRun, reopenSplits, type TrainingRequest } from './plan.ts';
import { isRun, openRun } from './run.ts';
import { checkSameRun } from './same-config.ts';
import { type TrainingEvent, type TrainResult, train } from './trainer.ts';
import { readInitial } from './weights/initial.ts';

/** How a run is carried out; none of it changes its result. */
export interface SessionOptions {
  /** The run's folder. */
  readonly out: string;
  /** Threads of ONNX Runtime; all cores when left out. */
  readonly threads?: number;
  readonly onConfig?: (config: RunConfig) => void;
  readonly onEvent?: (event: TrainingEvent) => void;
  /** Abort to stop after the step at hand; a checkpoint is saved. */
  readonly signal?: AbortSignal;
  readonly cacheDir?: string;
  /** Stop when more images cannot be read. Default: 1 % of all, but at least 10. */
  readonly maxBad?: BadLimit;
}

/**
 * Train a network from scratch: open the data, decide what was left open, train, save, export.
 *
 * @throws UserError for everything a user can mend.
 */
export async function startRun(request: TrainingRequest, session: SessionOptions): Promise<TrainResult> {
  const workers = request.workers ?? defaultWorkers();
  return carryOut(await planRun({ cacheDir: session.cacheDir, ...request, workers }), session, false);
}

/** Continue a run from its last checkpoint. Device and workers may differ from those it was started with. */
export async function resumeRun(
  session: SessionOptions,
  changes: { device?: Device; workers?: number } = {},
): Promise<TrainResult> {
  const { config: stored } = await openRun(session.out);
  const config = {
    ...stored,
    device: changes.device ?? stored.device,
    workers: changes.workers ?? stored.workers,
  };
  return carryOut({ config, splits: await reopenSplits(config, session.cacheDir) }, session, true);
}

/**
 * Carry out a run whose settings are decided: from its last checkpoint if its folder has one, else from the start.
 *
 * @throws UserError when the folder holds a run with other settings; device and workers may differ.
 */
export async function continueRun(config: RunConfig, session: SessionOptions): Promise<TrainResult> {
  const run = (await isRun(session.out)) ? await openRun(session.out) : undefined;
  const begun = run?.checkpoint !== undefined || run?.model !== undefined;
  if (begun) checkSameRun(session.out, run.config, config);
  return carryOut({ config, splits: await reopenSplits(config, session.cacheDir) }, session, begun);
}

/** Enough to keep one training process fed; the other cores belong to the network. */
export function defaultWorkers(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2));
}

async function carryOut(
  { config, splits }: PlannedRun,
  session: SessionOptions,
  resume: boolean,
): Promise<TrainResult> {
  const closing: (() => Promise<void>)[] = [() => splits.train.close(), () => splits.test.close()];
  try {
    session.onConfig?.(config);
    const engine = await createEngine({ device: config.device, threads: session.threads });
    closing.push(() => engine.close());
    const learner = await networkLearner(engine, config, resume ? undefined : await readInitial(config));
    closing.push(() => learner.dispose());
    const data = openRunData(config, splits);
    closing.push(() => data.close());
    const { out, onEvent, signal, maxBad } = session;
    return await train({ out, config, learner, data, resume, onEvent, signal, maxBad });
  } finally {
    for (const close of closing.reverse()) await close();
  }
}
