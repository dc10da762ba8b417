import { UserError } from '../errors.ts';

/** How many images of a batch were classified right. */
export interface Correct {
  readonly top1: number;
  readonly top5: number;
}

/**
 * Counts the images whose label is the largest logit, and those whose label is among the five largest.
 *
 * Equal logits rank by class index, the lower index first. A row that holds NaN is wrong, whatever its label:
 * such a network has no opinion. With five classes or fewer every other row is right in the top-5 sense.
 *
 * @param logits `[labels.length, classes]`, any monotone score will do
 * @param labels class indices
 */
export function countCorrect(logits: Float32Array, labels: ArrayLike<number>, classes: number): Correct {
  if (logits.length !== labels.length * classes) {
    throw new RangeError(`expected ${labels.length} × ${classes} logits, found ${logits.length}`);
  }
  let top1 = 0;
  let top5 = 0;
  for (let row = 0; row < labels.length; row++) {
    const rank = rankOfLabel(logits.subarray(row * classes, (row + 1) * classes), labels[row]);
    if (rank < 1) top1++;
    if (rank < 5) top5++;
  }
  return { top1, top5 };
}

/** How many classes come before the label: 0 for a right answer, infinitely many when a logit is NaN. */
function rankOfLabel(logits: Float32Array, label: number): number {
  if (label < 0 || label >= logits.length) {
    throw new UserError(
      `the data holds class ${label}, the model has ${logits.length} outputs: give data with the classes it was trained on`,
    );
  }
  const score = logits[label];
  let rank = 0;
  for (let index = 0; index < logits.length; index++) {
    const other = logits[index];
    if (Number.isNaN(other)) return Number.POSITIVE_INFINITY;
    if (other > score || (other === score && index < label)) rank++;
  }
  return rank;
}
