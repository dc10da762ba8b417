/** Largest values in a column: five severities of a corruption, fifteen corruptions at a severity. */
const LARGEST = [5, 15] as const;

/** Columns that share a double. */
interface Packed {
  readonly columns: readonly Uint8Array[];
  readonly values: Float64Array;
  /** From one column to the next. */
  readonly factor: number;
}

/**
 * Weighted sums of many columns of small whole numbers at once: several columns share a double, each with as many bits
 * as its sum may need, so that one pass adds them all. Exact, as all sums stay below 2^53.
 */
export class ColumnSums {
  readonly #packed: readonly Packed[];

  /** @param columns of `length` values from 0 to 15 each */
  constructor(length: number, columns: readonly Uint8Array[]) {
    const highest = columns.map((column) => column.reduce((most, value) => Math.max(most, value), 0));
    this.#packed = LARGEST.flatMap((largest, kind) => {
      const least = LARGEST[kind - 1] ?? -1;
      const own = columns.filter((_, at) => highest[at]! > least && highest[at]! <= largest);
      const bits = Math.ceil(Math.log2(largest * length + 1));
      const together = Math.max(1, Math.floor(53 / bits));
      return Array.from({ length: Math.ceil(own.length / together) }, (_, group) =>
        pack(own.slice(group * together, (group + 1) * together), length, 2 ** bits),
      );
    });
  }

  /**
   * @param weights `[length]` whole numbers from 0 that sum to `length` at most
   * @returns the weighted sum of each column
   */
  of(weights: Float64Array): (column: Uint8Array) => number {
    const sums = new Map<Uint8Array, number>();
    for (const { columns, values, factor } of this.#packed) {
      let rest = dot(weights, values);
      for (const column of columns) {
        sums.set(column, rest % factor);
        rest = Math.floor(rest / factor);
      }
    }
    return (column) => sums.get(column)!;
  }
}

function pack(columns: readonly Uint8Array[], length: number, factor: number): Packed {
  const values = new Float64Array(length);
  for (const column of [...columns].reverse()) {
    for (let at = 0; at < length; at++) values[at] = values[at]! * factor + column[at]!;
  }
  return { columns, values, factor };
}

/** Four sums side by side, as one would wait for its own last addition. */
function dot(a: Float64Array, b: Float64Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let at = 0; at < whole; at += 4) {
    s0 += a[at]! * b[at]!;
    s1 += a[at + 1]! * b[at + 1]!;
    s2 += a[at + 2]! * b[at + 2]!;
    s3 += a[at + 3]! * b[at + 3]!;
  }
  for (let at = whole; at < a.length; at++) s0 += a[at]! * b[at]!;
  return s0 + s1 + s2 + s3;
}
