import { describe, expect, it } from 'vitest';
import { BENCHMARK_CORRUPTIONS, CORRUPTIONS, FREQUENCY_GROUPS } from '../../../src/corrupt/index.ts';
import {
  ALEXNET_CE,
  ALEXNET_CLEAN_ERROR,
  computeMetrics,
  mean,
  netGain,
  relativeGain,
  standardDeviation,
} from '../../../src/evaluate/result/metrics.ts';
import type { ErrorGrid } from '../../../src/evaluate/result/schema.ts';

/** A full grid whose CE is `ce(corruption)`, spread over the severities around its mean. */
function gridOf(ce: (corruption: string, position: number) => number): ErrorGrid {
  const spread = [-0.02, -0.01, 0, 0.01, 0.02];
  return Object.fromEntries(
    BENCHMARK_CORRUPTIONS.map((name, position) => [name, spread.map((step) => ce(name, position) + step)]),
  );
}

describe('computeMetrics', () => {
  it('follows Eq. 9 to 13 on a case worked by hand', () => {
    // CE rises from .10 by .02 a corruption: mean .10 + 7 · .02 = .24. The baseline's CE is .40 everywhere.
    const measured = { clean: { top1: 0.08 }, errors: gridOf((_, position) => 0.1 + 0.02 * position) };
    const baseline = { clean: { top1: 0.1 }, errors: gridOf(() => 0.4) };
    const { ce, metrics, notes } = computeMetrics(measured, { baseline });
    expect(ce.gaussian_noise).toBeCloseTo(0.1, 12);
    expect(ce.jpeg_compression).toBeCloseTo(0.38, 12);
    expect(metrics['error.clean']).toBe(0.08);
    expect(metrics['mce.absolute']).toBeCloseTo(0.24, 12);
    expect(metrics['mce.baseline']).toBeCloseTo(0.6, 12);
    expect(metrics['gain.error.clean']).toBeCloseTo(0.2, 12);
    expect(metrics['gain.mce.absolute']).toBeCloseTo(0.4, 12);
    expect(metrics['rnet.beta1']).toBeCloseTo(0.3, 12);
    // beta = .40 / .10 = 4: (.2 + 4 · .4) / 2
    expect(metrics['rnet.auto']).toBeCloseTo(0.9, 12);
    expect(metrics['mce.alexnet']).toBeUndefined();
    expect(notes).toEqual([]);
  });

  it('averages ratios, not errors, in mce.baseline', () => {
    // One corruption twice as bad on a small baseline error, the others unchanged on large ones.
    const measured = { clean: { top1: 0.1 }, errors: gridOf((name) => (name === 'fog' ? 0.2 : 0.5)) };
    const baseline = { clean: { top1: 0.1 }, errors: gridOf((name) => (name === 'fog' ? 0.1 : 0.5)) };
    const { metrics } = computeMetrics(measured, { baseline });
    expect(metrics['mce.baseline']).toBeCloseTo((14 + 2) / 15, 12);
    expect(metrics['gain.mce.absolute']).toBeCloseTo(-0.1 / (14 * 0.5 + 0.1), 12);
  });

  it('gives a model compared with itself 1 and 0', () => {
    const self = { clean: { top1: 0.07 }, errors: gridOf((_, position) => 0.2 + 0.03 * position) };
    const { metrics, frequency } = computeMetrics(self, { baseline: self });
    expect(metrics['mce.baseline']).toBe(1);
    expect(metrics['rnet.beta1']).toBe(0);
    expect(metrics['rnet.auto']).toBe(0);
    expect(frequency?.high).toEqual({ mean: 1, std: 0, corruptions: [...FREQUENCY_GROUPS.high] });
  });

  it('puts every benchmark corruption in one frequency group, with mean and deviation inside it', () => {
    const measured = {
      clean: { top1: 0.1 },
      errors: gridOf((name) => ({ frost: 0.2, fog: 0.4 })[name] ?? 0.3),
    };
    const baseline = { clean: { top1: 0.1 }, errors: gridOf(() => 0.3) };
    const { frequency } = computeMetrics(measured, { baseline });
    const names = Object.values(frequency!).flatMap((group) => group.corruptions);
    expect(names.sort()).toEqual([...BENCHMARK_CORRUPTIONS].sort());
    // low: frost 2/3, fog 4/3, brightness 1, contrast 1: mean 1, variance (1/9 + 1/9) / 4
    expect(frequency!.low.mean).toBeCloseTo(1, 12);
    expect(frequency!.low.std).toBeCloseTo(Math.sqrt(1 / 18), 12);
    expect(frequency!.mid).toMatchObject({ mean: expect.closeTo(1, 12), std: expect.closeTo(0, 12) });
  });

  it('never calls a figure mCE when a cell of the benchmark is missing', () => {
    const errors = gridOf(() => 0.4);
    errors.fog[4] = null;
    const { ce, metrics, notes, frequency } = computeMetrics(
      { clean: { top1: 0.1 }, errors },
      { baseline: { clean: { top1: 0.1 }, errors: gridOf(() => 0.4) }, alexnet: true },
    );
    expect(Object.keys(metrics).sort()).toEqual(['error.clean', 'partial.baseline', 'partial.error']);
    // fog: .38 .39 .40 .41 → mean .395
    expect(metrics['partial.error']).toBeCloseTo((14 * 0.4 + 0.395) / 15, 12);
    // The baseline's fog is taken at the same four severities.
    expect(metrics['partial.baseline']).toBeCloseTo(1, 12);
    expect(ce.fog).toBeUndefined();
    expect(frequency).toBeUndefined();
    expect(notes.join()).toMatch(/15 benchmark corruptions at 5 severities/);
  });

  it('leaves the four extra corruptions out of mCE', () => {
    const errors = { ...gridOf(() => 0.4), saturate: [1, 1, 1, 1, 1] };
    const { ce, metrics } = computeMetrics({ clean: { top1: 0.1 }, errors });
    expect(ce.saturate).toBe(1);
    expect(metrics['mce.absolute']).toBeCloseTo(0.4, 12);
  });

  it('leaves ratios to a baseline without errors out, and says so', () => {
    const measured = { clean: { top1: 0.1 }, errors: gridOf(() => 0.4) };
    const errors = { ...gridOf(() => 0.4), fog: [0, 0, 0, 0, 0] };
    const { metrics, notes } = computeMetrics(measured, { baseline: { clean: { top1: 0 }, errors } });
    expect(metrics['mce.baseline']).toBeUndefined();
    expect(metrics['rnet.beta1']).toBeUndefined();
    expect(metrics['gain.mce.absolute']).toBeDefined();
    expect(notes.join()).toMatch(/no error on fog/);
    expect(notes.join()).toMatch(/no rnet/);
  });
});

describe('published numbers', () => {
  // Hendrycks & Dietterich 2019, Table 1: ResNet-50's clean error .239 and its CE normalised by AlexNet's, in percent.
  const RESNET50 = [80, 82, 83, 75, 89, 78, 80, 78, 75, 66, 57, 71, 85, 77, 77];

  it('has AlexNet at mCE 1, relative mCE 1', () => {
    const errors = gridOf((name) => ALEXNET_CE[name]);
    const { metrics } = computeMetrics({ clean: { top1: ALEXNET_CLEAN_ERROR }, errors }, { alexnet: true });
    expect(metrics['mce.alexnet']).toBeCloseTo(1, 12);
    expect(metrics['rmce.alexnet']).toBeCloseTo(1, 12);
    expect(Object.keys(ALEXNET_CE).sort()).toEqual([...BENCHMARK_CORRUPTIONS].sort());
  });

  it("gives ResNet-50's published mCE 76.7 % and relative mCE 105.0 % from its published rows", () => {
    const errors = gridOf((name, position) => (RESNET50[position] / 100) * ALEXNET_CE[name]);
    const { metrics } = computeMetrics({ clean: { top1: 0.239 }, errors }, { alexnet: true });
    // The rows are printed to whole percents.
    expect(metrics['mce.alexnet']).toBeGreaterThan(0.762);
    expect(metrics['mce.alexnet']).toBeLessThan(0.772);
    expect(metrics['rmce.alexnet']).toBeGreaterThan(1.03);
    expect(metrics['rmce.alexnet']).toBeLessThan(1.07);
  });

  it("fits the paper's CIFAR-10 figures: ResNet-18 against push-pull avg3 and avg5", () => {
    // E .069 → .071 and mCE .2853 → .2728 (avg3), .2708 (avg5): R_mCE near 1 - mrCE (.970, .965).
    expect(relativeGain(0.2728, 0.2853)).toBeCloseTo(0.0438, 4);
    expect(Math.abs(1 - relativeGain(0.2728, 0.2853) - 0.97)).toBeLessThan(0.02);
    expect(Math.abs(1 - relativeGain(0.2708, 0.2853) - 0.965)).toBeLessThan(0.02);
    // R_net, auto beta: the gain under corruption outweighs the clean loss.
    const gains = [relativeGain(0.071, 0.069), relativeGain(0.2728, 0.2853)] as const;
    expect(netGain(...gains, 0.2853 / 0.069)).toBeGreaterThan(0);
    expect(netGain(...gains, 1)).toBeCloseTo((-0.02899 + 0.04381) / 2, 4);
  });

  it("combines the frequency groups of the paper's Table 4 to its mrCE", () => {
    // Groups of 4, 5 and 6: ResNet-18 avg3 1.00, .99, .93 → .969 (Table 1: .970); avg5 1.01, .97, .93 → .965 (.965).
    const sizes = [FREQUENCY_GROUPS.low.length, FREQUENCY_GROUPS.mid.length, FREQUENCY_GROUPS.high.length];
    expect(sizes).toEqual([4, 5, 6]);
    const combine = (means: number[]) =>
      mean(means.flatMap((value, group) => Array(sizes[group]).fill(value)));
    expect(combine([1.0, 0.99, 0.93])).toBeCloseTo(0.97, 2);
    expect(combine([1.01, 0.97, 0.93])).toBeCloseTo(0.965, 2);
  });
});

describe('helpers', () => {
  it('uses divisor n in the standard deviation', () => {
    expect(standardDeviation([1, 3])).toBe(1);
    expect(mean([1, 2, 6])).toBe(3);
  });

  it('knows 15 of 19 corruptions as the benchmark', () => {
    expect([BENCHMARK_CORRUPTIONS.length, CORRUPTIONS.length]).toEqual([15, 19]);
  });
});
