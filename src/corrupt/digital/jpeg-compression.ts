import { jpegRoundTrip } from '../../image/jpeg.ts';
import type { CorruptionFunction } from '../types.ts';

/** Blocks and ringing of a strongly compressed JPEG. */
export const jpegCompression: CorruptionFunction<'jpeg_compression'> = (image, { parameters }) =>
  jpegRoundTrip(image, parameters.quality);
