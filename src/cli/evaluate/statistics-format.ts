/** Rates and intervals as text for a terminal. */

import { decimals, signed } from '../../words.ts';

/** A rate in percent; a dot where there is none. */
export const percent = (rate: number | null | undefined): string =>
  rate === null || rate === undefined ? '·' : decimals(100 * rate, 1);

/** A difference of rates in percentage points, with its sign. */
export const points = (difference: number): string => signed(100 * difference, 1);

/** `[27.8, 29.1]`; nothing where there is none. */
export function intervalOf(
  interval: readonly [low: number, high: number] | undefined,
  form: (value: number) => string,
): string {
  return interval ? `[${interval.map(form).join(', ')}]` : '';
}
