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
  const weights = gaussianWeights(sigma);
  if (weights.length === 1) return Float32Array.from(data);
  return blurRows(blurColumns(data, width * channels, height, weights), width, height, channels, weights);
}

function blurColumns(
  data: Uint8Array | Float32Array,
  stride: number,
  height: number,
  weights: Float64Array,
): Float32Array {
  const radius = weights.length - 1;
  const out = new Float32Array(stride * height);
  const sum = new Float64Array(stride);
  const middle = weights[0];
  for (let y = 0; y < height; y++) {
    const row = y * stride;
    for (let i = 0; i < stride; i++) sum[i] = middle * data[row + i];
    // Two distances at a time halve the traffic on `sum`.
    let d = 1;
    for (; d < radius; d += 2) {
      const up = Math.max(0, y - d) * stride;
      const down = Math.min(height - 1, y + d) * stride;
      const upper = Math.max(0, y - d - 1) * stride;
      const lower = Math.min(height - 1, y + d + 1) * stride;
      const near = weights[d];
      const far = weights[d + 1];
      for (let i = 0; i < stride; i++) {
        sum[i] += near * (data[up + i] + data[down + i]) + far * (data[upper + i] + data[lower + i]);
      }
    }
    if (d === radius) {
      const up = Math.max(0, y - d) * stride;
      const down = Math.min(height - 1, y + d) * stride;
      const last = weights[d];
      for (let i = 0; i < stride; i++) sum[i] += last * (data[up + i] + data[down + i]);
    }
    out.set(sum, row);
  }
  return out;
}

function blurRows(
  data: Float32Array,
  width: number,
  height: number,
  channels: number,
  weights: Float64Array,
): Float32Array {
  const radius = weights.length - 1;
  const stride = width * channels;
  const margin = radius * channels;
  const padded = new Float64Array(stride + 2 * margin);
  const out = new Float32Array(data.length);
  const middle = weights[0];
  for (let y = 0; y < height; y++) {
    const row = y * stride;
    padded.set(data.subarray(row, row + stride), margin);
    for (let i = 0; i < margin; i++) {
      padded[i] = data[row + (i % channels)];
      padded[margin + stride + i] = data[row + stride - channels + (i % channels)];
    }
    for (let i = 0; i < stride; i++) {
      const at = i + margin;
      let sum = middle * padded[at];
      for (let d = 1, reach = channels; d <= radius; d++, reach += channels) {
        sum += weights[d] * (padded[at - reach] + padded[at + reach]);
      }
      out[row + i] = sum;
    }
  }
  return out;
}
