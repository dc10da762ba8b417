/**
 * Resampling of test images (Efron & Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13).
 *
 * The image is the unit: a resample draws images with replacement, and each brings along all its corrupted versions and
 * all models' answers. So what the versions of an image have in common, and what the models have, stays in the interval.
 */
import { randomStream } from '../../random/random.ts';
import { computeMetrics } from '../result/metrics.ts';
import type { MetricName } from '../result/schema.ts';
import { ColumnSums } from './column-sums.ts';
import {
  columnsOf,
  corruptionMeans,
  errorsOfSums,
  type ImageErrors,
  severityErrors,
} from './image-errors.ts';
import { normalQuantile } from './normal.ts';

export type Interval = [low: number, high: number];

export interface BootstrapOptions {
  /** Default 2000. */
  readonly resamples?: number;
  /** Default 0. Equal seeds draw equal images, whatever the model. */
  readonly seed?: number;
  /** Share of the resamples inside the interval, in (0, 1). Default .95. */
  readonly level?: number;
}

export const BOOTSTRAP_DEFAULTS = { resamples: 2000, seed: 0, level: 0.95 } as const;

/**
 * Draws as many images as there are, with replacement, again and again.
 *
 * @returns how often each of the images was drawn, `[images]`; the array is used again
 */
export function* drawImages(
  images: number,
  purpose: string,
  { resamples = BOOTSTRAP_DEFAULTS.resamples, seed = BOOTSTRAP_DEFAULTS.seed }: BootstrapOptions = {},
): Generator<Float64Array> {
  const counts = new Float64Array(images);
  const scale = images / 2 ** 32;
  for (let resample = 0; resample < resamples; resample++) {
    const random = randomStream('bootstrap', purpose, seed, resample);
    counts.fill(0);
    // 32 bits are enough: no image is preferred by more than images / 2^32.
    for (let drawn = 0; drawn < images; drawn++) counts[Math.floor(random.uint32() * scale)]!++;
    yield counts;
  }
}

/**
 * The q-quantile of sorted values, linear between them (Hyndman & Fan's type 7, NumPy's default).
 *
 * @param q in [0, 1]
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

/** The percentile interval of a statistic over resamples; undefined where some resample does not define it. */
export function percentileInterval(values: Float64Array, level: number): Interval | undefined {
  if (values.length === 0 || !values.every(Number.isFinite)) return undefined;
  const sorted = values.slice().sort();
  return [quantile(sorted, (1 - level) / 2), quantile(sorted, (1 + level) / 2)];
}

/**
 * Wilson's score interval of a share that was 0 or 1 in all of `images` (Wilson 1927), where resampling, which can only draw
 * what was seen, would claim certainty. Of a mean over cells, which is 0 or 1 only where each image's is, it is an upper bound.
 *
 * @param share 0 or 1
 */
export function certainShareInterval(share: number, images: number, level: number): Interval {
  const z = normalQuantile((1 + level) / 2);
  const width = z ** 2 / (images + z ** 2);
  return share === 0 ? [0, width] : [1 - width, 1];
}

/** Intervals of everything that follows from a model's errors. */
export interface ErrorIntervals {
  readonly metrics: Partial<Record<MetricName, Interval>>;
  /** CE, of each corruption whose five severities were measured. */
  readonly ce: Record<string, Interval>;
  /** Mean error over the 15 benchmark corruptions, of each severity (1 to 5) at which all were measured. */
  readonly severities: Record<string, Interval>;
  /** Error less the baseline's, on the same images; present with a baseline. */
  readonly differences?: {
    readonly clean?: Interval;
    /** Of `mce.absolute`, or of `partial.error` on an incomplete grid. */
    readonly corrupted?: Interval;
    /** Of CE, or of the mean over fewer severities. */
    readonly corruptions: Record<string, Interval>;
  };
}

/**
 * Percentile intervals over test images. A metric that compares with the baseline is computed from both models' errors
 * on the same draw.
 *
 * @param baseline on the same images and cells
 */
export function bootstrapErrors(
  errors: ImageErrors,
  baseline: ImageErrors | undefined,
  options: BootstrapOptions & { readonly alexnet?: boolean } = {},
): ErrorIntervals {
  const { resamples = BOOTSTRAP_DEFAULTS.resamples, level = BOOTSTRAP_DEFAULTS.level, alexnet } = options;
  const samples = new Samples(resamples);
  let resample = 0;
  for (const sumOf of draws(errors, baseline, options)) {
    const measured = errorsOfSums(errors, sumOf);
    const reference = baseline && errorsOfSums(baseline, sumOf);
    const { ce, metrics } = computeMetrics(measured, { baseline: reference, alexnet });
    samples.enter('metric', metrics, resample);
    samples.enter('ce', ce, resample);
    samples.enter('severity', severityErrors(errors, sumOf), resample);
    if (reference) {
      const other = computeMetrics(reference);
      const difference = (name: MetricName) =>
        (metrics[name] ?? Number.NaN) - (other.metrics[name] ?? Number.NaN);
      samples.enter(
        'difference',
        {
          clean: difference('error.clean'),
          corrupted: difference(metrics['mce.absolute'] === undefined ? 'partial.error' : 'mce.absolute'),
        },
        resample,
      );
      samples.enter(
        'corruption difference',
        subtract(corruptionMeans(measured), corruptionMeans(reference)),
        resample,
      );
    }
    resample++;
  }
  const share = (images: number) => (interval: Interval) => ofShare(interval, images, level);
  const ofCells = share(errors.images);
  const { 'error.clean': clean, ...metrics } = samples.intervals('metric', level);
  return {
    metrics: {
      ...(clean && { 'error.clean': share(errors.cleanImages)(clean) }),
      ...mapValues(metrics, (interval, name) => (SHARES.has(name) ? ofCells(interval) : interval)),
    },
    ce: mapValues(samples.intervals('ce', level), ofCells),
    severities: mapValues(samples.intervals('severity', level), ofCells),
    ...(baseline && {
      differences: {
        ...samples.intervals('difference', level),
        corruptions: samples.intervals('corruption difference', level),
      },
    }),
  };
}

/** Metrics that are means of shares of wrong images. */
const SHARES: ReadonlySet<string> = new Set<MetricName>(['mce.absolute', 'partial.error']);

/** The interval of a share, where no image was wrong, or every one, Wilson's. */
function ofShare(interval: Interval, images: number, level: number): Interval {
  const [low, high] = interval;
  return low === high && (low === 0 || low === 1) ? certainShareInterval(low, images, level) : interval;
}

function mapValues<T>(
  record: Readonly<Record<string, T>>,
  map: (value: T, name: string) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}

/** Sums over each draw of the columns of both models. */
function* draws(
  errors: ImageErrors,
  baseline: ImageErrors | undefined,
  options: BootstrapOptions,
): Generator<(column: Uint8Array) => number> {
  const { images, cleanImages, sameImages } = errors;
  // Of the baseline no errors by severity are asked for.
  const columns = [errors, ...(baseline ? [{ ...baseline, severities: new Map() }] : [])].map(columnsOf);
  const clean = columns.flatMap((own) => own.clean);
  const corrupted = columns.flatMap((own) => own.corrupted);
  if (sameImages) {
    const sums = new ColumnSums(images, [...clean, ...corrupted]);
    for (const counts of drawImages(images, 'images', options)) yield sums.of(counts);
    return;
  }
  const [cleanSums, corruptedSums] = [new ColumnSums(cleanImages, clean), new ColumnSums(images, corrupted)];
  const cleanDraws = drawImages(cleanImages, 'clean images', options);
  for (const counts of drawImages(images, 'images', options)) {
    const [sumOf, cleanSumOf] = [corruptedSums.of(counts), cleanSums.of(cleanDraws.next().value!)];
    yield (column) => (clean.includes(column) ? cleanSumOf(column) : sumOf(column));
  }
}

function subtract(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(a).map(([name, value]) => [name, value - (b[name] ?? Number.NaN)]),
  );
}

/** Values of many statistics, one a resample. */
class Samples {
  readonly #resamples: number;
  readonly #kinds = new Map<string, Map<string, Float64Array>>();

  constructor(resamples: number) {
    this.#resamples = resamples;
  }

  /** What is not entered for a resample stays NaN. */
  enter(kind: string, values: Readonly<Record<string, number | undefined>>, resample: number): void {
    const own = this.#kinds.get(kind) ?? new Map<string, Float64Array>();
    this.#kinds.set(kind, own);
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      const row = own.get(name) ?? new Float64Array(this.#resamples).fill(Number.NaN);
      own.set(name, row);
      row[resample] = value;
    }
  }

  intervals(kind: string, level: number): Record<string, Interval> {
    const found: Record<string, Interval> = {};
    for (const [name, values] of this.#kinds.get(kind) ?? []) {
      const interval = percentileInterval(values, level);
      if (interval) found[name] = interval;
    }
    return found;
  }
}
