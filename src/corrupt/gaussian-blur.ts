import { gaussianBlur as blur } from '../image/gaussian.ts';
import { createImage, type Image, truncateLevel } from '../image/image.ts';
import type { CorruptionFunction } from './types.ts';

/** A Gaussian blur with the result truncated to grey levels. */
export function blurToLevels(image: Image, sigma: number): Image {
  const blurred = blur(image.data, image.width, image.height, 3, sigma);
  const levels = new Uint8Array(blurred.length);
  for (let i = 0; i < blurred.length; i++) levels[i] = truncateLevel(blurred[i]);
  return createImage(image.width, image.height, levels);
}

/** Gaussian blur of each channel. */
export const gaussianBlur: CorruptionFunction<'gaussian_blur'> = (image, { parameters }) =>
  blurToLevels(image, parameters.sigma);
