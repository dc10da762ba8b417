import { blurByRows, gaussianWeights } from '../image/gaussian.ts';
import { createImage, type Image, truncateLevel } from '../image/image.ts';
import type { CorruptionFunction } from './types.ts';

function truncateRow(row: Float64Array, levels: Uint8Array, start: number): void {
  for (let i = 0; i < row.length; i++) levels[start + i] = truncateLevel(row[i]);
}

/** A Gaussian blur with the result truncated to grey levels. */
export function blurToLevels(image: Image, sigma: number): Image {
  if (gaussianWeights(sigma).length === 1) return createImage(image.width, image.height, image.data.slice());
  const { data, width, height } = image;
  const levels = new Uint8Array(data.length);
  blurByRows(data, width, height, 3, sigma, (y, row) => truncateRow(row, levels, y * width * 3));
  return createImage(width, height, levels);
}

/** Gaussian blur of each channel. */
export const gaussianBlur: CorruptionFunction<'gaussian_blur'> = (image, { parameters }) =>
  blurToLevels(image, parameters.sigma);
