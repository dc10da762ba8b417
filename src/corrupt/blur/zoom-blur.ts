import { meanOfZooms } from '../../image/zoom.ts';
import type { CorruptionFunction } from '../types.ts';

/**
 * Zoom factors from 1 up to `end`, exclusive. With `arange` they are counted as NumPy's `arange` counts in
 * floating point: ceil((end - 1) / step) factors, one too many (`end` itself) where the quotient comes out
 * just above a whole number.
 */
export function zoomFactors(end: number, step: number, arange: boolean): number[] {
  const quotient = (end - 1) / step;
  const count = Math.ceil(arange ? quotient : quotient - 1e-9);
  const delta = 1 + step - 1;
  return Array.from({ length: count }, (_, i) => 1 + i * delta);
}

/** A camera that rushes towards the scene: mean of the picture and its centre zooms. */
export const zoomBlur: CorruptionFunction<'zoom_blur'> = (image, { parameters, quirks }) => {
  const factors = zoomFactors(parameters.end, parameters.step, quirks.zoomArange);
  // The picture itself, and its zoom by 1.
  return meanOfZooms(image, 2, factors.slice(1));
};
