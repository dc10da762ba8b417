/** Rates and intervals as text for a terminal. */

/** A rate in percent; a dot where there is none. */
export const percent = (rate: number | null | undefined): string =>
  rate === null || rate === undefined ? '·' : (100 * rate).toFixed(1);

/** A difference of rates in percentage points, with its sign. */
export const points = (difference: number): string => {
  const text = (100 * difference).toFixed(1);
  return Number(text) === 0 ? '0.0' : difference > 0 ? `+${text}` : text;
};

/** `[27.8, 29.1]`; nothing where there is none. */
export function intervalOf(
  interval: readonly [low: number, high: number] | undefined,
  form: (value: number) => string,
): string {
  return interval ? `[${interval.map(form).join(', ')}]` : '';
}
