/** What the figures that compare results draw: rows as in the tables, each with its colour, its mark and its numbers. */
import { CORRUPTIONS } from '../../corrupt/index.ts';
import { mean } from '../../evaluate/result/metrics.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import type { Shape } from '../charts/mark.tsx';
import { type RowOptions, rowsOfResults, type TableRow } from '../tables/rows.ts';
import { sampleDeviation } from '../tables/statistics.ts';
import { ACCENT_COUNT, accent, COLORS } from '../theme.ts';

/** A mean over seeds and the ends of its error bar; a bar has no ends where nothing tells how sure the mean is. */
export interface Estimate {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

export interface DrawnRow {
  readonly row: TableRow;
  /** Short, unique among the rows of a figure. */
  readonly name: string;
  /** Label of the row that it is compared with; its own for a baseline. */
  readonly family: string;
  readonly color: string;
  /** The mark: one for each family. */
  readonly shape: Shape;
}

const SHAPES: readonly Shape[] = ['circle', 'square', 'triangle-up', 'diamond', 'triangle-down', 'cross'];

/** Rows of a data set, families together, each baseline first. */
export interface DrawnSet {
  readonly dataset: string;
  readonly rows: readonly DrawnRow[];
}

/**
 * Results as rows, the seeds of a network together. Rows that are compared with one baseline are a family and share a
 * mark; colours follow the order inside a family, so that the same change has the same colour in each.
 *
 * @param options `rows` that are made already, in place of those that `results` would make
 */
export function drawnRows(
  results: readonly Result[],
  options: RowOptions & { readonly rows?: readonly TableRow[] } = {},
): DrawnSet[] {
  const rows = options.rows ?? rowsOfResults(results, options);
  const datasets = [...new Set(rows.map(({ dataset }) => dataset))];
  return datasets.map((dataset) => {
    const own = rows.filter((row) => row.dataset === dataset);
    const families = [...new Set(own.map(familyOf))];
    let shapes = 0;
    return {
      dataset,
      rows: families.flatMap((family) => {
        const members = own.filter((row) => familyOf(row) === family);
        const baselines = members.filter(({ isBaseline }) => isBaseline);
        const others = members.filter(({ isBaseline }) => !isBaseline);
        const first = shapes;
        // Where a family has more rows than there are colours, it takes another mark and begins again with them.
        shapes += Math.max(1, Math.ceil(others.length / ACCENT_COUNT));
        const shapeOf = (index: number) =>
          SHAPES[(first + Math.floor(index / ACCENT_COUNT)) % SHAPES.length]!;
        const drawn = (row: TableRow, color: string, index: number): DrawnRow => ({
          row,
          name: row.label.replace(` on ${dataset}`, ''),
          family,
          color,
          shape: shapeOf(index),
        });
        return [
          ...baselines.map((row) => drawn(row, COLORS.baseline, 0)),
          ...others.map((row, index) => drawn(row, accent(index), index)),
        ];
      }),
    };
  });
}

const familyOf = (row: TableRow): string => row.baseline ?? row.label;

/**
 * The mean of a number over a row's seeds, with its sample deviation over them; undefined unless every seed has it. Of one
 * seed, the interval that its result carries.
 */
export function estimate(
  { results }: TableRow,
  of: (result: Result) => number | undefined,
  intervalOf: (result: Result) => readonly [number, number] | undefined = () => undefined,
): Estimate | undefined {
  const values = results.map(of);
  if (!values.every((value) => value !== undefined)) return undefined;
  const value = mean(values);
  if (values.length > 1) {
    const deviation = sampleDeviation(values);
    return { value, low: value - deviation, high: value + deviation };
  }
  const interval = intervalOf(results[0]!);
  return interval ? { value, low: interval[0], high: interval[1] } : { value };
}

/** Corruptions of the benchmark at a severity that all results have measured. */
export function commonCells(rows: readonly DrawnRow[], severity: number, only?: readonly string[]): string[] {
  const results = rows.flatMap(({ row }) => row.results);
  return CORRUPTIONS.filter(
    (corruption) =>
      (!only || only.includes(corruption)) &&
      results.every(({ errors }) => typeof errors[corruption]?.[severity - 1] === 'number'),
  );
}

/** What the bars of a figure are, as a sentence; empty where it has none. */
export function barNote(sets: readonly DrawnSet[], hasInterval: (result: Result) => boolean): string {
  const rows = sets.flatMap((set) => set.rows.map(({ row }) => row));
  const parts = [
    rows.some(({ results }) => results.length > 1) &&
      'for several seeds, one sample deviation to each side of their mean',
    rows.some(({ results }) => results.length === 1 && hasInterval(results[0]!)) &&
      'for a single seed, the 95 % bootstrap interval over test images where its result carries one',
  ].filter((part) => part !== false);
  return parts.length > 0 ? ` Bars show, ${parts.join('; ')}.` : '';
}
