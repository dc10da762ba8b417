import type { Scores } from './history.ts';
import { toScores } from './history.ts';
import type { Classifier, LabelledBatch } from './learner.ts';

/**
 * Cross-entropy (in double precision) and right answers of one batch, added up over its images.
 *
 * Equal logits rank by class index, the lower first; a row that holds NaN is wrong and makes the loss NaN.
 *
 * @param logits `[labels.length, classes]`
 */
export function scoreBatch(logits: Float32Array, labels: ArrayLike<number>, classes: number) {
  const sums = { loss: 0, top1: 0, top5: 0, images: labels.length };
  for (let row = 0; row < labels.length; row++) {
    const values = logits.subarray(row * classes, (row + 1) * classes);
    const own = values[labels[row]];
    const max = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    let total = 0;
    let before = 0;
    for (let index = 0; index < classes; index++) {
      const value = values[index];
      total += Math.exp(value - max);
      if (value > own || (value === own && index < labels[row]) || Number.isNaN(value)) before++;
    }
    if (Number.isNaN(max) || Number.isNaN(own)) before = Number.POSITIVE_INFINITY;
    sums.loss += Math.log(total) + max - own;
    if (before < 1) sums.top1++;
    if (before < 5) sums.top5++;
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
