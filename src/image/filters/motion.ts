import { beginFilter, bytesAt, kernels, placeFloats, placeInts, take } from '../kernels.ts';
import { nearest, placePadded } from './padding.ts';

/** The line that motion blur averages along: offsets from a pixel, and their weights. */
export interface MotionKernel {
  readonly dx: Int32Array;
  readonly dy: Int32Array;
  readonly weight: Float64Array;
}

/** Weights below this share cannot change a grey level together. */
const NEGLIGIBLE = 1e-6;

/** Half of a 16-bit step, in grey levels. */
const HALF_STEP = 0.5 / 257;

/**
 * ImageMagick's kernel for `-motion-blur radius×sigma+angle`: 2·ceil(radius) + 1 taps of a half Gaussian
 * that starts at the pixel itself and runs in the direction of `angle` (degrees, clockwise from right, as y
 * points down). Offsets are rounded to whole pixels. Negligible taps at the far end are left out.
 */
export function motionKernel(radius: number, sigma: number, angle: number): MotionKernel {
  const taps = 2 * Math.ceil(radius) + 1;
  const weight = Float64Array.from({ length: taps }, (_, i) => Math.exp(-(i * i) / (2 * sigma * sigma)));
  const sum = weight.reduce((total, w) => total + w, 0);
  const needed = weight.reduce((count, w) => (w / sum > NEGLIGIBLE ? count + 1 : count), 0);
  const radians = (angle * Math.PI) / 180;
  const along = (direction: number) =>
    Int32Array.from({ length: needed }, (_, i) => Math.ceil(i * direction - 0.5));
  return {
    dx: along(Math.cos(radians)),
    dy: along(Math.sin(radians)),
    weight: weight.subarray(0, needed).map((w) => w / sum),
  };
}

/**
 * Motion blur of grey levels, interleaved [height, width, channels], edge pixels repeated beyond the border.
 * Results are rounded to 16 bits (level · 257) and truncated to 8, which is what comes out when ImageMagick
 * blurs a picture and stores it as PNG.
 */
export function motionBlur(
  data: Uint8Array,
  width: number,
  height: number,
  channels: number,
  { dx, dy, weight }: MotionKernel,
): Uint8Array {
  // One-sided: padding is needed only towards the line's far end.
  const margin = {
    left: Math.max(0, -Math.min(...dx)),
    right: Math.max(0, Math.max(...dx)),
    top: Math.max(0, -Math.min(...dy)),
    bottom: Math.max(0, Math.max(...dy)),
  };
  beginFilter();
  const { at, stride } = placePadded(data, width, height, channels, margin, nearest);
  const offsets = placeInts(
    dx.map((x, i) => (margin.top + dy[i]) * stride + (margin.left + x) * channels * 4),
  );
  const weights = placeFloats(weight);
  const row = width * channels;
  const sums = take(data.length * 4);
  const levels = take(data.length);
  kernels.correlate(at, stride, sums, row * 4, row, height, weight.length, offsets, weights, 0);
  kernels.truncate(sums, levels, data.length, 1, HALF_STEP);
  return bytesAt(levels, data.length).slice();
}
