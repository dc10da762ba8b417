/** What a row's seeds measured, each against its baseline. */
import { BENCHMARK_CORRUPTIONS, type CorruptionName } from '../../corrupt/index.ts';
import { computeMetrics, type Errors, mean } from '../../evaluate/result/metrics.ts';
import type { ErrorGrid, Metrics, Result } from '../../evaluate/result/schema.ts';
import { measuredCells } from '../comparison.ts';
import { seedOf, type TableRow } from './rows.ts';

/** What several seeds of one network measured. */
type Seeded = Pick<TableRow, 'results' | 'isBaseline'>;

/** The figures of one seed. */
export interface SeedFigures {
  readonly result: Result;
  readonly metrics: Metrics;
  /** Those of what it is compared with. */
  readonly reference: Metrics;
  /** CE of each corruption whose five severities were measured. */
  readonly ce: Readonly<Record<string, number>>;
  /** CE / CE of the baseline, where both are there and the baseline makes errors; 1 for a baseline. */
  readonly relative: Readonly<Record<string, number>>;
}

/**
 * Each seed's figures. Seed k is compared with the baseline's seed k where the baseline has one, and with the mean of
 * the baseline's errors over its seeds otherwise. A baseline is compared with itself.
 */
export function seedFigures(row: Seeded, baseline: Seeded | undefined): SeedFigures[] {
  return row.results.map((result): SeedFigures => {
    const reference = row.isBaseline ? result : baseline && referenceOf(result, baseline);
    const { ce, metrics } = computeMetrics(result, { baseline: reference });
    const { ce: ce0 = {}, metrics: metrics0 = {} } = reference ? computeMetrics(reference) : {};
    const relative: Record<string, number> = {};
    for (const corruption of BENCHMARK_CORRUPTIONS) {
      const [value, value0] = [ce[corruption], ce0[corruption]];
      if (value !== undefined && value0 !== undefined && value0 > 0) relative[corruption] = value / value0;
    }
    return { result, metrics, reference: metrics0, ce, relative };
  });
}

/** Whether every seed of the row is compared with the same seed of the baseline. */
export function isPaired(row: Seeded, baseline: Seeded): boolean {
  return row.results.every((result) => sameSeed(result, baseline) !== undefined);
}

function referenceOf(result: Result, baseline: Seeded): Errors {
  return sameSeed(result, baseline) ?? meanErrors(baseline.results);
}

function sameSeed(result: Result, baseline: Seeded): Result | undefined {
  const seed = seedOf(result);
  return seed === undefined ? undefined : baseline.results.find((other) => seedOf(other) === seed);
}

/** Errors averaged over results, cell by cell; a cell that one of them lacks is missing. */
export function meanErrors(results: readonly Result[]): Errors {
  const errors: ErrorGrid = {};
  for (const corruption of BENCHMARK_CORRUPTIONS) {
    errors[corruption] = [0, 1, 2, 3, 4].map((index) => {
      const cells = results.map((result) => result.errors[corruption]?.[index] ?? null);
      return cells.every((cell) => cell !== null) ? mean(cells) : null;
    });
  }
  const clean = results.map((result) => result.clean?.top1);
  return clean.every((error) => error !== undefined) ? { clean: { top1: mean(clean) }, errors } : { errors };
}

/** Results of the row that lack cells of the 15 × 5 grid, with how many they have. */
export function incomplete(row: TableRow): { readonly result: Result; readonly cells: number }[] {
  return row.results
    .map((result) => ({ result, cells: measuredCells(result) }))
    .filter(({ cells }) => cells < BENCHMARK_CORRUPTIONS.length * 5);
}

/** A corruption's CE / CE of the baseline, averaged over the seeds that have it. */
export function meanRelative(seeds: readonly SeedFigures[], corruption: CorruptionName): number | undefined {
  const values = seeds.flatMap(({ relative }) => relative[corruption] ?? []);
  return values.length > 0 ? mean(values) : undefined;
}
