import FFT from 'fft.js';
import type { ParameterSet } from '../../src/corrupt/index.ts';

/** Octaves of radial frequency, cycles over {@link SPECTRUM_SIDE} pixels; as make_statistics.py has them. */
export const EDGES = { cifar: [1, 2, 4, 8, 16], imagenet: [1, 4, 8, 16, 32, 64] };
const SPECTRUM_SIDE = { cifar: 32, imagenet: 128 };

/** Power of each frequency of real values [n, n], divided by their number. */
function power(values: Float64Array, n: number): Float64Array {
  const fft = new FFT(n);
  const rows = Array.from({ length: n }, (_, y) => {
    const row = fft.createComplexArray();
    fft.realTransform(row, values.subarray(y * n, (y + 1) * n));
    fft.completeSpectrum(row);
    return row;
  });
  const column = fft.createComplexArray();
  const transformed = fft.createComplexArray();
  const result = new Float64Array(n * n);
  for (let x = 0; x < n; x++) {
    for (let y = 0; y < n; y++) {
      column[2 * y] = rows[y][2 * x];
      column[2 * y + 1] = rows[y][2 * x + 1];
    }
    fft.transform(transformed, column);
    for (let y = 0; y < n; y++) {
      result[y * n + x] = (transformed[2 * y] ** 2 + transformed[2 * y + 1] ** 2) / (n * n);
    }
  }
  return result;
}

const bandTables = new Map<ParameterSet, Int8Array>();

/** Number of the band of each frequency, -1 for the mean. */
function bandsOf(set: ParameterSet): Int8Array {
  const n = SPECTRUM_SIDE[set];
  const table =
    bandTables.get(set) ??
    Int8Array.from({ length: n * n }, (_, i) => {
      const [x, y] = [i % n, Math.floor(i / n)];
      const radius = Math.hypot(Math.min(x, n - x), Math.min(y, n - y));
      return EDGES[set].findLastIndex((edge) => radius >= edge);
    });
  bandTables.set(set, table);
  return table;
}

/** Mean power in each octave of the sum of the three channels, of the middle of a change [side, side, 3]. */
export function spectrum(change: Int16Array, side: number, set: ParameterSet): number[] {
  const n = SPECTRUM_SIDE[set];
  const skip = (side - n) / 2;
  const sum = new Float64Array(n * n);
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      const at = 3 * ((y + skip) * side + x + skip);
      sum[y * n + x] = change[at] + change[at + 1] + change[at + 2];
    }
  }
  const sums = EDGES[set].map(() => 0);
  const counts = EDGES[set].map(() => 0);
  const bands = bandsOf(set);
  for (const [i, value] of power(sum, n).entries()) {
    if (bands[i] < 0) continue;
    sums[bands[i]] += value;
    counts[bands[i]]++;
  }
  return sums.map((total, band) => total / counts[band]);
}
