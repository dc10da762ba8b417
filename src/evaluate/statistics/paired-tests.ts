/** Tests of two models on the same images: both distributions under the null hypothesis are computed, not sampled. */

/** Smaller p values are given as this, an upper bound: what the distributions leave out sums to less. */
export const SMALLEST_P = 1e-30;

/** Probabilities below are left out at both ends of a distribution. */
const NEGLIGIBLE = 1e-40;

/** Probabilities of the whole numbers from `start` on. */
interface Distribution {
  readonly start: number;
  readonly p: Float64Array;
}

/**
 * McNemar's exact test of equal error rates (McNemar 1947): under the null hypothesis an image that only one model gets
 * right is as likely one that the first gets right, so their number is binomial.
 *
 * @param onlyFirst images that the first model gets right and the second does not
 * @param onlySecond the other way round
 * @returns two-sided p value; 1 where the models never differ
 */
export function mcnemarTest(onlyFirst: number, onlySecond: number): number {
  const { start, p } = fairBinomial(onlyFirst + onlySecond);
  const least = Math.min(onlyFirst, onlySecond);
  let tail = 0;
  for (let k = start; k <= least; k++) tail += p[k - start]!;
  return bounded(2 * tail);
}

/**
 * Paired permutation test of a mean difference (Fisher 1935, Sec. 21): under the null hypothesis the two models are
 * exchangeable on each image, so each difference is as likely with the other sign. All sign patterns are counted.
 *
 * The sum over images with |d| = v is v(2k - n), k binomial of the n images; the sums over v are added by convolution.
 *
 * @param differences whole numbers, one an image
 * @returns two-sided p value: probability of a sum at least as far from 0
 */
export function signFlipTest(differences: ArrayLike<number>): number {
  const sizes = new Map<number, number>();
  let observed = 0;
  let reach = 0;
  for (let image = 0; image < differences.length; image++) {
    const difference = differences[image]!;
    if (!Number.isInteger(difference)) {
      throw new RangeError(`signFlipTest: expected whole numbers, found ${difference}`);
    }
    if (difference === 0) continue;
    const size = Math.abs(difference);
    sizes.set(size, (sizes.get(size) ?? 0) + 1);
    observed += difference;
    reach += size;
  }
  let sum: Distribution = { start: 0, p: Float64Array.of(1) };
  for (const [size, images] of [...sizes].sort(([a], [b]) => a - b)) {
    sum = trimmed(addMultiple(sum, fairBinomial(images), size));
  }
  let outside = 0;
  for (let at = 0; at < sum.p.length; at++) {
    if (Math.abs(2 * (sum.start + at) - reach) >= Math.abs(observed)) outside += sum.p[at]!;
  }
  return bounded(outside);
}

/**
 * Holm's step-down adjustment (Holm 1979), which keeps the probability of any false finding among several tests below
 * the level.
 *
 * @returns adjusted p values, in the order of the given ones
 */
export function holmAdjusted(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]!));
    adjusted[index] = largest;
  });
  return adjusted;
}

function bounded(p: number): number {
  return Math.min(1, Math.max(p, SMALLEST_P));
}

/** Heads of `n` fair coins: ratios of neighbours from the middle outwards, then scaled to sum 1. */
function fairBinomial(n: number): Distribution {
  const middle = Math.floor(n / 2);
  const below: number[] = [];
  for (let k = middle, p = 1; p >= NEGLIGIBLE && k >= 0; k--) {
    below.push(p);
    p *= k / (n - k + 1);
  }
  const above: number[] = [];
  for (let k = middle + 1, p = (n - middle) / (middle + 1); p >= NEGLIGIBLE && k <= n; k++) {
    above.push(p);
    p *= (n - k) / (k + 1);
  }
  const p = Float64Array.from([...below.reverse(), ...above]);
  // Small ones first, so that none is lost.
  const total = [...p].sort((a, b) => a - b).reduce((sum, value) => sum + value, 0);
  return { start: middle - below.length + 1, p: p.map((value) => value / total) };
}

/** Distribution of a + factor · b. */
function addMultiple(a: Distribution, b: Distribution, factor: number): Distribution {
  const p = new Float64Array(a.p.length + factor * (b.p.length - 1));
  for (let j = 0; j < b.p.length; j++) {
    const weight = b.p[j]!;
    const shift = factor * j;
    for (let i = 0; i < a.p.length; i++) p[shift + i]! += weight * a.p[i]!;
  }
  return { start: a.start + factor * b.start, p };
}

function trimmed({ start, p }: Distribution): Distribution {
  let first = 0;
  while (p[first]! < NEGLIGIBLE) first++;
  let last = p.length - 1;
  while (p[last]! < NEGLIGIBLE) last--;
  return { start: start + first, p: p.subarray(first, last + 1) };
}
