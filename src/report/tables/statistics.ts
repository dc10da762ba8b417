/** Means and deviations over seeds, over values of alpha, and over corruptions. */
import { mean } from '../../evaluate/result/metrics.ts';

/** A mean and how far the values lie around it. */
export interface Figure {
  readonly mean: number;
  /** Standard deviation; absent for a single value, which has none. */
  readonly std?: number;
  /** Values behind the mean. */
  readonly n: number;
}

/** Standard deviation of a sample: the divisor is n - 1. Needs two values or more. */
export function sampleDeviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Mean ± sample deviation of the values that exist; undefined where none does. */
export function summarize(values: readonly (number | undefined)[]): Figure | undefined {
  const known = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  if (known.length === 0) return undefined;
  const figure = { mean: mean(known), n: known.length };
  return known.length === 1 ? figure : { ...figure, std: sampleDeviation(known) };
}

/** The baseline's ratio to itself is 1 for every seed; a deviation of zero would look like a measurement. */
export function byDefinition(figure: Figure | undefined): Figure | undefined {
  return figure && { mean: figure.mean, n: figure.n };
}
