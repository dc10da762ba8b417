/** Whether a sample shows that a model is to be read otherwise than was assumed. */
import { mcnemarTest } from '../statistics/paired-tests.ts';

/** A reading that was tried on some images. */
export interface Trial {
  /** What is read otherwise than assumed: kinds, each with its value. */
  readonly changes: Readonly<Record<string, string>>;
  /** By image, whether the answer is right. */
  readonly right: readonly boolean[];
}

/** Below, another reading takes the place of what was assumed. */
export const CERTAIN = 1e-6;
/** Below, it is told and nothing changed; not adjusted, as nothing follows from it. */
export const LIKELY = 1e-3;
/** Below, more images are looked at. */
const POSSIBLE = 0.05;

export interface Choice<T extends Trial> {
  /** The reading to take: the first, unless another is certain. */
  readonly chosen: T;
  /** One that is likely to be better than that. */
  readonly likelier?: T;
  /** Whether more images might change that. */
  readonly open: boolean;
}

/**
 * Chooses between readings of one model by its answers to the same images.
 *
 * Two readings are compared by McNemar's exact test, one-sided: under the hypothesis that the first is the right one, an
 * image that one of them alone gets right is at least as likely one that the first gets right. Where something is taken, p
 * values are multiplied by the number of alternatives (Bonferroni). An alternative is taken when
 *
 * - it is better than the assumed reading with p ≤ {@link CERTAIN}, and so in images of two classes or more;
 * - each of its changes is needed: without it, it is worse with p ≤ {@link CERTAIN};
 * - it is better than each alternative of another kind with p ≤ {@link LIKELY}.
 *
 * @param trials the assumed reading first
 * @param labels class of each image
 */
export function chooseReading<T extends Trial>(trials: readonly T[], labels: ArrayLike<number>): Choice<T> {
  const [assumed, ...others] = trials;
  const p = (first: Trial, second: Trial) =>
    Math.min(1, betterBy(first, second) * Math.max(1, others.length));
  const inOrder = [...trials].sort(
    (a, b) => rights(b) - rights(a) || Object.keys(a.changes).length - Object.keys(b.changes).length,
  );
  let chosen = inOrder[0];
  for (let reduced: T | undefined = chosen; reduced; ) {
    chosen = reduced;
    reduced = trials.find((trial) => isOneLess(trial, chosen) && p(trial, chosen) > CERTAIN);
  }
  if (chosen !== assumed) {
    const better = p(assumed, chosen) <= CERTAIN && classesWon(assumed, chosen, labels) >= 2;
    const rivals = others.filter(
      (trial) => trial !== chosen && !isWithin(chosen, trial) && !isWithin(trial, chosen),
    );
    if (!better || rivals.some((rival) => p(rival, chosen) > LIKELY)) chosen = assumed;
  }
  const likelier = inOrder.find((trial) => trial !== chosen && betterBy(chosen, trial) <= LIKELY);
  const open = chosen === assumed && others.some((trial) => p(assumed, trial) <= POSSIBLE);
  return { chosen, likelier, open };
}

/** One-sided p value of that the second is no better than the first. */
export function betterBy(first: Trial, second: Trial): number {
  let [onlyFirst, onlySecond] = [0, 0];
  for (const [image, right] of first.right.entries()) {
    if (right && !second.right[image]) onlyFirst++;
    if (!right && second.right[image]) onlySecond++;
  }
  return onlySecond > onlyFirst ? mcnemarTest(onlyFirst, onlySecond) / 2 : 1;
}

export function rights({ right }: Pick<Trial, 'right'>): number {
  return right.filter(Boolean).length;
}

/** Classes of which the second gets more images right. */
function classesWon(first: Trial, second: Trial, labels: ArrayLike<number>): number {
  const gains = new Map<number, number>();
  for (const [image, right] of second.right.entries()) {
    gains.set(labels[image], (gains.get(labels[image]) ?? 0) + Number(right) - Number(first.right[image]));
  }
  return [...gains.values()].filter((gain) => gain > 0).length;
}

/** Whether all changes of the first are among those of the second. */
function isWithin(first: Trial, second: Trial): boolean {
  return Object.entries(first.changes).every(([kind, value]) => second.changes[kind] === value);
}

function isOneLess(first: Trial, second: Trial): boolean {
  const [fewer, more] = [Object.keys(first.changes).length, Object.keys(second.changes).length];
  return fewer === more - 1 && isWithin(first, second);
}
