/** Whether a model's confidence is the probability of being right. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import { type Answers, isAnswered } from '../grid/answers.ts';
import type { Cell } from '../grid/grid.ts';
import { mean } from '../result/metrics.ts';
import type { Predictions } from '../result/predictions.ts';
import type { Result } from '../result/schema.ts';

export const CALIBRATION_BINS = 15;

/** The answers whose confidence lies in one of equally wide parts of [0, 1]. */
export interface ReliabilityBin {
  readonly images: number;
  /** Share of right answers; NaN in an empty bin. */
  readonly accuracy: number;
  /** Mean confidence; NaN in an empty bin. */
  readonly confidence: number;
}

/**
 * The reliability diagram of some answers: bin m of M holds those with a confidence in (m/M, (m + 1)/M], the first also
 * confidence 0.
 *
 * @param labels `[N]` right answers
 */
export function reliability(labels: Int32Array, answers: Answers, bins = CALIBRATION_BINS): ReliabilityBin[] {
  const sums = Array.from({ length: bins }, () => ({ images: 0, right: 0, confidence: 0 }));
  for (let image = 0; image < labels.length; image++) {
    if (!isAnswered(answers, image)) continue;
    const confidence = answers.confidence[image]!;
    const bin = sums[Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1))]!;
    bin.images++;
    bin.confidence += confidence;
    if (answers.predicted[image] === labels[image]) bin.right++;
  }
  return sums.map(({ images, right, confidence }) => ({
    images,
    accuracy: right / images,
    confidence: confidence / images,
  }));
}

/**
 * Expected calibration error of the top label (Guo et al. 2017, "On Calibration of Modern Neural Networks", Eq. 3): the
 * mean distance of accuracy and confidence over the bins, weighted by their images. In [0, 1], 0 is best.
 *
 * @param labels `[N]` right answers
 */
export function expectedCalibrationError(
  labels: Int32Array,
  answers: Answers,
  bins = CALIBRATION_BINS,
): number {
  const filled = reliability(labels, answers, bins).filter(({ images }) => images > 0);
  const total = filled.reduce((sum, { images }) => sum + images, 0);
  return filled.reduce(
    (sum, { images, accuracy, confidence }) => sum + (images / total) * Math.abs(accuracy - confidence),
    0,
  );
}

/** ECE on clean images and on each corruption, in so far as their answers are there; undefined where none are. */
export function calibrationOf(
  predictions: Predictions,
  cells: readonly (Cell | 'clean')[],
): Result['calibration'] {
  const bySeverity = new Map<string, number[]>();
  let clean: number | undefined;
  for (const cell of cells) {
    const answers = predictions.cell(cell);
    if (!answers) continue;
    if (cell === 'clean') {
      clean = expectedCalibrationError(predictions.cleanLabels, answers);
      continue;
    }
    const error = expectedCalibrationError(predictions.labels, answers);
    bySeverity.set(cell.corruption, [...(bySeverity.get(cell.corruption) ?? []), error]);
  }
  if (clean === undefined && bySeverity.size === 0) return undefined;
  const counted = BENCHMARK_CORRUPTIONS.flatMap((corruption) => bySeverity.get(corruption) ?? []);
  return {
    bins: CALIBRATION_BINS,
    ...(clean !== undefined && { clean }),
    ...(counted.length > 0 && { corrupted: mean(counted) }),
    corruptions: Object.fromEntries(
      [...bySeverity].map(([corruption, errors]) => [corruption, mean(errors)]),
    ),
  };
}
