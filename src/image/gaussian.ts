import { Scratch } from './scratch.ts';

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

const tallScratch = new Scratch((length) => new Float64Array(length));

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
  if (weights.length === 1) return new Float32Array(data);
  const stride = width * channels;
  const radius = weights.length - 1;
  const margin = radius * channels;
  // Float64 in the inner loops, whatever comes in: loops over one type of array run much faster.
  const tall = tallScratch.take(stride * (height + 2 * radius));
  tall.set(data, radius * stride);
  for (let y = 0; y < radius; y++) {
    tall.set(data.subarray(0, stride), y * stride);
    tall.set(data.subarray((height - 1) * stride), (radius + height + y) * stride);
  }
  const wide = new Float64Array(stride + 2 * margin);
  const line = new Float64Array(stride);
  const out = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    blurLine(tall, (y + radius) * stride, stride, weights, line);
    wide.set(line, margin);
    for (let i = 0; i < margin; i++) {
      wide[i] = line[i % channels];
      wide[margin + stride + i] = line[stride - channels + (i % channels)];
    }
    blurLine(wide, margin, channels, weights, line);
    out.set(line, y * stride);
  }
  return out;
}

/**
 * Weighted sums of `values` from `start` on, with their neighbours at multiples of `step` on both sides, into
 * `sum`. Four distances a sweep keep the traffic on `sum` low; past the last the weight is 0.
 */
function blurLine(
  values: Float64Array,
  start: number,
  step: number,
  weights: Float64Array,
  sum: Float64Array,
): void {
  const radius = weights.length - 1;
  const middle = weights[0];
  for (let d = 1; d <= radius; d += 4) {
    const d2 = Math.min(d + 1, radius);
    const d3 = Math.min(d + 2, radius);
    const d4 = Math.min(d + 3, radius);
    const w1 = weights[d];
    const w2 = d2 > d ? weights[d2] : 0;
    const w3 = d3 > d2 ? weights[d3] : 0;
    const w4 = d4 > d3 ? weights[d4] : 0;
    const [a1, b1, a2, b2] = [start - d * step, start + d * step, start - d2 * step, start + d2 * step];
    if (d === 1) for (let i = 0; i < sum.length; i++) sum[i] = middle * values[start + i];
    if (w3 === 0) {
      for (let i = 0; i < sum.length; i++) {
        sum[i] += w1 * (values[a1 + i] + values[b1 + i]) + w2 * (values[a2 + i] + values[b2 + i]);
      }
      continue;
    }
    const [a3, b3, a4, b4] = [start - d3 * step, start + d3 * step, start - d4 * step, start + d4 * step];
    for (let i = 0; i < sum.length; i++) {
      sum[i] +=
        w1 * (values[a1 + i] + values[b1 + i]) +
        w2 * (values[a2 + i] + values[b2 + i]) +
        w3 * (values[a3 + i] + values[b3 + i]) +
        w4 * (values[a4 + i] + values[b4 + i]);
    }
  }
}
