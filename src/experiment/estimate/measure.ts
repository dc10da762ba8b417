/** A short look at how fast a run of an experiment trains and is measured here. Nothing stays behind. */

import type { CorruptionName } from '../../corrupt/index.ts';
import { createEngine } from '../../engine/node/index.ts';
import { evaluate } from '../../evaluate/evaluate.ts';
import { writeFile } from '../../files/fs.ts';
import { makeTemporaryFolder } from '../../files/leftovers.ts';
import { saveCheckpoint } from '../../run/checkpoint.ts';
import type { RunConfig } from '../../run/config.ts';
import { emptyRunning, howTrained } from '../../run/history.ts';
import { createRun, runPaths } from '../../run/run.ts';
import { openRunData } from '../../train/images.ts';
import { reopenSplits } from '../../train/plan.ts';
import type { Learner } from '../../train/step/learner.ts';
import { networkLearner } from '../../train/step/network.ts';
import type { TrainingData } from '../../train/training-data.ts';
import type { ExperimentPlan, PlannedRun } from '../plan.ts';
import {
  evaluationRate,
  evaluationUnits,
  kindOf,
  type Rate,
  trainingRate,
  trainingUnits,
} from './estimate.ts';
import { storeRates } from './stored-rates.ts';

/** How long is trained, and how long about is measured, of each kind. */
const SECONDS = 3;
/** Multiply-adds of a training step that ends within about a second on any machine; GPUs want larger batches. */
const STEP_UNITS = { cpu: 3e10, other: 2e11 } as const;
const LEAST_IMAGES = 16;
const MOST_IMAGES = 512;
/** One of each group of the benchmark. */
const CORRUPTIONS: readonly CorruptionName[] = [
  'gaussian_noise',
  'defocus_blur',
  'frost',
  'elastic_transform',
];

/** How long all measurements together may take. */
export const MEASURE_SECONDS = 20;
/** With less time than this left, no other kind is begun. */
const LEAST_SECONDS = 4;

export interface MeasureOptions {
  /** Called before a kind is measured. */
  readonly onRun?: (name: string) => void;
  /** Measures one kind, and tells each rate as soon as it is known. */
  readonly measure?: typeof measureRun;
  /** Milliseconds of a clock. */
  readonly now?: () => number;
  /** Aborts after so many milliseconds. */
  readonly within?: (milliseconds: number) => AbortSignal;
}

export interface MeasuredRates {
  readonly rates: readonly Rate[];
  /** Runs that stand for the kinds of which something is not known all the same, for lack of time. */
  readonly unmeasured: readonly PlannedRun[];
}

/**
 * Measure the kinds of network of which no rate is known, those with the most work first, until the time is over.
 */
export async function measureRates(
  plan: ExperimentPlan,
  known: readonly Rate[],
  {
    onRun = () => {},
    measure = measureRun,
    now = () => performance.now(),
    within = (milliseconds) => AbortSignal.timeout(Math.round(milliseconds)),
  }: MeasureOptions = {},
): Promise<MeasuredRates> {
  const deadline = now() + MEASURE_SECONDS * 1000;
  const rates: Rate[] = [];
  const isKnown = (run: PlannedRun) =>
    (['training', 'evaluation'] as const).every((stage) =>
      [...known, ...rates].some((rate) => rate.stage === stage && rate.kind === kindOf(run, stage)),
    );
  const unmeasured: PlannedRun[] = [];
  for (const run of kindsByWork(plan)) {
    if (isKnown(run)) continue;
    const left = deadline - now();
    if (left >= LEAST_SECONDS * 1000) {
      onRun(run.name);
      const own = await measuredWithin(within(left), (signal, tell) => measure(plan, run, signal, tell));
      rates.push(...own);
      await storeRates(plan, run, own, 'measured');
    }
    if (!isKnown(run)) unmeasured.push(run);
  }
  return { rates, unmeasured };
}

/** A run of each kind, those first whose kind has the most to compute. */
function kindsByWork(plan: ExperimentPlan): PlannedRun[] {
  const kinds = new Map<string, { readonly run: PlannedRun; units: number }>();
  for (const run of plan.runs) {
    const kind = kindOf(run, 'training');
    const entry = kinds.get(kind) ?? { run, units: 0 };
    entry.units += trainingUnits(run) + evaluationUnits(run, plan);
    kinds.set(kind, entry);
  }
  return [...kinds.values()].sort((a, b) => b.units - a.units).map(({ run }) => run);
}

/** What is told last of each stage until the signal comes. What cannot be stopped at once ends by itself, and is not waited for. */
async function measuredWithin(
  signal: AbortSignal,
  measure: (signal: AbortSignal, tell: (rate: Rate) => void) => Promise<void>,
): Promise<Rate[]> {
  const rates = new Map<Rate['stage'], Rate>();
  const over = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const work = measure(signal, (rate) => rates.set(rate.stage, rate)).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  await Promise.race([work, over]);
  return [...rates.values()];
}

async function measureRun(
  plan: ExperimentPlan,
  run: PlannedRun,
  signal: AbortSignal,
  tell: (rate: Rate) => void,
): Promise<void> {
  const { workers, cacheDir } = plan;
  const { device } = plan.engine;
  const batchSize = Math.min(
    run.config.recipe.batchSize,
    Math.max(2, Math.floor(STEP_UNITS[device === 'cpu' ? 'cpu' : 'other'] / (3 * run.multiplyAdds))),
  );
  const config = {
    ...run.config,
    workers: workers.training,
    recipe: { ...run.config.recipe, batchSize },
  };
  const splits = await reopenSplits(config, cacheDir);
  const closing: (() => Promise<unknown>)[] = [() => splits.train.close(), () => splits.test.close()];
  const { folder, remove } = await makeTemporaryFolder('measure');
  closing.push(remove);
  try {
    signal.throwIfAborted();
    const engine = await createEngine(plan.engine);
    closing.push(() => engine.close());
    const learner = await networkLearner(engine, config);
    closing.push(() => learner.dispose());
    const data = openRunData(config, splits);
    closing.push(() => data.close());
    const tellSpeed = (imagesPerSecond: number) => tell(trainingRate(run, imagesPerSecond));
    const trained = await trainingSpeed(learner, data, config.recipe.rates.initial, signal, tellSpeed);
    await finishRun(folder, config, learner);
    signal.throwIfAborted();
    tell(evaluationRate(run, await measureEvaluation(plan, folder, trained, signal)));
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** Leave a network as its run would in the end, which any engine can measure. */
async function finishRun(folder: string, config: RunConfig, learner: Learner): Promise<void> {
  const { checkpoint, model } = runPaths(folder);
  const { seed, recipe } = config;
  const state = await learner.state();
  await createRun(folder, config);
  await saveCheckpoint(checkpoint, {
    ...state,
    state: {
      position: { epoch: recipe.epochs, batch: 0, step: 0 },
      totalSteps: 0,
      random: { scheme: 'keyed', seed },
      running: emptyRunning(),
      history: [],
    },
  });
  await writeFile(model, learner.exportModel(state.weights, howTrained(config, 0, [])));
}

/** Images a second over a few steps, told after each. The first counts only until there is another: it warms up. */
async function trainingSpeed(
  learner: Learner,
  data: TrainingData,
  lr: number,
  signal: AbortSignal,
  tell: (imagesPerSecond: number) => void,
): Promise<number> {
  let step = 0;
  let images = 0;
  let begin = performance.now();
  for (let epoch = 0; ; epoch++) {
    for await (const batch of data.training(epoch, 0)) {
      await learner.step(batch, { lr, momentum: 0.9, step: step++ });
      signal.throwIfAborted();
      const now = performance.now();
      if (step > 1) images += batch.count;
      const speed = ((images || batch.count) * 1000) / (now - begin);
      tell(speed);
      if (step === 1) begin = now;
      else if (now - begin > SECONDS * 1000) return speed;
    }
  }
}

/** Images a second over a few cells. */
async function measureEvaluation(
  plan: ExperimentPlan,
  model: string,
  trained: number,
  signal: AbortSignal,
): Promise<number> {
  const { cells: _, images: all, clean: __, ...evaluation } = plan.evaluation;
  const wanted = Math.round((trained * 3 * SECONDS) / (CORRUPTIONS.length + 1));
  const limit = Math.min(all, Math.max(LEAST_IMAGES, Math.min(MOST_IMAGES, wanted)));
  // A published set need not hold these; corrupting in memory takes longer than reading, so it is no less.
  const data = plan.evaluation.clean ?? evaluation.data;
  // From the end of the first cell on: before that, threads are started and images are decoded for the first time.
  const ends: number[] = [];
  await evaluate({
    ...evaluation,
    ...plan.engine,
    ...{ model, data, limit, workers: plan.workers.evaluation },
    corruptions: CORRUPTIONS,
    severities: [3],
    signal,
    onEvent: ({ kind }) => kind === 'cell' && ends.push(performance.now()),
  });
  return (limit * (ends.length - 1)) / ((ends.at(-1)! - ends[0]!) / 1000);
}
