import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeMetrics } from '../../../src/evaluate/result/metrics.ts';
import { PredictionsRecord } from '../../../src/evaluate/result/predictions.ts';
import {
  bootstrapErrors,
  drawImages,
  percentileInterval,
  quantile,
} from '../../../src/evaluate/statistics/bootstrap.ts';
import { ColumnSums } from '../../../src/evaluate/statistics/column-sums.ts';
import { errorsOfAll, imageErrors } from '../../../src/evaluate/statistics/image-errors.ts';
import { randomStream } from '../../../src/random/random.ts';
import { answersOf, CELLS, judge } from './fixture.ts';

const RESAMPLES = 4000;

/**
 * How far two estimates of an interval's end may lie apart, in standard errors of the statistic: each is the quantile of
 * B draws, whose own standard error is √(q(1 - q)/B) / f(q), with f the density there, of a normal distribution: .0584
 * at the 2.5 % quantile. Four of them, for both together.
 */
const MONTE_CARLO = 4 * (Math.sqrt(0.025 * 0.975) / 0.0584) * Math.sqrt(1 / RESAMPLES + 1 / judge.resamples);

describe('bootstrapErrors', () => {
  const errors = imageErrors(answersOf('model'), CELLS)!;
  const baseline = imageErrors(answersOf('baseline'), CELLS)!;
  const found = bootstrapErrors(errors, baseline, { resamples: RESAMPLES });
  const intervals: Record<string, readonly [number, number] | undefined> = {
    ...found.metrics,
    'ce.fog': found.ce.fog,
    'severity.1': found.severities['1'],
    'severity.5': found.severities['5'],
    'difference.clean': found.differences!.clean,
    'difference.corrupted': found.differences!.corrupted,
    'difference.ce.fog': found.differences!.corruptions.fog,
  };

  it.each(Object.entries(judge.bootstrap))(
    'agrees with SciPy on %s within Monte Carlo error',
    (name, wanted) => {
      expect(MONTE_CARLO).toBeLessThan(0.19);
      const [low, high] = intervals[name]!;
      // The error of one cell is a multiple of an image, and so are its quantiles.
      const step = /clean$/.test(name) ? 1 / judge.images : 0;
      const tolerance = MONTE_CARLO * wanted.standardError + step;
      expect(Math.abs(low - wanted.low)).toBeLessThan(tolerance);
      expect(Math.abs(high - wanted.high)).toBeLessThan(tolerance);
    },
  );

  it('is about the figures that the result has', () => {
    const { metrics } = computeMetrics(errorsOfAll(errors), { baseline: errorsOfAll(baseline) });
    for (const name of ['error.clean', 'mce.absolute', 'mce.baseline', 'rnet.auto'] as const) {
      expect(metrics[name]).toBeCloseTo(judge.bootstrap[name]!.value, 12);
    }
  });

  it('draws the same images for every model, and others for another seed', () => {
    const alone = bootstrapErrors(errors, undefined, { resamples: RESAMPLES });
    expect(alone.metrics['mce.absolute']).toEqual(found.metrics['mce.absolute']);
    expect(alone.ce).toEqual(found.ce);
    expect(alone.differences).toBeUndefined();
    const other = bootstrapErrors(errors, undefined, { resamples: RESAMPLES, seed: 1 });
    expect(other.metrics['mce.absolute']).not.toEqual(found.metrics['mce.absolute']);
  });

  it('is no interval at all for a model against itself', () => {
    const same = bootstrapErrors(errors, errors, { resamples: 50 });
    expect(same.metrics['mce.baseline']).toEqual([1, 1]);
    expect(same.differences).toMatchObject({ clean: [0, 0], corrupted: [0, 0] });
  });

  it('is the binomial distribution of one cell, exactly', () => {
    // 3 of 10 wrong: quantiles of binomial(10, .3) / 10 are .1 (P(k ≤ 0) = .028 > .025, so 0) and .6 (P(k ≤ 5) = .953).
    const labels = new Int32Array(10);
    const record = new PredictionsRecord({ classes: ['a', 'b'], labels });
    const predicted = Int32Array.from({ length: 10 }, (_, image) => Number(image < 3));
    record.add('clean', { predicted, confidence: new Float32Array(10).fill(1) });
    const { metrics } = bootstrapErrors(imageErrors(record, ['clean'])!, undefined, { resamples: 20_000 });
    expect(metrics['error.clean']).toEqual([0, 0.6]);
  });

  it('counts images that could not be read nowhere', () => {
    // What is missing in one cell, and what is in all.
    const gaps = (key: string, confidence: Float32Array) => {
      confidence.fill(Number.NaN, 0, 30);
      if (key === 'fog.3') confidence.fill(Number.NaN, 100, 150);
    };
    const [some, reference] = [answersOf('model', gaps), answersOf('baseline', gaps)].map(
      (answers) => imageErrors(answers, CELLS)!,
    );
    const { errors: grid, clean } = errorsOfAll(some!);
    const all = answersOf('model');
    const rate = (cell: (typeof CELLS)[number], counted: (image: number) => boolean) => {
      const images = [...all.labels.keys()].filter(counted);
      return (
        images.filter((image) => all.cell(cell)!.predicted[image] !== all.labels[image]).length /
        images.length
      );
    };
    expect(clean!.top1).toBe(rate('clean', (image) => image >= 30));
    const fog = ([1, 2, 3, 4, 5] as const).map((severity) =>
      rate(
        { corruption: 'fog', severity },
        (image) => image >= 30 && !(severity === 3 && image >= 100 && image < 150),
      ),
    );
    expect(grid.fog![0]).toBeCloseTo(fog.reduce((sum, error) => sum + error, 0) / 5, 12);
    const { ce, metrics } = bootstrapErrors(some!, reference, { resamples: 500 });
    expect(ce.fog![0]).toBeLessThan(grid.fog![0]!);
    expect(ce.fog![1]).toBeGreaterThan(grid.fog![0]!);
    expect(metrics['mce.baseline']).toBeDefined();
  });

  it('draws clean images apart where they are others', () => {
    const record = new PredictionsRecord({
      classes: ['a', 'b'],
      labels: new Int32Array(400),
      cleanLabels: new Int32Array(200),
    });
    const half = (images: number) => ({
      predicted: Int32Array.from({ length: images }, (_, image) => image % 2),
      confidence: new Float32Array(images).fill(1),
    });
    record.add('clean', half(200));
    for (const cell of CELLS) if (cell !== 'clean') record.add(cell, half(400));
    const { metrics } = bootstrapErrors(imageErrors(record, CELLS)!, undefined);
    const width = ([low, high]: readonly [number, number]) => high - low;
    // Standard errors √(.25/200) and √(.25/400): all cells of an image have one error.
    const ratio = width(metrics['error.clean']!) / width(metrics['mce.absolute']!);
    expect(Math.abs(ratio - Math.SQRT2)).toBeLessThan(0.15);
  });

  it('gives no interval where a resample leaves the metric undefined', () => {
    // The baseline errs on one image alone: every third draw leaves it out.
    const [good, bad] = [0, 1].map((wrong) => {
      const record = new PredictionsRecord({ classes: ['a', 'b'], labels: new Int32Array(9) });
      const predicted = Int32Array.from({ length: 9 }, (_, image) => Number(image < wrong));
      for (const cell of CELLS) record.add(cell, { predicted, confidence: new Float32Array(9).fill(1) });
      return imageErrors(record, CELLS)!;
    });
    const { metrics } = bootstrapErrors(good!, bad!, { resamples: 100 });
    // No error on nine images is no proof of none: Wilson's interval.
    expect(metrics['mce.absolute']).toEqual([0, expect.closeTo(0.299145, 6)]);
    expect(metrics).not.toHaveProperty(['mce.baseline']);
  });

  it('is undefined where answers are missing', () => {
    expect(
      imageErrors(new PredictionsRecord({ classes: [], labels: new Int32Array(3) }), CELLS),
    ).toBeUndefined();
  });
});

describe('drawImages', () => {
  it('draws as many as there are, each alike often', () => {
    const totals = new Float64Array(7);
    let resamples = 0;
    for (const counts of drawImages(7, 'test', { resamples: 3000 })) {
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(7);
      counts.forEach((count, image) => {
        totals[image]! += count;
      });
      resamples++;
    }
    expect(resamples).toBe(3000);
    // Chi-squared with 6 degrees of freedom: 22.5 is exceeded once in a thousand.
    const chi = totals.reduce((sum, total) => sum + (total - 3000) ** 2 / 3000, 0);
    expect(chi).toBeLessThan(22.5);
  });
});

describe('quantile', () => {
  it('is linear between the values, as NumPy has it', () => {
    // np.quantile([1, 2, 4, 8], [0, .025, .5, .9, 1])
    const values = [1, 2, 4, 8];
    const found = [0, 0.025, 0.5, 0.9, 1].map((q) => quantile(values, q));
    for (const [index, wanted] of [1, 1.075, 3, 6.8, 8].entries())
      expect(found[index]).toBeCloseTo(wanted, 12);
    expect(quantile([5], 0.3)).toBe(5);
  });

  it('makes no interval of nothing', () => {
    expect(percentileInterval(new Float64Array(), 0.95)).toBeUndefined();
    expect(percentileInterval(Float64Array.of(1, Number.NaN), 0.95)).toBeUndefined();
  });
});

describe('ColumnSums', () => {
  it('adds what a loop adds, whatever the number of columns and images', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 9 }),
        fc.nat(),
        (length, count, seed) => {
          const random = randomStream('columns', seed);
          const columns = Array.from({ length: count }, () =>
            Uint8Array.from({ length }, () => random.int(0, count % 2 === 0 ? 16 : 6)),
          );
          const weights = new Float64Array(length);
          for (let drawn = 0; drawn < length; drawn++) weights[random.int(0, length)]!++;
          const sumOf = new ColumnSums(length, columns).of(weights);
          for (const column of columns) {
            expect(sumOf(column)).toBe(column.reduce((sum, value, at) => sum + value * weights[at]!, 0));
          }
        },
      ),
    );
  });

  it('has room for the largest sums', () => {
    for (const length of [1, 13_107, 13_108, 50_000]) {
      const columns = [5, 15, 5, 15, 0, 5, 15].map((value) => new Uint8Array(length).fill(value));
      const sumOf = new ColumnSums(length, columns).of(new Float64Array(length).fill(1));
      for (const column of columns) expect(sumOf(column)).toBe(column[0]! * length);
    }
  });
});
