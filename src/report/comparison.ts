/** Several results side by side: who is the baseline, what the others are called, and how they relate to it. */

import type { PushPullKernels } from '../analyze/kernels.ts';
import { BENCHMARK_CORRUPTIONS, CORRUPTION_GROUPS } from '../corrupt/index.ts';
import { UserError } from '../errors.ts';
import { otherImagesOfSets } from '../evaluate/images/selection.ts';
import { describeGeometry } from '../evaluate/model/geometry.ts';
import { computeMetrics, mean } from '../evaluate/result/metrics.ts';
import type { Metrics, Result } from '../evaluate/result/schema.ts';
import type { Statistics } from '../evaluate/statistics/describe.ts';
import type { RunConfig } from '../run/config.ts';
import type { EpochRecord } from '../run/history.ts';
import { accent, COLORS } from './theme.ts';

/** What is known about a model besides its result: taken from its run folder or its weights. */
export interface RunEvidence {
  /** Folder or file that this comes from. */
  readonly source: string;
  readonly config?: RunConfig;
  /** One record an epoch, first epoch first. */
  readonly epochs?: readonly EpochRecord[];
  /** Only for models whose first layer is a push-pull layer. */
  readonly kernels?: PushPullKernels;
}

export interface ComparedModel {
  readonly result: Result;
  /** Short and unique in the report. */
  readonly label: string;
  readonly color: string;
  readonly isBaseline: boolean;
  /** The result's own metrics, those against a baseline replaced by the ones against this report's baseline. */
  readonly metrics: Metrics;
  readonly frequency?: Result['frequency'];
  readonly run?: RunEvidence;
  /** Intervals, calibration, and tests against this report's baseline; see `withStatistics`. */
  readonly statistics?: Statistics;
}

export interface Comparison {
  /** The baseline first, then the others as given. */
  readonly models: readonly ComparedModel[];
  readonly baseline?: ComparedModel;
  /** The model with the smallest error on corrupted images among those compared with the baseline. */
  readonly best?: ComparedModel;
  /** Measured corruptions beyond the 15 of the benchmark; no metric counts them. */
  readonly extraCorruptions: readonly string[];
}

export interface CompareOptions {
  /** One of the results; default: the one whose variant is "baseline", else the one stored inside a result. */
  readonly baseline?: Result;
  readonly runs?: ReadonlyMap<Result, RunEvidence>;
}

/**
 * Brings results together.
 *
 * @throws UserError when there are none, when several could be the baseline, or when they were measured on
 *   different images
 */
export function compare(results: readonly Result[], options: CompareOptions = {}): Comparison {
  if (results.length === 0) throw new UserError('a report needs at least one result file, found none');
  const baseline = options.baseline ?? findBaseline(results);
  const ordered = baseline ? [baseline, ...results.filter((result) => result !== baseline)] : [...results];
  assertSameImages(ordered);

  const labels = labelModels(ordered);
  let accents = 0;
  const models = ordered.map((result, index): ComparedModel => {
    const isBaseline = result === baseline;
    const relative = baseline && !isBaseline ? computeMetrics(result, { baseline }) : undefined;
    return {
      result,
      label: labels[index]!,
      color: isBaseline ? COLORS.baseline : accent(accents++),
      isBaseline,
      metrics: { ...absoluteMetrics(result), ...relative?.metrics },
      frequency: relative?.frequency,
      run: options.runs?.get(result),
    };
  });
  const measured = new Set(ordered.flatMap((result) => Object.keys(result.errors)));
  return {
    models,
    baseline: models.find((model) => model.isBaseline),
    best: bestOf(models),
    extraCorruptions: CORRUPTION_GROUPS.extra.filter((corruption) => measured.has(corruption)),
  };
}

function findBaseline(results: readonly Result[]): Result | undefined {
  const candidates = results.filter((result) => result.model.variant === 'baseline');
  if (candidates.length > 1) {
    throw new UserError(
      `expected one baseline among the results, found ${candidates.length} ` +
        `(${candidates.map(({ model }) => model.file).join(', ')}); say which with --baseline RESULT.json`,
    );
  }
  return candidates[0] ?? storedBaseline(results);
}

/** The baseline that `evaluate --baseline` stored inside the results, when they all mean the same one. */
function storedBaseline(results: readonly Result[]): Result | undefined {
  const [first] = results;
  const stored = first?.baseline;
  if (!stored || results.some((result) => result.baseline?.model.sha256 !== stored.model.sha256))
    return undefined;
  const listed = results.find((result) => result.model.sha256 === stored.model.sha256);
  return listed ?? baselineAsResult(first);
}

/** The baseline that `evaluate --baseline` stored inside a result, as a result of its own on the same images. */
export function baselineAsResult(result: Result): Result | undefined {
  if (!result.baseline) return undefined;
  const { model, clean, errors } = result.baseline;
  const { schema, data, environment } = result;
  // Nothing else of the result is the baseline's; how many images stood behind each of its cells is not stored.
  const bare = { schema, complete: true, model, data, clean, errors, images: {}, environment };
  return { ...bare, ...computeMetrics(bare) };
}

/** Metrics that need no baseline; the others are computed anew. */
function absoluteMetrics({ metrics }: Result): Metrics {
  return {
    'error.clean': metrics['error.clean'],
    'mce.absolute': metrics['mce.absolute'],
    'mce.alexnet': metrics['mce.alexnet'],
    'rmce.alexnet': metrics['rmce.alexnet'],
    'partial.error': metrics['partial.error'],
  };
}

/** What must agree before figures may stand in one table: the same corrupted pictures. */
const SAME_PICTURES: readonly (readonly [what: string, of: (data: Result['data']) => string | number])[] = [
  ['corrupted images', ({ corrupted }) => (corrupted ? `of ${corrupted.format}` : 'made in memory')],
  ['images', (data) => data.images],
  ['seed', (data) => data.seed],
  ['corruption set', (data) => data.corruptionSet],
  ['frost textures', (data) => data.frost],
  ['size', ({ preprocessing: { width, height } }) => `${width}×${height}`],
  ['preparation', (data) => describeGeometry(data.preprocessing)],
];

/** @throws UserError that names the first result which was measured on other images than the first of all */
export function assertSameImages([first, ...others]: readonly Result[]): void {
  for (const { model, data } of others) {
    const wanted = first!.data;
    const different = SAME_PICTURES.filter(([, of]) => of(data) !== of(wanted)).map(
      ([what, of]) => `${what} ${of(data)} instead of ${of(wanted)}`,
    );
    if (different.length === 0 && data.fingerprint !== wanted.fingerprint)
      different.push('other images or labels');
    different.push(...otherImagesOfSets(wanted, data));
    if (different.length === 0) continue;
    throw new UserError(
      `${model.file}: expected a result on the same corrupted images as ${first!.model.file}, found ${data.name} ` +
        `with ${different.join('; ')}; evaluate both models with the same --data, --limit, --seed and --set`,
    );
  }
}

/** Short names first; where two models would share one, more of what tells them apart. */
function labelModels(results: readonly Result[]): string[] {
  const sameName = new Set(results.map(({ model }) => model.name)).size === 1;
  const labels = results.map(({ model }) => {
    if (model.variant === 'onnx') return model.name;
    return sameName ? model.variant : `${model.name} ${model.variant}`;
  });
  return labels.map((label, index) =>
    isUnique(label, labels) ? label : `${label} (${results[index]!.model.file})`,
  );
}

function isUnique(label: string, labels: readonly string[]): boolean {
  return labels.indexOf(label) === labels.lastIndexOf(label);
}

/** The model with the smallest error on corrupted images among those compared with a baseline. */
export function bestOf(models: readonly ComparedModel[]): ComparedModel | undefined {
  if (!models.some((model) => model.isBaseline)) return undefined;
  const corrupted = ({ metrics }: ComparedModel) =>
    metrics['mce.absolute'] ?? metrics['partial.error'] ?? Number.POSITIVE_INFINITY;
  return models.filter((model) => !model.isBaseline).sort((a, b) => corrupted(a) - corrupted(b))[0];
}

/** The mean error of a result on a corruption, and which severities it is over. */
export interface CorruptionError {
  readonly value: number;
  /** 1 to 5; all five make it the CE of the literature. */
  readonly severities: readonly number[];
}

/** Mean over the measured severities; undefined where none was measured. */
export function corruptionError(result: Result, corruption: string): CorruptionError | undefined {
  const cells = (result.errors[corruption] ?? []).flatMap((error, index) =>
    error === null ? [] : [{ error, severity: index + 1 }],
  );
  if (cells.length === 0) return undefined;
  return { value: mean(cells.map(({ error }) => error)), severities: cells.map(({ severity }) => severity) };
}

/** Whether two means are over the same severities and may be compared. */
export function comparable(a: CorruptionError | undefined, b: CorruptionError | undefined): boolean {
  return a !== undefined && b !== undefined && a.severities.join() === b.severities.join();
}

/** Benchmark corruptions at a severity that every model has measured. */
export function commonCorruptions(models: readonly ComparedModel[], severity: number): string[] {
  return BENCHMARK_CORRUPTIONS.filter((corruption) =>
    models.every(({ result }) => typeof result.errors[corruption]?.[severity - 1] === 'number'),
  );
}

/** Every model's mean error over the severities that all have measured; undefined where there is none. */
export function commonErrors(models: readonly ComparedModel[], corruption: string): number[] | undefined {
  const severities = [0, 1, 2, 3, 4].filter((index) =>
    models.every(({ result }) => typeof result.errors[corruption]?.[index] === 'number'),
  );
  if (severities.length === 0) return undefined;
  return models.map(({ result }) => mean(severities.map((index) => result.errors[corruption]![index]!)));
}

/** Whether every model has measured the whole benchmark. */
export function isComplete({ models }: Comparison): boolean {
  return models.every(({ result }) => measuredCells(result) === 75);
}

/** Whether any model was tested against the baseline, image by image. */
export function isTested({ models }: Comparison): boolean {
  return models.some(({ statistics }) => statistics?.significance);
}

/** Cells of the 15 × 5 grid that a result has measured. */
export function measuredCells(result: Result): number {
  return BENCHMARK_CORRUPTIONS.reduce(
    (sum, corruption) => sum + (corruptionError(result, corruption)?.severities.length ?? 0),
    0,
  );
}

/** "1,000", or "998 to 1,000" where cells differ; undefined where no count is stored. */
export function imagesPerCell(result: Result): { min: number; max: number } | undefined {
  const counts = Object.entries(result.images).flatMap(([corruption, row]) =>
    row.filter((count, index) => count !== null && typeof result.errors[corruption]?.[index] === 'number'),
  ) as number[];
  return counts.length > 0 ? { min: Math.min(...counts), max: Math.max(...counts) } : undefined;
}
