import { Scratch } from './scratch.ts';

/** The line that motion blur averages along: offsets from a pixel, and their weights. */
export interface MotionKernel {
  readonly dx: Int32Array;
  readonly dy: Int32Array;
  readonly weight: Float64Array;
}

/** Weights below this share cannot change a grey level together. */
const NEGLIGIBLE = 1e-6;

const paddedScratch = new Scratch((length) => new Float64Array(length));

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
  const stride = width * channels;
  // One-sided: padding is needed only towards the line's far end.
  const left = Math.max(0, -Math.min(...dx)) * channels;
  const right = Math.max(0, Math.max(...dx)) * channels;
  const paddedStride = left + stride + right;
  const padded = paddedScratch.take(paddedStride * height);
  for (let y = 0; y < height; y++) {
    const row = y * stride;
    const at = y * paddedStride;
    padded.set(data.subarray(row, row + stride), at + left);
    for (let i = 0; i < left; i++) padded[at + i] = data[row + (i % channels)];
    for (let i = 0; i < right; i++) {
      padded[at + left + stride + i] = data[row + stride - channels + (i % channels)];
    }
  }
  const clampRow = (y: number) => Math.min(height - 1, Math.max(0, y));
  const out = new Uint8Array(data.length);
  const sum = new Float64Array(stride);
  const taps = weight.length;
  const at = new Int32Array(6);
  const share = new Float64Array(6);
  for (let y = 0; y < height; y++) {
    sum.fill(HALF_STEP);
    // Six taps at a time keep the traffic on `sum` low; missing ones weigh nothing.
    for (let t = 0; t < taps; t += 6) {
      for (let k = 0; k < 6; k++) {
        const tap = Math.min(t + k, taps - 1);
        at[k] = clampRow(y + dy[tap]) * paddedStride + left + dx[tap] * channels;
        share[k] = t + k < taps ? weight[tap] : 0;
      }
      addSix(padded, at, share, sum);
    }
    const row = y * stride;
    for (let i = 0; i < stride; i++) out[row + i] = sum[i];
  }
  return out;
}

/** Add six weighted stretches of `values` to `sum`. */
function addSix(values: Float64Array, at: Int32Array, share: Float64Array, sum: Float64Array): void {
  const [a, b, c, d, e, f] = at;
  const [wa, wb, wc, wd, we, wf] = share;
  for (let i = 0; i < sum.length; i++) {
    sum[i] +=
      wa * values[a + i] +
      wb * values[b + i] +
      wc * values[c + i] +
      wd * values[d + i] +
      we * values[e + i] +
      wf * values[f + i];
  }
}
