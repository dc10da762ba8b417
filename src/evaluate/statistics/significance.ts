/** Whether one model's errors differ from another's by more than the choice of the test images explains. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import { computeMetrics, isFullGrid } from '../result/metrics.ts';
import type { Result } from '../result/schema.ts';
import {
  BOOTSTRAP_DEFAULTS,
  type BootstrapOptions,
  bootstrapErrors,
  type ErrorIntervals,
} from './bootstrap.ts';
import { corruptionMeans, errorsOfAll, type ImageErrors } from './image-errors.ts';
import { holmAdjusted, mcnemarTest, signFlipTest } from './paired-tests.ts';

export type Significance = NonNullable<Result['significance']>;

/**
 * Paired comparison of two models on the same images and cells.
 *
 * - Clean error: McNemar's exact test.
 * - Mean error over the benchmark's corruptions, and over each: sign-flip test of the images' mean errors. The p values
 *   of the corruptions are also given adjusted by Holm's method for that many tests.
 *
 * Every difference is error less the baseline's (negative: fewer errors), with its bootstrap interval.
 *
 * @param intervals of `bootstrapErrors` with that baseline, where they are known already
 */
export function compareErrors(
  errors: ImageErrors,
  baseline: ImageErrors,
  options: BootstrapOptions = {},
  intervals: ErrorIntervals = bootstrapErrors(errors, baseline, options),
): Significance {
  const { resamples, seed, level } = { ...BOOTSTRAP_DEFAULTS, ...options };
  const { differences = { corruptions: {} } } = intervals;
  const [measured, reference] = [errors, baseline].map(errorsOfAll);
  const [own, other] = [measured!, reference!].map((grid) => computeMetrics(grid));
  const metric = isFullGrid(measured!.errors) ? 'mce.absolute' : 'partial.error';
  const corrupted = own!.metrics[metric];
  return {
    level,
    resamples,
    seed,
    ...(errors.clean &&
      baseline.clean && {
        clean: {
          test: 'mcnemar' as const,
          difference: own!.metrics['error.clean']! - other!.metrics['error.clean']!,
          interval: differences.clean,
          ...testClean(errors, baseline),
        },
      }),
    ...(corrupted !== undefined && {
      corrupted: {
        metric,
        test: 'sign-flip' as const,
        difference: corrupted - other!.metrics[metric]!,
        interval: differences.corrupted,
        ...testCorrupted(errors, baseline, BENCHMARK_CORRUPTIONS),
      },
    }),
    ...compareCorruptions(corruptionMeans(measured!), corruptionMeans(reference!)),
  };

  function compareCorruptions(
    means: Record<string, number>,
    means0: Record<string, number>,
  ): Pick<Significance, 'ce' | 'partial'> {
    const names = Object.keys(means);
    const tests = names.map((name) => testCorrupted(errors, baseline, [name]));
    const adjusted = holmAdjusted(tests.map(({ p }) => p));
    const rows = names.map((name, index) => {
      const difference = means[name]! - means0[name]!;
      const interval = differences.corruptions[name];
      return [name, { difference, interval, ...tests[index]!, holm: adjusted[index]! }] as const;
    });
    const partial = rows.filter(([name]) => own!.ce[name] === undefined);
    return {
      ce: Object.fromEntries(rows.filter(([name]) => own!.ce[name] !== undefined)),
      ...(partial.length > 0 && { partial: Object.fromEntries(partial) }),
    };
  }
}

function testClean(errors: ImageErrors, baseline: ImageErrors) {
  const [own, other] = [errors.clean!, baseline.clean!];
  let images = 0;
  let onlyThis = 0;
  let onlyBaseline = 0;
  for (let image = 0; image < errors.cleanImages; image++) {
    if (own.read?.[image] === 0 || other.read?.[image] === 0) continue;
    images++;
    if (own.wrong[image]! < other.wrong[image]!) onlyThis++;
    else if (own.wrong[image]! > other.wrong[image]!) onlyBaseline++;
  }
  return { images, onlyThis, onlyBaseline, p: mcnemarTest(onlyThis, onlyBaseline) };
}

/** Over the images that were read in all cells. */
function testCorrupted(
  errors: ImageErrors,
  baseline: ImageErrors,
  corruptions: readonly string[],
): { images: number; p: number } {
  const rows = corruptions.flatMap((name) => {
    const [own, other] = [errors.corruptions.get(name), baseline.corruptions.get(name)];
    return own && other ? [{ own, other, severities: own.severities.length }] : [];
  });
  // Corruptions count alike, however many of their severities were measured; whole numbers all the same.
  const common = rows.map(({ severities }) => severities).reduce(leastCommonMultiple, 1);
  const differences = new Int32Array(errors.images);
  const read = new Uint8Array(errors.images).fill(1);
  for (const { own, other, severities } of rows) {
    for (const [terms, sign] of [
      [own.terms, 1],
      [other.terms, -1],
    ] as const) {
      for (const term of terms) {
        const weight = sign * (common / severities);
        for (let image = 0; image < errors.images; image++) {
          differences[image]! += weight * term.wrong[image]!;
          if (term.read) read[image]! &= term.read[image]!;
        }
      }
    }
  }
  const kept = differences.filter((_, image) => read[image] === 1);
  return { images: kept.length, p: signFlipTest(kept) };
}

function leastCommonMultiple(a: number, b: number): number {
  let [larger, smaller] = [a, b];
  while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
  return (a * b) / larger;
}
