import type { Scores } from '../run/history.ts';
import { toScores } from '../run/history.ts';
import type { Classifier, LabelledBatch } from './step/learner.ts';

/** Scores of classes, in either precision. */
export type Logits = Float32Array | Float64Array;

/**
 * How many classes come before the label in a row of logits: 0 for a right answer. Equal logits rank by class index,
 * the lower first; infinitely many when a logit is NaN, because such a network has no opinion.
 */
export function rankOfLabel(logits: Logits, label: number): number {
  if (!(label >= 0 && label < logits.length)) {
    throw new RangeError(`the label ${label} is none of the ${logits.length} classes`);
  }
  const own = logits[label];
  let rank = 0;
  for (let index = 0; index < logits.length; index++) {
    const other = logits[index];
    if (Number.isNaN(other)) return Number.POSITIVE_INFINITY;
    if (other > own || (other === own && index < label)) rank++;
  }
  return rank;
}

/**
 * Cross-entropy (in double precision) and right answers of one batch, added up over its images.
 *
 * @param logits `[labels.length, classes]`
 */
export function scoreBatch(logits: Logits, labels: ArrayLike<number>, classes: number) {
  const sums = { loss: 0, top1: 0, top5: 0, images: labels.length };
  for (let row = 0; row < labels.length; row++) {
    const values = logits.subarray(row * classes, (row + 1) * classes);
    let max = Number.NEGATIVE_INFINITY;
    for (const value of values) max = Math.max(max, value);
    let total = 0;
    for (const value of values) total += Math.exp(value - max);
    sums.loss += Math.log(total) + max - values[labels[row]];
    const rank = rankOfLabel(values, labels[row]);
    if (rank < 1) sums.top1++;
    if (rank < 5) sums.top5++;
  }
  return sums;
}

/**
 * Loss and accuracies of a network over a whole split.
 *
 * @param onProgress Called after every batch with the images that are done.
 */
export async function scoreSplit(
  classifier: Classifier,
  batches: AsyncIterable<LabelledBatch>,
  classes: number,
  onProgress: (images: number) => void = () => {},
): Promise<Scores> {
  const sums = { loss: 0, top1: 0, top5: 0, images: 0 };
  for await (const batch of batches) {
    const labels = batch.labels.subarray(0, batch.count);
    const scored = scoreBatch(await classifier.classify(batch), labels, classes);
    for (const key of ['loss', 'top1', 'top5', 'images'] as const) sums[key] += scored[key];
    onProgress(sums.images);
  }
  return toScores(sums);
}
