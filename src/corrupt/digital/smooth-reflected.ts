import { reflect } from '../../image/filters/border.ts';
import { smoothPadded } from '../../image/filters/gaussian.ts';
import { evenMargin, placePadded } from '../../image/filters/padding.ts';
import { kernels, placeFloats, placeInts, take } from '../../image/kernels.ts';

/** Smoothing matrices by size and sigma; an evaluation uses the same two over and over. */
const matrices = new Map<string, Float32Array>();
const MOST_MATRICES = 8;

/** Weights of a Gaussian, cut at 3 sigma and normalised. */
function truncatedGaussian(sigma: number): number[] {
  const radius = Math.trunc(3 * sigma + 0.5);
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp((-0.5 * (i - radius) ** 2) / sigma ** 2),
  );
  const sum = kernel.reduce((a, b) => a + b, 0);
  return kernel.map((weight) => weight / sum);
}

/**
 * `[size, size]`: row i holds the weights with which a line's samples make output i, for a Gaussian cut at 3 sigma
 * and a line mirrored about its edges. Kernel and mirror being symmetric, so is the matrix.
 */
function smoothingMatrix(size: number, sigma: number): Float32Array {
  const key = `${size} ${sigma}`;
  const known = matrices.get(key);
  if (known) return known;
  const kernel = truncatedGaussian(sigma);
  const radius = (kernel.length - 1) / 2;
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = -radius; k <= radius; k++) {
      matrix[i * size + reflect(i + k, size)] += kernel[k + radius];
    }
  }
  if (matrices.size >= MOST_MATRICES) matrices.clear();
  const rounded = Float32Array.from(matrix);
  matrices.set(key, rounded);
  return rounded;
}

/**
 * Gaussian smoothing of one plane, cut at 3 sigma, the plane mirrored about its edges: its place in the kernels' memory,
 * float32.
 *
 * The kernel may be many times longer than the plane (sigma 171 on 224 pixels in the ImageNet set's first
 * severity): folded into one matrix a direction, each output costs at most `size` products.
 *
 * @param data `[height, width]`; not changed.
 */
export function placeSmoothed(data: Float32Array, width: number, height: number, sigma: number): number {
  const weights = truncatedGaussian(sigma);
  if (weights.length > Math.min(width, height)) return smoothByMatrices(data, width, height, sigma);
  const margin = evenMargin((weights.length - 1) / 2);
  const padded = placePadded(data, width, height, 1, margin, reflect);
  return smoothPadded(padded, width, height, 1, weights);
}

/** Place of the smoothed plane, a product of three matrices. */
function smoothByMatrices(data: Float32Array, width: number, height: number, sigma: number): number {
  const plane = placeFloats(data);
  const columns = placeFloats(smoothingMatrix(height, sigma));
  const rows = placeFloats(smoothingMatrix(width, sigma));
  const steps = placeInts(Array.from({ length: Math.max(width, height) }, (_, i) => i * width * 4));
  const between = take(data.length * 4);
  const out = take(data.length * 4);
  const row = width * 4;
  kernels.correlate(plane, 0, between, row, width, height, height, steps, columns, height * 4);
  kernels.correlate(rows, 0, out, row, width, height, width, steps, between, row);
  return out;
}
