import { gaussianBlurLevels, gaussianWeights } from '../../image/filters/gaussian.ts';
import { createImage, type Image } from '../../image/image.ts';
import type { CorruptionFunction } from '../types.ts';

/** A Gaussian blur with the result truncated to grey levels. */
export function blurToLevels(image: Image, sigma: number): Image {
  const { data, width, height } = image;
  if (gaussianWeights(sigma).length === 1) return createImage(width, height, data.slice());
  return createImage(width, height, gaussianBlurLevels(data, width, height, 3, sigma));
}

/** Gaussian blur of each channel. */
export const gaussianBlur: CorruptionFunction<'gaussian_blur'> = (image, { parameters }) =>
  blurToLevels(image, parameters.sigma);
