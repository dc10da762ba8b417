import { describe, expect, it } from 'vitest';
import { logPoisson } from '../../src/random/poisson.ts';
import { randomStream } from '../../src/random/random.ts';

/** P(k) for k = 0, 1, … until nothing is left, by the plain formula e^-λ λ^k / k!. */
function probabilities(mean: number): number[] {
  const result: number[] = [];
  let logFactorial = 0;
  for (let k = 0; k < mean + 12 * Math.sqrt(mean) + 30; k++) {
    if (k > 0) logFactorial += Math.log(k);
    result.push(Math.exp(k * Math.log(mean) - mean - logFactorial));
  }
  return result;
}

/** Neighbouring counts together, so that each cell expects `least` draws or more: [first count, expected draws]. */
function cells(mean: number, draws: number, least: number): { from: number; expected: number }[] {
  const result: { from: number; expected: number }[] = [];
  let open = { from: 0, expected: 0 };
  let left = draws;
  for (const [k, p] of probabilities(mean).entries()) {
    open.expected += p * draws;
    left -= p * draws;
    if (open.expected < least || left < least) continue;
    result.push(open);
    open = { from: k + 1, expected: 0 };
  }
  // What is left belongs to the last cell, whatever the rounding of the sum.
  const sum = result.reduce((total, { expected }) => total + expected, 0);
  return [...result, { from: open.from, expected: draws - sum }];
}

describe('poisson', () => {
  // Both sides of 10, where inversion ends and rejection begins.
  it.each([0.02, 0.3, 1, 4, 9.99, 10, 10.5, 16, 47, 300, 5000])(
    'follows its distribution at mean %d',
    (mean) => {
      const n = 60_000;
      const expected = cells(mean, n, 20);
      const random = randomStream('poisson', mean);
      const observed = new Float64Array(expected.length);
      for (let i = 0; i < n; i++) {
        const k = random.poisson(mean);
        let cell = expected.length - 1;
        while (expected[cell].from > k) cell--;
        observed[cell]++;
      }
      const chi2 = expected.reduce((sum, { expected: e }, i) => sum + (observed[i] - e) ** 2 / e, 0);
      const freedom = expected.length - 1;
      // Wilson & Hilferty: the cube root of chi-square over its degrees of freedom is nearly normal.
      const spread = 2 / (9 * freedom);
      const z = ((chi2 / freedom) ** (1 / 3) - (1 - spread)) / Math.sqrt(spread);
      expect(Math.abs(z)).toBeLessThan(3.5);
    },
  );

  it.each([0.3, 4, 30, 500, 1e6, 2 ** 40])('has mean, variance and skewness of mean %d', (lambda) => {
    const random = randomStream('poisson moments', lambda);
    const n = 40_000;
    // Standardized before they are summed: counts near 2^40 have no digits left for squares.
    const x = Float64Array.from({ length: n }, () => (random.poisson(lambda) - lambda) / Math.sqrt(lambda));
    const moment = (power: number) => x.reduce((sum, v) => sum + v ** power, 0) / n;
    expect(Math.abs(moment(1))).toBeLessThan(4.5 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4.5 * Math.sqrt((2 + 1 / lambda) / n));
    // The sixth central moment of the standardized distribution, less the square of the third.
    const spread = 15 + 25 / lambda + 1 / lambda ** 2 - 1 / lambda;
    expect(Math.abs(moment(3) - 1 / Math.sqrt(lambda))).toBeLessThan(4.5 * Math.sqrt(spread / n));
  });

  it('knows the logarithm of each probability to the last digits', () => {
    // mpmath with 60 digits: k log(mean) - mean - loggamma(k + 1).
    const exact = [
      [0.25, 3, -6.2006425525877],
      [9.5, 1, -7.2487082013935],
      [10, 40, -28.217235994996],
      [30, 16, -6.2527019994862],
      [30, 15, -6.8813106589086],
      [1000, 1100, -9.2617448049289],
      [1e6, 1003000, -12.323698387635],
      [2 ** 40, 2 ** 40 + 3 * 2 ** 20, -19.281879283385],
      [2 ** 50, 2 ** 50 - 1e8, -22.688510232772],
    ];
    for (const [mean, k, expected] of exact) expect(logPoisson(k, mean)).toBeCloseTo(expected, 12);
    expect(logPoisson(0, 2.5)).toBe(-2.5);
  });

  it('gives the same draws for the same stream: golden draws at small and large means', () => {
    const random = randomStream(0, 'golden poisson');
    expect([0.5, 3, 9, 12, 100, 1e4, 1e9].map((mean) => random.poisson(mean))).toEqual([
      0, 3, 11, 16, 100, 9891, 999_994_769,
    ]);
  });

  it('is 0 for mean 0 and refuses what is no mean', () => {
    expect(randomStream(1).poisson(0)).toBe(0);
    for (const mean of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expect(() => randomStream(1).poisson(mean)).toThrow(`poisson(${mean}): the mean must be`);
    }
  });
});
