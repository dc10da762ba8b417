import type { Random } from '../../random/random.ts';
import type { PrimeParameters } from './parameters.ts';
import { clip, type Planes } from './planes.ts';

/** A square kernel, rows from the top. */
export interface FilterKernel {
  readonly size: number;
  /** `[size, size]` */
  readonly weights: Float64Array;
}

/**
 * Draw a kernel: normal entries of one deviation, drawn uniformly, plus one that keeps the image. That one stands at
 * (⌈size/2⌉, ⌈size/2⌉) counted from 0, as in the authors' code: at size 3 this is the lower right corner, not the
 * middle, and moves the image by a pixel up and to the left.
 */
export function drawKernel({ size, maxSigma }: PrimeParameters['filter'], random: Random): FilterKernel {
  const sigma = random.uniform() * maxSigma;
  const weights = Float64Array.from({ length: size * size }, () => sigma * random.normal());
  weights[Math.ceil(size / 2) * (size + 1)] += 1;
  return { size, weights };
}

/**
 * Cross-correlation of each channel with the kernel, black beyond the border, clipped to [0, 1].
 *
 * @returns A new image.
 */
export function filterPlanes({ data, width, height }: Planes, { size, weights }: FilterKernel): Planes {
  const out = new Float32Array(data.length);
  const before = (size - 1) >> 1;
  const stride = width + size - 1;
  const pixels = width * height;
  const padded = new Float64Array(stride * (height + size - 1));
  const sum = new Float64Array(width);
  for (let start = 0; start < data.length; start += pixels) {
    for (let y = 0; y < height; y++) {
      const row = start + y * width;
      padded.set(data.subarray(row, row + width), (y + before) * stride + before);
    }
    for (let y = 0; y < height; y++) {
      sum.fill(0);
      for (let k = 0; k < size; k++) addTaps(sum, weights, k * size, size, padded, (y + k) * stride);
      const to = start + y * width;
      for (let x = 0; x < width; x++) out[to + x] = clip(sum[x]);
    }
  }
  return { data: out, width, height };
}

/** Add one row of the kernel to a row of sums; three taps at a time, to write less often. */
function addTaps(
  sum: Float64Array,
  weights: Float64Array,
  first: number,
  count: number,
  values: Float64Array,
  at: number,
): void {
  let k = 0;
  for (; k + 3 <= count; k += 3) {
    const a = weights[first + k];
    const b = weights[first + k + 1];
    const c = weights[first + k + 2];
    const from = at + k;
    for (let x = 0; x < sum.length; x++) {
      sum[x] += a * values[from + x] + b * values[from + x + 1] + c * values[from + x + 2];
    }
  }
  for (; k < count; k++) {
    const weight = weights[first + k];
    for (let x = 0; x < sum.length; x++) sum[x] += weight * values[at + k + x];
  }
}
