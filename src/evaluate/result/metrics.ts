/**
 * From error rates to the figures of the paper.
 *
 * Notation: E is the clean top-1 error, E[c][s] the error on corruption c at severity s,
 * CE[c] the mean of E[c][s] over the five severities; a 0 marks the baseline (E0, CE0).
 * "mCE" means three different things in the literature, so each has a name of its own here.
 */
import { BENCHMARK_CORRUPTIONS, FREQUENCY_GROUPS } from '../../corrupt/index.ts';
import type { ErrorGrid, Metrics, Result } from './schema.ts';

/**
 * CE of AlexNet on ImageNet-C, as Hendrycks and Dietterich publish it for normalisation
 * (github.com/hendrycks/robustness, ImageNet-C; "Benchmarking Neural Network Robustness to Common
 * Corruptions and Perturbations", ICLR 2019).
 */
export const ALEXNET_CE: Readonly<Record<string, number>> = {
  gaussian_noise: 0.886428,
  shot_noise: 0.894468,
  impulse_noise: 0.92264,
  defocus_blur: 0.81988,
  glass_blur: 0.826268,
  motion_blur: 0.785948,
  zoom_blur: 0.79836,
  snow: 0.866816,
  frost: 0.826572,
  fog: 0.819324,
  brightness: 0.564592,
  contrast: 0.853204,
  elastic_transform: 0.646056,
  pixelate: 0.71784,
  jpeg_compression: 0.6065,
};

/** Clean top-1 error of the same network (torchvision's AlexNet, 56.522 % correct). */
export const ALEXNET_CLEAN_ERROR = 0.43478;

const NO_CLEAN = 'the corrupted set was measured without clean images; give them with --clean';

/** What the metrics are computed from: the clean error and the grid. */
export interface Errors {
  /** Absent where corrupted images alone were measured. */
  readonly clean?: { readonly top1: number };
  readonly errors: ErrorGrid;
}

export interface MetricOptions {
  /** The network to compare with; it must have measured at least the same cells. */
  readonly baseline?: Errors;
  /** Whether AlexNet's published errors apply: ImageNet's 1,000 classes with ImageNet's parameters. */
  readonly alexnet?: boolean;
}

export type MetricReport = Pick<Result, 'ce' | 'metrics' | 'frequency' | 'notes'>;

/** Mean of the values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation with divisor n. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

/** CE of every corruption whose five severities were all measured. */
export function corruptionErrors(errors: ErrorGrid): Record<string, number> {
  const ce: Record<string, number> = {};
  for (const [corruption, row] of Object.entries(errors)) {
    const measured = row.filter((error) => error !== null);
    if (measured.length === row.length) ce[corruption] = mean(measured);
  }
  return ce;
}

/** Whether all 15 benchmark corruptions were measured at all five severities. */
export function isFullGrid(errors: ErrorGrid): boolean {
  return BENCHMARK_CORRUPTIONS.every((corruption) => errors[corruption]?.every((error) => error !== null));
}

/** Eq. 9: mean of CE over the 15 benchmark corruptions. */
export function absoluteMce(ce: Readonly<Record<string, number>>): number {
  return mean(BENCHMARK_CORRUPTIONS.map((corruption) => ce[corruption]));
}

/** Eq. 10 (mrCE), and with AlexNet's errors Hendrycks' mCE: mean over `corruptions` of CE[c] / reference[c]. */
export function relativeMce(
  ce: Readonly<Record<string, number>>,
  reference: Readonly<Record<string, number>>,
  corruptions: readonly string[] = BENCHMARK_CORRUPTIONS,
): number {
  return mean(corruptions.map((corruption) => ce[corruption] / reference[corruption]));
}

/** Eq. 11 and 12: the relative gain (reference - value) / reference; positive is better. */
export function relativeGain(value: number, reference: number): number {
  return (reference - value) / reference;
}

/** Eq. 13: R_net = (R_E + beta · R_mCE) / 2. */
export function netGain(gainClean: number, gainMce: number, beta: number): number {
  return (gainClean + beta * gainMce) / 2;
}

/** Hendrycks' relative mCE: mean of (CE[c] - E) / (CE_AlexNet[c] - E_AlexNet). */
export function relativeMceAlexnet(ce: Readonly<Record<string, number>>, clean: number): number {
  return mean(
    BENCHMARK_CORRUPTIONS.map(
      (corruption) => (ce[corruption] - clean) / (ALEXNET_CE[corruption] - ALEXNET_CLEAN_ERROR),
    ),
  );
}

/**
 * Every metric that follows from what was measured, and only those: a figure whose ingredients are
 * missing is absent, and where one would have expected it a note says why.
 */
export function computeMetrics(measured: Errors, options: MetricOptions = {}): MetricReport {
  const ce = corruptionErrors(measured.errors);
  const { clean } = measured;
  const metrics: Metrics = clean ? { 'error.clean': clean.top1 } : {};
  const notes: string[] = [];
  if (!clean) notes.push(`no error.clean, and nothing that follows from it: ${NO_CLEAN}`);
  const report: MetricReport = { ce, metrics, notes };
  if (!isFullGrid(measured.errors)) {
    partialMetrics(measured.errors, options.baseline?.errors, metrics, notes);
    return report;
  }

  metrics['mce.absolute'] = absoluteMce(ce);
  if (options.alexnet) {
    metrics['mce.alexnet'] = relativeMce(ce, ALEXNET_CE);
    if (clean) metrics['rmce.alexnet'] = relativeMceAlexnet(ce, clean.top1);
  }
  if (options.baseline && isFullGrid(options.baseline.errors)) {
    compareWithBaseline(clean?.top1, ce, options.baseline, report);
  }
  return report;
}

function compareWithBaseline(
  clean: number | undefined,
  ce: Record<string, number>,
  baseline: Errors,
  report: MetricReport,
): void {
  const { metrics, notes } = report;
  const ce0 = corruptionErrors(baseline.errors);
  const clean0 = baseline.clean?.top1;
  const mce0 = absoluteMce(ce0);
  const perfect = BENCHMARK_CORRUPTIONS.filter((corruption) => ce0[corruption] === 0);
  if (perfect.length > 0) {
    notes.push(
      `no mce.baseline: the baseline makes no error on ${perfect.join(', ')}, a ratio to it is undefined`,
    );
  } else {
    metrics['mce.baseline'] = relativeMce(ce, ce0);
    report.frequency = {
      low: group(FREQUENCY_GROUPS.low, ce, ce0),
      mid: group(FREQUENCY_GROUPS.mid, ce, ce0),
      high: group(FREQUENCY_GROUPS.high, ce, ce0),
    };
  }
  if (mce0 > 0) metrics['gain.mce.absolute'] = relativeGain(metrics['mce.absolute']!, mce0);
  if (clean === undefined) return;
  if (clean0 === undefined) {
    notes.push(`no gain.error.clean and rnet.*: the baseline has no clean error (${NO_CLEAN})`);
    return;
  }
  if (clean0 > 0) metrics['gain.error.clean'] = relativeGain(clean, clean0);
  if (mce0 > 0 && clean0 > 0) {
    const gains = [metrics['gain.error.clean']!, metrics['gain.mce.absolute']!] as const;
    metrics['rnet.beta1'] = netGain(...gains, 1);
    metrics['rnet.auto'] = netGain(...gains, mce0 / clean0);
  } else {
    notes.push('no rnet.*: the baseline makes no error, a gain over it is undefined');
  }
}

/** Table 4: mean ± standard deviation of CE / CE0 over a group of corruptions. */
function group(
  corruptions: readonly string[],
  ce: Readonly<Record<string, number>>,
  reference: Readonly<Record<string, number>>,
): { mean: number; std: number; corruptions: string[] } {
  const ratios = corruptions.map((corruption) => ce[corruption] / reference[corruption]);
  return { mean: mean(ratios), std: standardDeviation(ratios), corruptions: [...corruptions] };
}

/**
 * What a grid with holes gives: the mean over the benchmark corruptions of the mean over the severities that were
 * measured, and the same relative to the baseline on exactly those cells. Never called mCE: leaving out severities
 * or corruptions moves the figure a good deal.
 */
function partialMetrics(
  errors: ErrorGrid,
  baseline: ErrorGrid | undefined,
  metrics: Metrics,
  notes: string[],
): void {
  const rows: { corruption: string; error: number; error0?: number }[] = [];
  for (const corruption of BENCHMARK_CORRUPTIONS) {
    const cells = (errors[corruption] ?? []).flatMap((error, index) =>
      error === null ? [] : [{ error, index }],
    );
    if (cells.length === 0) continue;
    const reference = cells.map((cell) => baseline?.[corruption]?.[cell.index] ?? null);
    rows.push({
      corruption,
      error: mean(cells.map((cell) => cell.error)),
      error0: reference.every((error) => error !== null) ? mean(reference) : undefined,
    });
  }
  if (rows.length === 0) return;
  metrics['partial.error'] = mean(rows.map((row) => row.error));
  notes.push(
    'no mce.*: it takes all 15 benchmark corruptions at 5 severities; partial.* is over the measured cells only',
  );
  if (!baseline || rows.some((row) => row.error0 === undefined)) return;
  const perfect = rows.filter((row) => row.error0 === 0).map((row) => row.corruption);
  if (perfect.length > 0) {
    notes.push(
      `no partial.baseline: the baseline makes no error on ${perfect.join(', ')}, a ratio is undefined`,
    );
  } else {
    metrics['partial.baseline'] = mean(rows.map((row) => row.error / row.error0!));
  }
}
