/** Largest value in a column: five severities. */
const LARGEST = 5;

/**
 * Weighted sums of many columns of small whole numbers at once: several columns share a double, each with as many bits
 * as its sum may need, so that one pass adds them all. Exact, as all sums stay below 2^53.
 */
export class ColumnSums {
  readonly #columns: readonly Uint8Array[];
  readonly #packed: Float64Array[] = [];
  /** Columns in a double, and the factor from one to the next. */
  readonly #together: number;
  readonly #factor: number;

  /** @param columns of `length` values from 0 to 5 each */
  constructor(length: number, columns: readonly Uint8Array[]) {
    const bits = Math.ceil(Math.log2(LARGEST * length + 1));
    this.#columns = columns;
    this.#factor = 2 ** bits;
    this.#together = Math.max(1, Math.floor(53 / bits));
    for (let first = 0; first < columns.length; first += this.#together) {
      const packed = new Float64Array(length);
      for (const column of columns.slice(first, first + this.#together).reverse()) {
        for (let at = 0; at < length; at++) packed[at] = packed[at]! * this.#factor + column[at]!;
      }
      this.#packed.push(packed);
    }
  }

  /**
   * @param weights `[length]` whole numbers from 0 that sum to `length` at most
   * @returns the weighted sum of each column
   */
  of(weights: Float64Array): (column: Uint8Array) => number {
    const sums = new Map<Uint8Array, number>();
    this.#packed.forEach((packed, group) => {
      let rest = dot(weights, packed);
      for (let place = 0; place < this.#together; place++) {
        const column = this.#columns[group * this.#together + place];
        if (!column) break;
        sums.set(column, rest % this.#factor);
        rest = Math.floor(rest / this.#factor);
      }
    });
    return (column) => sums.get(column)!;
  }
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
