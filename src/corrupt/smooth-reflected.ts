import { reflect } from '../image/border.ts';

/** Smoothing matrices by size and sigma; an evaluation uses the same two over and over. */
const matrices = new Map<string, Float64Array>();
const MOST_MATRICES = 8;

/**
 * `[size, size]`: row i holds the weights with which a line's samples make output i, for a Gaussian cut at 3 sigma
 * and a line mirrored about its edges.
 */
function smoothingMatrix(size: number, sigma: number): Float64Array {
  const key = `${size} ${sigma}`;
  const known = matrices.get(key);
  if (known) return known;
  const radius = Math.trunc(3 * sigma + 0.5);
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp((-0.5 * (i - radius) ** 2) / sigma ** 2),
  );
  const sum = kernel.reduce((a, b) => a + b, 0);
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = -radius; k <= radius; k++) {
      matrix[i * size + reflect(i + k, size)] += kernel[k + radius] / sum;
    }
  }
  if (matrices.size >= MOST_MATRICES) matrices.clear();
  matrices.set(key, matrix);
  return matrix;
}

/**
 * Gaussian smoothing of one plane, cut at 3 sigma, the plane mirrored about its edges, in double precision.
 *
 * The kernel may be many times longer than the plane (sigma 171 on 224 pixels in the ImageNet set's first
 * severity): folded into one matrix a direction, each output costs at most `size` products.
 *
 * @param data `[height, width]`; not changed.
 */
export function smoothReflected(
  data: Float32Array,
  width: number,
  height: number,
  sigma: number,
): Float32Array {
  const radius = Math.trunc(3 * sigma + 0.5);
  if (radius === 0) return data.slice();
  const columns = smoothingMatrix(height, sigma);
  const between = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const to = y * width;
    for (let from = Math.max(0, y - radius), end = Math.min(height - 1, y + radius); from <= end; from++) {
      const weight = columns[y * height + from];
      for (let x = 0; x < width; x++) between[to + x] += weight * data[from * width + x];
    }
  }
  const rows = smoothingMatrix(width, sigma);
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      const end = Math.min(width - 1, x + radius);
      for (let from = Math.max(0, x - radius); from <= end; from++) {
        sum += rows[x * width + from] * between[y * width + from];
      }
      out[y * width + x] = sum;
    }
  }
  return out;
}
