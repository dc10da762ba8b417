import { createImage, type Image, TRUNCATION_GUARD } from '../../image/image.ts';
import { Scratch } from '../../image/scratch.ts';

const fieldScratch = new Scratch((length) => new Float32Array(length));

/** Room for one random number a value of an image; the next call gives the same room again. */
export function noiseField({ data }: Image): Float32Array {
  return fieldScratch.take(data.length).subarray(0, data.length);
}

/**
 * Add `field` to an image, each value times `offset + slope · x`, where x is the pixel's value in [0, 1]:
 * offset alone gives ordinary noise, slope alone speckle. `field` has one value a value of the image.
 */
export function addNoise(image: Image, field: Float32Array, offset: number, slope: number): Image {
  const { data, width, height } = image;
  const levels = new Uint8Array(data.length);
  const base = 255 * offset;
  for (let i = 0; i < data.length; i++) {
    const level = data[i] + (base + slope * data[i]) * field[i] + TRUNCATION_GUARD;
    levels[i] = level > 0 ? Math.min(level, 255) : 0;
  }
  return createImage(width, height, levels);
}
