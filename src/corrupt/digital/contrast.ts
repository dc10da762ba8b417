import { createImage } from '../../image/image.ts';
import type { CorruptionFunction } from '../types.ts';

/** Draws every value towards the mean of its channel. */
export const contrast: CorruptionFunction<'contrast'> = (image, { parameters }) => {
  const { data, width, height } = image;
  const pixels = width * height;
  // Sums of bytes are exact; the mean follows without the rounding of a long float sum.
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let i = 0; i < data.length; i += 3) {
    red += data[i];
    green += data[i + 1];
    blue += data[i + 2];
  }
  const reds = scaledLevels(red / pixels / 255, parameters.scale);
  const greens = scaledLevels(green / pixels / 255, parameters.scale);
  const blues = scaledLevels(blue / pixels / 255, parameters.scale);
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    out[i] = reds[data[i]];
    out[i + 1] = greens[data[i + 1]];
    out[i + 2] = blues[data[i + 2]];
  }
  return createImage(width, height, out);
};

/** What becomes of each of the 256 levels, truncated. */
function scaledLevels(mean: number, scale: number): Uint8Array {
  const table = new Uint8Array(256);
  for (let level = 0; level < 256; level++) {
    const value = (level / 255 - mean) * scale + mean;
    table[level] = Math.max(0, Math.min(1, value)) * 255;
  }
  return table;
}
