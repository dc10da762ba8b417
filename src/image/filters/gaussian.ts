import { TRUNCATION_GUARD } from '../image.ts';
import { beginFilter, bytesAt, floatsAt, kernels, placeFloats, placeInts, take } from '../kernels.ts';
import { evenMargin, nearest, type Padded, placePadded } from './padding.ts';

/**
 * Weights of a Gaussian at distances 0, 1, ... radius, normalised over both sides. The radius is
 * int(4·sigma + 0.5), where SciPy cuts by default.
 */
export function gaussianWeights(sigma: number): Float64Array {
  const radius = Math.trunc(4 * sigma + 0.5);
  const weights = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2));
  const sum = weights.reduce((total, w, i) => total + (i === 0 ? w : 2 * w), 0);
  return weights.map((w) => w / sum);
}

/**
 * Gaussian blur of an interleaved image [height, width, channels], each channel for itself; edge pixels
 * are repeated beyond the border. Equals `scipy.ndimage.gaussian_filter(mode='nearest')` on the two image
 * axes, which is what `skimage.filters.gaussian` calls. Values keep their scale.
 */
export function gaussianBlur(
  data: Uint8Array | Float32Array,
  width: number,
  height: number,
  channels: number,
  sigma: number,
): Float32Array {
  return floatsAt(blur(data, width, height, channels, sigma), data.length).slice();
}

/** The same of grey levels, truncated to grey levels. */
export function gaussianBlurLevels(
  data: Uint8Array,
  width: number,
  height: number,
  channels: number,
  sigma: number,
): Uint8Array {
  const blurred = blur(data, width, height, channels, sigma);
  const levels = take(data.length);
  kernels.truncate(blurred, levels, data.length, 1, TRUNCATION_GUARD);
  return bytesAt(levels, data.length).slice();
}

function blur(
  data: Uint8Array | Float32Array,
  width: number,
  height: number,
  channels: number,
  sigma: number,
): number {
  const half = gaussianWeights(sigma);
  const radius = half.length - 1;
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => half[Math.abs(i - radius)]);
  beginFilter();
  const padded = placePadded(data, width, height, channels, evenMargin(radius), nearest);
  return smoothPadded(padded, width, height, channels, weights);
}

/**
 * A symmetric filter down and then along the rows of a picture that is padded by half of the filter on each
 * side: the place of the result in the kernels' memory, float32 without padding.
 *
 * @param weights An odd number of them.
 */
export function smoothPadded(
  { at, stride }: Padded,
  width: number,
  height: number,
  channels: number,
  weights: readonly number[],
): number {
  const taps = weights.length;
  const steps = (step: number) => placeInts(Array.from(weights, (_, i) => i * step));
  const shares = placeFloats(weights);
  const below = steps(stride);
  const beside = steps(channels * 4);
  const row = width * channels;
  const between = take(stride * height);
  const out = take(row * 4 * height);
  kernels.correlate(at, stride, between, stride, stride / 4, height, taps, below, shares, 0);
  kernels.correlate(between, stride, out, row * 4, row, height, taps, beside, shares, 0);
  return out;
}
