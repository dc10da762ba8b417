import type { CorruptionFunction } from '../types.ts';
import { addNoise, noiseField } from './noise.ts';

/** Normal noise of one strength everywhere, as in poor light: x + N(0, std). */
export const gaussianNoise: CorruptionFunction<'gaussian_noise'> = (image, { parameters, random }) =>
  addNoise(image, random.fillNormal(noiseField(image)), parameters.std, 0);
