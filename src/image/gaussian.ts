import { Scratch } from './scratch.ts';
import { symmetricSums } from './symmetric-sums.ts';

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
  const out = new Float32Array(data.length);
  const stride = width * channels;
  blurByRows(data, width, height, channels, sigma, (y, row) => out.set(row, y * stride));
  return out;
}

/** The same a row at a time: `take` receives each row from the top, in an array that the next row overwrites. */
export function blurByRows(
  data: Uint8Array | Float32Array,
  width: number,
  height: number,
  channels: number,
  sigma: number,
  take: (y: number, row: Float64Array) => void,
): void {
  const weights = gaussianWeights(sigma);
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
  for (let y = 0; y < height; y++) {
    symmetricSums(tall, (y + radius) * stride, stride, weights, line);
    wide.set(line, margin);
    for (let i = 0; i < margin; i++) {
      wide[i] = line[i % channels];
      wide[margin + stride + i] = line[stride - channels + (i % channels)];
    }
    symmetricSums(wide, margin, channels, weights, line);
    take(y, line);
  }
}
