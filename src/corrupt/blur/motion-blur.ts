import { motionKernel, motionBlur as smear } from '../../image/filters/motion.ts';
import { createImage } from '../../image/image.ts';
import type { CorruptionFunction } from '../types.ts';

/** A camera that moves in a random direction, within 45° of the horizontal. */
export const motionBlur: CorruptionFunction<'motion_blur'> = (image, { parameters, random }) => {
  const angle = -45 + 90 * random.uniform();
  const kernel = motionKernel(parameters.radius, parameters.sigma, angle);
  const { data, width, height } = image;
  return createImage(width, height, smear(data, width, height, 3, kernel));
};
