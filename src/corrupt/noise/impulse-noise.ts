import { createImage, type Image } from '../../image/image.ts';
import type { CorruptionFunction } from '../types.ts';
import { noiseField } from './noise.ts';

const SALT_SHARE = 0.5;

/**
 * Salt and pepper: each value of each channel turns white or black, equally often, where its field value
 * (uniform in [0, 1)) is below `amount`; the rest stay. In distribution the `s&p` mode of scikit-image's
 * `random_noise`.
 */
export function saltAndPepper(image: Image, field: Float32Array, amount: number): Image {
  const levels = image.data.slice();
  const salt = amount * SALT_SHARE;
  for (let i = 0; i < field.length; i++) {
    if (field[i] < amount) levels[i] = field[i] < salt ? 255 : 0;
  }
  return createImage(image.width, image.height, levels);
}

/** Impulse noise: dead and saturated values, as bit errors make them. */
export const impulseNoise: CorruptionFunction<'impulse_noise'> = (image, { parameters, random }) =>
  saltAndPepper(image, random.fillUniform(noiseField(image)), parameters.amount);
