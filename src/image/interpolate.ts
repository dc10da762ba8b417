import { createImage, type Image } from './image.ts';

/** OpenCV's coefficient of cubic convolution. */
const CUBIC_A = -0.75;

/** Weights of the samples at -1, 0, 1 and 2 for a position `t` in [0, 1) between samples 0 and 1. */
function cubicWeights(t: number): [number, number, number, number] {
  const near = (x: number): number => ((CUBIC_A + 2) * x - (CUBIC_A + 3)) * x * x + 1;
  const far = (x: number): number => ((CUBIC_A * x - 5 * CUBIC_A) * x + 8 * CUBIC_A) * x - 4 * CUBIC_A;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/** Four samples (repeated at the ends) and four weights for each output position. */
function fourTaps(
  inSize: number,
  outSize: number,
  step: number,
  kind: 'linear' | 'cubic',
): { index: Int32Array; weight: Float32Array } {
  const index = new Int32Array(outSize * 4);
  const weight = new Float32Array(outSize * 4);
  for (let i = 0; i < outSize; i++) {
    const position = (i + 0.5) * step - 0.5;
    const base = Math.floor(position);
    const t = position - base;
    weight.set(kind === 'linear' ? [0, 1 - t, t, 0] : cubicWeights(t), i * 4);
    for (let k = 0; k < 4; k++) index[i * 4 + k] = Math.max(0, Math.min(inSize - 1, base + k - 1));
  }
  return { index, weight };
}

/**
 * Resizes by reading the image at single positions (bilinear or bicubic), with no filter against aliasing when it
 * shrinks: OpenCV's `resize(INTER_LINEAR)` and `INTER_CUBIC`, within one grey level.
 *
 * @param size Size of the result in pixels; or relative to the image, when it has `round(side · size)` pixels a side
 *   and is read every 1 / size pixels, as OpenCV does with `fx` and `fy`.
 */
export function interpolate(
  image: Image,
  size: number | { readonly width: number; readonly height: number },
  kind: 'linear' | 'cubic',
): Image {
  const { data } = image;
  const relative = typeof size === 'number';
  const width = relative ? Math.max(1, Math.round(image.width * size)) : size.width;
  const height = relative ? Math.max(1, Math.round(image.height * size)) : size.height;
  const columns = fourTaps(image.width, width, relative ? 1 / size : image.width / width, kind);
  const rows = fourTaps(image.height, height, relative ? 1 / size : image.height / height, kind);
  const lineLength = width * 3;
  const between = new Float32Array(image.height * lineLength);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = x * 4; k < x * 4 + 4; k++) {
          sum += columns.weight[k] * data[(y * image.width + columns.index[k]) * 3 + c];
        }
        between[y * lineLength + x * 3 + c] = sum;
      }
    }
  }
  const out = new Uint8ClampedArray(height * lineLength);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < lineLength; i++) {
      let sum = 0;
      for (let k = y * 4; k < y * 4 + 4; k++) sum += rows.weight[k] * between[rows.index[k] * lineLength + i];
      out[y * lineLength + i] = sum;
    }
  }
  return createImage(width, height, new Uint8Array(out.buffer));
}
