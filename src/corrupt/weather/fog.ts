import { createImage, type Image, truncateLevel } from '../../image/image.ts';
import { plasma } from '../../image/plasma.ts';
import type { CorruptionFunction } from '../types.ts';

/** Lay a window of a fog map over a picture; the map repeats beyond its border. */
export function addFog(
  { data, width, height }: Image,
  map: Float32Array,
  mapSize: number,
  amount: number,
  left: number,
  top: number,
): Image {
  let brightest = 0;
  for (let i = 0; i < data.length; i++) if (data[i] > brightest) brightest = data[i];
  const gain = brightest / (brightest + 255 * amount);
  const out = new Uint8Array(data.length);
  for (let y = 0, i = 0; y < height; y++) {
    const row = ((y + top) % mapSize) * mapSize;
    for (let x = 0; x < width; x++, i += 3) {
      const fog = 255 * amount * map[row + ((x + left) % mapSize)];
      out[i] = truncateLevel((data[i] + fog) * gain);
      out[i + 1] = truncateLevel((data[i + 1] + fog) * gain);
      out[i + 2] = truncateLevel((data[i + 2] + fog) * gain);
    }
  }
  return createImage(width, height, out);
}

/** Fog: a plasma added to the picture, and the whole dimmed so that its maximum stays. */
export const fog: CorruptionFunction<'fog'> = (image, { parameters, random, quirks }) => {
  const { amount, wibbleDecay } = parameters;
  const size = 2 ** Math.ceil(Math.log2(Math.max(image.width, image.height)));
  const map = plasma(size, wibbleDecay, random.fillUniform(new Float32Array(size * size - 1), -1, 1));
  const left = quirks.fogCorner ? 0 : random.int(0, size);
  const top = quirks.fogCorner ? 0 : random.int(0, size);
  return addFog(image, map, size, amount, left, top);
};
