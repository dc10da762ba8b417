import { adjustHsv } from '../../image/hsv.ts';
import type { CorruptionFunction } from '../types.ts';

/** Pales the colours (severities 1 and 2) or deepens them: S of HSV is scaled and shifted. */
export const saturate: CorruptionFunction<'saturate'> = (image, { parameters }) =>
  adjustHsv(image, { saturation: { scale: parameters.scale, shift: parameters.add } });
