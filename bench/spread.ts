/** Medians of turns, and how far the turns spread. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values),
});

/** How many times as much as the other's, turn by turn: neighbours in time have had the same machine. */
export const ratios = (of: readonly number[], to: readonly number[]): Spread =>
  spread(of.slice(0, to.length).map((value, turn) => value / to[turn]));

/** `1,234`, `56.7`, `0.089`: three digits, or all before the point. */
export function short(value: number): string {
  const whole = Math.trunc(Math.abs(value)).toString().length;
  const digits = value === 0 ? 0 : Math.abs(value) >= 1 ? Math.max(0, 3 - whole) : 3;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `56.7 (55.0–58.1)` */
export function formatSpread(
  { median, least, most }: Spread,
  format: (value: number) => string = short,
): string {
  return `${format(median)} (${format(least)}–${format(most)})`;
}
