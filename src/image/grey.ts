import { reflect101 } from './filters/border.ts';

/** Rounds halves to the even side, as OpenCV's `cvRound` does. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.floor(x + 0.5);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Spreads the grey levels over 0..255 so that their cumulative histogram becomes a straight line, as
 * OpenCV's `equalizeHist` does. A plane of one level stays as it is.
 */
export function equalizeHistogram(data: Uint8Array): Uint8Array {
  const histogram = new Int32Array(256);
  for (const level of data) histogram[level]++;
  const darkest = histogram.findIndex((count) => count > 0);
  if (darkest < 0 || histogram[darkest] === data.length) return data.slice();
  const scale = Math.fround(255 / (data.length - histogram[darkest]));
  const table = new Uint8Array(256);
  for (let level = darkest + 1, sum = 0; level < 256; level++) {
    sum += histogram[level];
    table[level] = roundHalfEven(Math.fround(sum * scale));
  }
  return data.map((level) => table[level]);
}

/**
 * Correlation with a 3×3 kernel, rows first, borders mirrored (reflect-101), clipped to 0..255.
 *
 * @param data `[height, width]`; not changed.
 */
export function correlate3x3(
  data: Uint8Array,
  width: number,
  height: number,
  kernel: readonly number[],
): Uint8ClampedArray {
  const out = new Uint8ClampedArray(width * height);
  const [k00, k01, k02, k10, k11, k12, k20, k21, k22] = kernel;
  for (let y = 0, i = 0; y < height; y++) {
    const up = reflect101(y - 1, height) * width;
    const middle = y * width;
    const down = reflect101(y + 1, height) * width;
    for (let x = 0; x < width; x++, i++) {
      const left = x > 0 ? x - 1 : reflect101(-1, width);
      const right = x < width - 1 ? x + 1 : reflect101(width, width);
      out[i] =
        k00 * data[up + left] +
        k01 * data[up + x] +
        k02 * data[up + right] +
        k10 * data[middle + left] +
        k11 * data[middle + x] +
        k12 * data[middle + right] +
        k20 * data[down + left] +
        k21 * data[down + x] +
        k22 * data[down + right];
    }
  }
  return out;
}

/** Mean of 3×3 pixels, borders mirrored (reflect-101). */
export function boxBlur3<T extends Uint8ClampedArray | Float32Array>(
  data: Uint8ClampedArray | Float32Array,
  width: number,
  height: number,
  out: T,
): T {
  // Sums of three above one another, with a mirrored one on either side.
  const sums = new Float64Array(width + 2);
  for (let y = 0; y < height; y++) {
    const up = reflect101(y - 1, height) * width;
    const middle = y * width;
    const down = reflect101(y + 1, height) * width;
    for (let x = 0; x < width; x++) sums[x + 1] = data[up + x] + data[middle + x] + data[down + x];
    sums[0] = sums[1 + reflect101(-1, width)];
    sums[width + 1] = sums[1 + reflect101(width, width)];
    for (let x = 0; x < width; x++) out[middle + x] = (sums[x] + sums[x + 1] + sums[x + 2]) * (1 / 9);
  }
  return out;
}
