import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { certainShareInterval } from '../../../src/evaluate/statistics/bootstrap.ts';
import { normalProbability, normalQuantile } from '../../../src/evaluate/statistics/normal.ts';
import { centralProbability, tTest } from '../../../src/evaluate/statistics/student.ts';

const judge = JSON.parse(
  readFileSync(new URL('../../fixtures/evaluate/student.json', import.meta.url), 'utf8'),
) as {
  tests: { differences: number[]; p: number }[];
  central: { t: number; freedom: number; p: number }[];
  quantiles: { p: number; x: number }[];
  wilson: { wrong: number; images: number; level: number; interval: [number, number] }[];
};

describe('tTest', () => {
  it.each(judge.tests)('agrees with SciPy on $differences', ({ differences, p }) => {
    expect(tTest(differences)).toBeCloseTo(p, 12);
  });

  it('says nothing of one value, or of values that are all equal', () => {
    expect(tTest([0.1])).toBeUndefined();
    expect(tTest([0.1, 0.1, 0.1])).toBeUndefined();
  });
});

describe('centralProbability', () => {
  it('is that of SciPy for odd and even degrees of freedom', () => {
    for (const { t, freedom, p } of judge.central) expect(centralProbability(t, freedom)).toBeCloseTo(p, 12);
  });
});

describe('normalQuantile', () => {
  it('is that of SciPy', () => {
    for (const { p, x } of judge.quantiles) {
      expect(normalQuantile(p)).toBeCloseTo(x, 10);
      expect(normalProbability(x)).toBeCloseTo(p, 12);
    }
  });
});

describe('certainShareInterval', () => {
  it('is Wilson’s as statsmodels has it', () => {
    for (const { wrong, images, level, interval } of judge.wilson) {
      const found = certainShareInterval(wrong / images, images, level);
      expect(found[0]).toBeCloseTo(interval[0], 12);
      expect(found[1]).toBeCloseTo(interval[1], 12);
    }
  });
});
