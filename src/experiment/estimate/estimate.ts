/** How long an experiment will take, reckoned from what has been measured of it. */
import type { ExperimentPlan, PlannedRun } from '../plan.ts';
import type { RunState } from '../state.ts';

/** Forward, backward for the weights, backward for the images: a training step beside a forward pass. */
const PASSES_OF_A_STEP = 3;

/** What a stage of a kind of network took for each multiply-add of a forward pass. */
export interface Rate {
  readonly stage: 'training' | 'evaluation';
  /** Networks whose rates are alike: see `kindOf`. */
  readonly kind: string;
  readonly secondsPerUnit: number;
}

/** What the rate goes by beside the size: how the network is built, and in training what is done to its images. */
export function kindOf({ config }: Pick<PlannedRun, 'config'>, stage: Rate['stage']): string {
  const { model, trainingImages } = config;
  const network = `${model.model} ${model.antialias ?? 'none'}`;
  return stage === 'evaluation' ? network : `${network} ${trainingImages.augment ?? 'none'}`;
}

/** Multiply-adds of a whole training, the scoring of the test images after each epoch included. */
export function trainingUnits({ config: { data, recipe }, multiplyAdds }: PlannedRun): number {
  return recipe.epochs * (PASSES_OF_A_STEP * data.trainImages + data.testImages) * multiplyAdds;
}

/** Multiply-adds of a whole evaluation. */
export function evaluationUnits({ multiplyAdds }: PlannedRun, { evaluation }: ExperimentPlan): number {
  return evaluation.cells * evaluation.images * multiplyAdds;
}

/** The rate of a training in which so many images a second are trained on. */
export function trainingRate(run: PlannedRun, imagesPerSecond: number): Rate {
  const secondsPerUnit = 1 / (imagesPerSecond * PASSES_OF_A_STEP * run.multiplyAdds);
  return { stage: 'training', kind: kindOf(run, 'training'), secondsPerUnit };
}

export function evaluationRate(run: PlannedRun, imagesPerSecond: number): Rate {
  const secondsPerUnit = 1 / (imagesPerSecond * run.multiplyAdds);
  return { stage: 'evaluation', kind: kindOf(run, 'evaluation'), secondsPerUnit };
}

/** What finished and running parts tell. */
export function knownRates(plan: ExperimentPlan, states: readonly RunState[]): Rate[] {
  return plan.runs.flatMap((run, index) => {
    const { training, evaluation } = states[index]!;
    const rates: Rate[] = [];
    if (training.imagesPerSecond) rates.push(trainingRate(run, training.imagesPerSecond));
    else if (training.seconds && training.epoch > 0) {
      const units = (trainingUnits(run) * training.epoch) / training.epochs;
      rates.push({
        stage: 'training',
        kind: kindOf(run, 'training'),
        secondsPerUnit: training.seconds / units,
      });
    }
    if (evaluation.imagesPerSecond) rates.push(evaluationRate(run, evaluation.imagesPerSecond));
    else if (evaluation.seconds && evaluation.finished > 0) {
      const units = (evaluationUnits(run, plan) * evaluation.finished) / evaluation.cells;
      rates.push({
        stage: 'evaluation',
        kind: kindOf(run, 'evaluation'),
        secondsPerUnit: evaluation.seconds / units,
      });
    }
    return rates;
  });
}

/**
 * The rate to reckon with: the mean of the same stage of the same kind, else of the same stage of any, else, of an
 * evaluation, of a training; undefined where nothing was measured.
 */
export function rateOf(rates: readonly Rate[], stage: Rate['stage'], kind: string): number | undefined {
  const ofStage = rates.filter((rate) => rate.stage === stage);
  const own = ofStage.filter((rate) => rate.kind === kind);
  const candidates =
    own.length > 0 ? own : ofStage.length > 0 ? ofStage : stage === 'evaluation' ? rates : [];
  if (candidates.length === 0) return undefined;
  return candidates.reduce((sum, { secondsPerUnit }) => sum + secondsPerUnit, 0) / candidates.length;
}

export interface Remaining {
  /** Seconds of work of one job, were it alone. */
  readonly training: number;
  readonly evaluation: number;
  /** Wall time, the jobs side by side. */
  readonly seconds: number;
}

/**
 * What is left to do. What has failed is not counted.
 *
 * @param rates what was measured; undefined comes back where they do not suffice
 */
export function remaining(
  plan: ExperimentPlan,
  states: readonly RunState[],
  rates: readonly Rate[],
): Remaining | undefined {
  let training = 0;
  let evaluation = 0;
  for (const [index, run] of plan.runs.entries()) {
    const state = states[index]!;
    const train = leftOf(state.training, 1 - state.training.progress, trainingUnits(run), () =>
      rateOf(rates, 'training', kindOf(run, 'training')),
    );
    const { cells, finished } = state.evaluation;
    const measure = leftOf(state.evaluation, 1 - finished / cells, evaluationUnits(run, plan), () =>
      rateOf(rates, 'evaluation', kindOf(run, 'evaluation')),
    );
    if (train === undefined || measure === undefined) return undefined;
    training += train;
    evaluation += measure;
  }
  const left = states.filter(
    ({ evaluation: { stage } }) => stage === 'waiting' || stage === 'running',
  ).length;
  const seconds = (training + evaluation) / Math.max(1, Math.min(plan.jobs, left));
  return { training, evaluation, seconds };
}

function leftOf(
  { stage, remainingSeconds }: RunState['training'] | RunState['evaluation'],
  share: number,
  units: number,
  rate: () => number | undefined,
): number | undefined {
  if (stage === 'done' || stage === 'failed' || stage === 'skipped') return 0;
  if (remainingSeconds !== undefined) return remainingSeconds;
  const secondsPerUnit = rate();
  return secondsPerUnit === undefined ? undefined : share * units * secondsPerUnit;
}
