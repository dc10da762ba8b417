/** A short look at how fast a run of an experiment trains and is measured here. Nothing stays behind. */

import type { CorruptionName } from '../corrupt/index.ts';
import { writeFile } from '../data/fs.ts';
import { makeTemporaryFolder } from '../data/leftovers.ts';
import { createEngine } from '../engine/node/index.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { saveCheckpoint } from '../run/checkpoint.ts';
import type { RunConfig } from '../run/config.ts';
import { emptyRunning, howTrained } from '../run/history.ts';
import { createRun, runPaths } from '../run/run.ts';
import { openRunData } from '../train/images.ts';
import { reopenSplits } from '../train/plan.ts';
import type { Learner } from '../train/step/learner.ts';
import { networkLearner } from '../train/step/network.ts';
import type { TrainingData } from '../train/training-data.ts';
import { evaluationRate, kindOf, type Rate, trainingRate } from './estimate.ts';
import type { ExperimentPlan, PlannedRun } from './plan.ts';

/** How long is trained, and how long about is measured, of each kind. */
const SECONDS = 3;
/** Multiply-adds of a training step that ends within a few seconds on any machine. */
const STEP_UNITS = 2e11;
const LEAST_IMAGES = 64;
const MOST_IMAGES = 512;
/** One of each group of the benchmark. */
const CORRUPTIONS: readonly CorruptionName[] = [
  'gaussian_noise',
  'defocus_blur',
  'frost',
  'elastic_transform',
];

/**
 * Measure each kind of network of which no rate is known.
 *
 * @param onRun called before a kind is measured, with its place among them
 */
export async function measureRates(
  plan: ExperimentPlan,
  known: readonly Rate[],
  onRun: (name: string, number: number, of: number) => void = () => {},
): Promise<Rate[]> {
  const kinds = new Map<string, PlannedRun>();
  for (const run of plan.runs) {
    const missing = (['training', 'evaluation'] as const).some(
      (stage) => !known.some((rate) => rate.stage === stage && rate.kind === kindOf(run, stage)),
    );
    const kind = kindOf(run, 'training');
    if (missing && !kinds.has(kind)) kinds.set(kind, run);
  }
  const rates: Rate[] = [];
  for (const [index, run] of [...kinds.values()].entries()) {
    onRun(run.name, index + 1, kinds.size);
    rates.push(...(await measureRun(plan, run)));
  }
  return rates;
}

async function measureRun(plan: ExperimentPlan, run: PlannedRun): Promise<Rate[]> {
  const { workers, cacheDir } = plan;
  const batchSize = Math.min(
    run.config.recipe.batchSize,
    Math.max(1, Math.floor(STEP_UNITS / (3 * run.multiplyAdds))),
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
    const engine = await createEngine(plan.engine);
    closing.push(() => engine.close());
    const learner = await networkLearner(engine, config);
    closing.push(() => learner.dispose());
    const data = openRunData(config, splits);
    closing.push(() => data.close());
    const trained = await trainingSpeed(learner, data, config.recipe.rates.initial);
    await finishRun(folder, config, learner);
    const measured = await measureEvaluation(plan, folder, trained);
    return [trainingRate(run, trained), evaluationRate(run, measured)];
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

/** Images a second over a few steps. The first is not counted: it warms up. */
async function trainingSpeed(learner: Learner, data: TrainingData, lr: number): Promise<number> {
  let step = 0;
  let images = 0;
  let begin = performance.now();
  for (let epoch = 0; ; epoch++) {
    for await (const batch of data.training(epoch, 0)) {
      await learner.step(batch, { lr, momentum: 0.9, step: step++ });
      const now = performance.now();
      if (step === 1) begin = now;
      else images += batch.count;
      if (images > 0 && now - begin > SECONDS * 1000) return (images * 1000) / (now - begin);
    }
  }
}

/** Images a second over a few cells. */
async function measureEvaluation(plan: ExperimentPlan, model: string, trained: number): Promise<number> {
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
    onEvent: ({ kind }) => kind === 'cell' && ends.push(performance.now()),
  });
  return (limit * (ends.length - 1)) / ((ends.at(-1)! - ends[0]!) / 1000);
}
