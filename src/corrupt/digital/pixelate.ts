import { resize } from '../../image/resize.ts';
import type { CorruptionFunction } from '../types.ts';

/** Shrinks the image and enlarges it again, both with a box filter: small squares of one colour. */
export const pixelate: CorruptionFunction<'pixelate'> = (image, { parameters }) => {
  const small = resize(
    image,
    Math.trunc(image.width * parameters.scale),
    Math.trunc(image.height * parameters.scale),
    'box',
  );
  return resize(small, image.width, image.height, 'box');
};
