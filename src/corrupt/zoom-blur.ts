import { createImage, truncateLevel } from '../image/image.ts';
import { Scratch } from '../image/scratch.ts';
import { addZoomed } from '../image/zoom.ts';
import type { CorruptionFunction } from './types.ts';

/**
 * Zoom factors from 1 up to `end`, exclusive. With `arange` they are counted as NumPy's `arange` counts in
 * floating point: ceil((end - 1) / step) factors, one too many (`end` itself) where the quotient comes out
 * just above a whole number.
 */
export function zoomFactors(end: number, step: number, arange: boolean): number[] {
  const quotient = (end - 1) / step;
  const count = Math.ceil(arange ? quotient : quotient - 1e-9);
  const delta = 1 + step - 1;
  return Array.from({ length: count }, (_, i) => 1 + i * delta);
}

const pixelScratch = new Scratch((length) => new Float64Array(length));
const sumScratch = new Scratch((length) => new Float64Array(length));

/** A camera that rushes towards the scene: mean of the picture and its centre zooms. */
export const zoomBlur: CorruptionFunction<'zoom_blur'> = (image, { parameters, quirks }) => {
  const { data, width, height } = image;
  const factors = zoomFactors(parameters.end, parameters.step, quirks.zoomArange);
  const pixels = pixelScratch.take(data.length);
  const sum = sumScratch.take(data.length);
  pixels.set(data);
  // The picture itself, and its zoom by 1.
  for (let i = 0; i < data.length; i++) sum[i] = 2 * pixels[i];
  for (const factor of factors.slice(1)) addZoomed(pixels, width, height, 3, factor, sum);
  const levels = new Uint8Array(data.length);
  const share = 1 / (factors.length + 1);
  for (let i = 0; i < levels.length; i++) levels[i] = truncateLevel(sum[i] * share);
  return createImage(width, height, levels);
};
