import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  holmAdjusted,
  mcnemarTest,
  SMALLEST_P,
  signFlipTest,
} from '../../../src/evaluate/statistics/paired-tests.ts';
import { judge } from './fixture.ts';

const relative = (value: number, wanted: number) => Math.abs(value - wanted) / wanted;

describe('mcnemarTest', () => {
  it.each(judge.binomial)('agrees with binomtest of SciPy on $pair', ({ pair: [one, other], p }) => {
    expect(relative(mcnemarTest(one, other), p)).toBeLessThan(1e-10);
    expect(mcnemarTest(other, one)).toBe(mcnemarTest(one, other));
  });

  it('agrees with statsmodels on the answers of two models', () => {
    const { onlyThis, onlyBaseline, p } = judge.mcnemar;
    expect(relative(mcnemarTest(onlyThis, onlyBaseline), p)).toBeLessThan(1e-12);
  });

  it('has a floor', () => {
    expect(mcnemarTest(0, 99)).toBeCloseTo(2 ** -98, 40);
    expect(mcnemarTest(0, 5000)).toBe(SMALLEST_P);
  });
});

describe('signFlipTest', () => {
  it.each(judge.signFlipExact)(
    'agrees with SciPy, which counts all patterns: $differences',
    ({ differences, p }) => {
      expect(signFlipTest(differences)).toBeCloseTo(p, 12);
    },
  );

  it('counts the patterns that a loop over all of them counts', () => {
    const values = fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 10 });
    fc.assert(
      fc.property(values, (differences) => {
        const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
        let outside = 0;
        for (let pattern = 0; pattern < 2 ** differences.length; pattern++) {
          const sum = differences.reduce(
            (total, value, bit) => total + (pattern & (1 << bit) ? -value : value),
            0,
          );
          if (Math.abs(sum) >= observed) outside++;
        }
        expect(signFlipTest(differences)).toBeCloseTo(outside / 2 ** differences.length, 12);
      }),
    );
  });

  it('is the test of McNemar where all differences are 1 or -1', () => {
    const [better, worse] = [40, 61];
    const differences = [...Array<number>(better).fill(1), ...Array<number>(worse).fill(-1), 0, 0];
    expect(relative(signFlipTest(differences), mcnemarTest(better, worse))).toBeLessThan(1e-12);
    const scaled = differences.map((value) => 75 * value);
    expect(relative(signFlipTest(scaled), mcnemarTest(better, worse))).toBeLessThan(1e-12);
  });

  it('depends on the differences, not on their order or their common sign', () => {
    expect(signFlipTest([4, -1, 0, 2, 2])).toBe(signFlipTest([-2, 0, 1, -2, -4]));
    expect(signFlipTest([])).toBe(1);
    expect(signFlipTest([0, 0])).toBe(1);
    expect(() => signFlipTest([0.5])).toThrow(/whole numbers/);
  });

  it('has a floor, for as many images as ImageNet has', () => {
    expect(signFlipTest(Array<number>(50_000).fill(3))).toBe(SMALLEST_P);
  });
});

describe('holmAdjusted', () => {
  it('agrees with statsmodels', () => {
    const { p, adjusted } = judge.holm;
    for (const [index, value] of holmAdjusted(p).entries()) expect(value).toBeCloseTo(adjusted[index]!, 12);
    expect(holmAdjusted([])).toEqual([]);
  });
});
