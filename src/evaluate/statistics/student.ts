/** Student's t: is the mean of a few differences, one a training seed, other than zero? */
import { mean } from '../result/metrics.ts';

/**
 * Two-sided p value of Student's one-sample t test of the mean against zero; paired differences make it the paired test.
 *
 * Undefined for fewer than two values, and where all are equal, which leaves nothing to judge a mean by.
 */
export function tTest(differences: readonly number[]): number | undefined {
  const n = differences.length;
  if (n < 2) return undefined;
  const centre = mean(differences);
  const variance = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (n - 1);
  // Rounding of equal values leaves a variance of its own, far below any that is measured.
  if (!(variance > (1e-12 * centre) ** 2)) return undefined;
  return 1 - centralProbability(Math.abs(centre) / Math.sqrt(variance / n), n - 1);
}

/**
 * P(|T| ≤ t) of Student's distribution; for whole degrees of freedom it is a finite sum (Abramowitz & Stegun 1964, 26.7.3
 * and 26.7.4).
 *
 * @param t 0 or more
 * @param freedom degrees of freedom, a whole number, 1 or more
 */
export function centralProbability(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sine, squared] = [Math.sin(angle), Math.cos(angle) ** 2];
  const even = freedom % 2 === 0;
  // Terms cos^k, each (k - 1) / k of the one before: k = 0, 2, 4, … where the degrees are even, else 1, 3, 5, ….
  let term = even ? 1 : Math.cos(angle);
  let sum = 0;
  for (let power = even ? 0 : 1; power <= freedom - 2; power += 2) {
    sum += term;
    term *= (squared * (power + 1)) / (power + 2);
  }
  return even ? sine * sum : (2 / Math.PI) * (angle + sine * sum);
}
