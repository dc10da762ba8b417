import { adjustHsv } from '../../image/hsv.ts';
import type { CorruptionFunction } from '../types.ts';

/** Raises V of HSV by a constant; hue and saturation stay. */
export const brightness: CorruptionFunction<'brightness'> = (image, { parameters }) =>
  adjustHsv(image, { value: parameters.add });
