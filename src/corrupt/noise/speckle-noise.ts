import type { CorruptionFunction } from '../types.ts';
import { addNoise, noiseField } from './noise.ts';

/** Noise that grows with brightness: x + x·N(0, std). */
export const speckleNoise: CorruptionFunction<'speckle_noise'> = (image, { parameters, random }) =>
  addNoise(image, random.fillNormal(noiseField(image)), 0, parameters.std);
