import { describe, expect, it } from 'vitest';
import { BENCHMARK_CORRUPTIONS, SEVERITIES } from '../../../src/corrupt/index.ts';
import { gridCells } from '../../../src/evaluate/grid/grid.ts';
import { errorOf } from '../../../src/evaluate/result/predictions.ts';
import { imageErrors } from '../../../src/evaluate/statistics/image-errors.ts';
import { holmAdjusted } from '../../../src/evaluate/statistics/paired-tests.ts';
import { compareErrors } from '../../../src/evaluate/statistics/significance.ts';
import { answersOf, CELLS, judge } from './fixture.ts';

const errors = imageErrors(answersOf('model'), CELLS)!;
const baseline = imageErrors(answersOf('baseline'), CELLS)!;
const found = compareErrors(errors, baseline, { resamples: 200 });

/** Right within four standard errors of a p value that SciPy estimates as twice the share of the smaller tail. */
function expectNear(p: number, { p: wanted, resamples }: { p: number; resamples: number }): void {
  const tail = wanted / 2;
  const error = 2 * Math.sqrt((tail * (1 - tail)) / resamples);
  expect(Math.abs(p - wanted)).toBeLessThan(4 * error + 2 / resamples);
}

describe('compareErrors', () => {
  it('tests the clean error as statsmodels does', () => {
    const { p, onlyThis, onlyBaseline } = judge.mcnemar;
    expect(found.clean).toMatchObject({ test: 'mcnemar', images: judge.images, onlyThis, onlyBaseline });
    expect(found.clean!.p).toBeCloseTo(p, 12);
    expect(found.clean!.difference).toBeCloseTo((onlyBaseline - onlyThis) / judge.images, 12);
  });

  it('tests mCE and each CE as SciPy does, which flips signs at random', () => {
    expect(found.corrupted).toMatchObject({
      metric: 'mce.absolute',
      test: 'sign-flip',
      images: judge.images,
    });
    expectNear(found.corrupted!.p, judge.signFlip.corrupted!);
    expect(found.corrupted!.difference).toBeCloseTo(judge.bootstrap['difference.corrupted']!.value, 12);
    expect(Object.keys(found.ce)).toEqual([...BENCHMARK_CORRUPTIONS]);
    for (const [corruption, { p }] of Object.entries(found.ce)) expectNear(p, judge.signFlip[corruption]!);
  });

  it('adjusts for the number of corruptions', () => {
    const rows = Object.values(found.ce);
    expect(rows.map(({ holm }) => holm)).toEqual(holmAdjusted(rows.map(({ p }) => p)));
  });

  it('gives the other sign the other way round', () => {
    const swapped = compareErrors(baseline, errors, { resamples: 200 });
    expect(swapped.corrupted!.p).toBe(found.corrupted!.p);
    expect(swapped.clean!.p).toBe(found.clean!.p);
    expect(swapped.corrupted!.difference).toBe(-found.corrupted!.difference);
    expect(swapped.clean).toMatchObject({ onlyThis: found.clean!.onlyBaseline });
  });

  it('tests the measured cells of an incomplete grid, corruptions alike', () => {
    const cells = [...gridCells(['fog'], SEVERITIES), ...gridCells(['snow'], [1, 3])];
    const [own, other] = ['model', 'baseline'].map((name) => imageErrors(answersOf(name as 'model'), cells)!);
    const { clean, corrupted, ce, partial } = compareErrors(own!, other!, { resamples: 200 });
    expect(clean).toBeUndefined();
    expect(corrupted).toMatchObject({ metric: 'partial.error', images: judge.images });
    // Fog counts a fifth a severity, snow a half.
    const [mean, mean0] = (['model', 'baseline'] as const).map((name) => {
      const answers = answersOf(name);
      const error = (cell: (typeof cells)[number]) => errorOf(answers.labels, answers.cell(cell)!).top1;
      const [fog, snow] = [cells.slice(0, 5), cells.slice(5)].map(
        (row) => row.reduce((sum, cell) => sum + error(cell), 0) / row.length,
      );
      return (fog! + snow!) / 2;
    });
    expect(corrupted!.difference).toBeCloseTo(mean! - mean0!, 12);
    expect(Object.keys(ce)).toEqual(['fog']);
    expect(Object.keys(partial!)).toEqual(['snow']);
    expect([ce.fog!.holm, partial!.snow!.holm]).toEqual(holmAdjusted([ce.fog!.p, partial!.snow!.p]));
    const [low, high] = partial!.snow!.interval!;
    expect(low).toBeLessThan(partial!.snow!.difference);
    expect(high).toBeGreaterThan(partial!.snow!.difference);
    expect(found.partial).toBeUndefined();
    expect(ce.fog!.p).toBe(found.ce.fog!.p);
  });

  it('leaves images out that were not read in some cell', () => {
    const gap = (key: string, confidence: Float32Array) => {
      if (key === 'fog.2') confidence.fill(Number.NaN, 0, 10);
    };
    const some = imageErrors(answersOf('model', gap), CELLS)!;
    const { clean, corrupted, ce } = compareErrors(some, baseline, { resamples: 50 });
    expect(clean!.images).toBe(judge.images);
    expect(corrupted!.images).toBe(judge.images - 10);
    expect(ce.fog!.images).toBe(judge.images - 10);
    expect(ce.snow!.p).toBe(found.ce.snow!.p);
  });
});
