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
  const turned = smoothDown(Float64Array.from(data), width, height, smoothingMatrix(height, sigma), radius);
  const smooth = smoothDown(turned, height, width, smoothingMatrix(width, sigma), radius);
  return Float32Array.from(smooth);
}

/** Smooths the columns of a plane; the result is transposed, so that the same again does the rows. */
function smoothDown(
  data: Float64Array,
  width: number,
  height: number,
  matrix: Float64Array,
  radius: number,
): Float64Array {
  const out = new Float64Array(width * height);
  const sums = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    let from = Math.max(0, y - radius);
    const end = Math.min(height, y + radius + 1);
    // Four rows at a time keep the traffic on `sums` low.
    for (; from + 4 <= end; from += 4) {
      const at = y * height + from;
      const a = matrix[at];
      const b = matrix[at + 1];
      const c = matrix[at + 2];
      const d = matrix[at + 3];
      const row0 = from * width;
      const row1 = row0 + width;
      const row2 = row1 + width;
      const row3 = row2 + width;
      for (let x = 0; x < width; x++) {
        sums[x] += a * data[row0 + x] + b * data[row1 + x] + c * data[row2 + x] + d * data[row3 + x];
      }
    }
    for (; from < end; from++) {
      const weight = matrix[y * height + from];
      for (let x = 0; x < width; x++) sums[x] += weight * data[from * width + x];
    }
    for (let x = 0; x < width; x++) out[x * height + y] = sums[x];
  }
  return out;
}
