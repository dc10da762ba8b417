import type { Random } from '../../random/random.ts';
import type { PrimeParameters } from './parameters.ts';
import type { Planes } from './planes.ts';
import { drawSineModes, type SineModes, sineField } from './sine-field.ts';

/** One smooth displacement of all pixels. */
export interface Displacement {
  readonly temperature: number;
  readonly dx: SineModes;
  readonly dy: SineModes;
}

/**
 * Temperatures of a displacement of `cut` modes on `side` pixels: from one that moves pixels by about half of their
 * size to the highest at which the image does not fold over itself (Petrini et al. 2021). The first may be larger.
 */
export function temperatureRange(side: number, cut: number): [low: number, high: number] {
  // As the authors reckon, who keep the logarithm of a single mode from being zero.
  const modes = cut + 1e-6;
  const low = 1 / (Math.PI * side ** 2 * Math.log(modes));
  const high = 4 / (Math.PI ** 3 * modes ** 2 * Math.log(modes));
  return [low, high];
}

/** A draw from Beta(1/2, 1/2), the arcsine distribution on [0, 1]. */
function drawArcsine(random: Random): number {
  return Math.sin((Math.PI / 2) * random.uniform()) ** 2;
}

/**
 * Draw a displacement: the largest cut uniformly, the cut below it and the temperature within its range by arcsine
 * distributions, and normal coefficients. Where an image is no square, the shorter side gives the scale.
 */
export function drawDisplacement(
  width: number,
  height: number,
  { minCut, maxCut }: PrimeParameters['diffeomorphism'],
  random: Random,
): Displacement {
  const largest = random.int(minCut + 1, maxCut + 1);
  const cut = Math.min(largest, Math.floor(minCut + drawArcsine(random) * (largest + 1 - minCut)));
  const [low, high] = temperatureRange(Math.min(width, height), cut);
  const temperature = low + drawArcsine(random) * (Math.max(low, high) - low);
  return {
    temperature,
    dx: drawSineModes(cut, width, height, random),
    dy: drawSineModes(cut, width, height, random),
  };
}

/**
 * Takes each pixel from where its displacement came from, bilinearly; beyond the image its border goes on.
 *
 * @returns A new image.
 */
export function displacePlanes(image: Planes, { temperature, dx, dy }: Displacement): Planes {
  const { width, height, data } = image;
  const pixels = width * height;
  const scale = Math.sqrt(temperature) * Math.min(width, height);
  const alongX = sineField(dx);
  const alongY = sineField(dy);
  const out = new Float32Array(data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const fromX = Math.min(width - 1, Math.max(0, x - scale * alongX[i]));
      const fromY = Math.min(height - 1, Math.max(0, y - scale * alongY[i]));
      const left = Math.floor(fromX);
      const top = Math.floor(fromY);
      const fx = fromX - left;
      const fy = fromY - top;
      const at = top * width + left;
      const right = fx > 0 ? 1 : 0;
      const below = fy > 0 ? width : 0;
      const w11 = fx * fy;
      const w01 = fx - w11;
      const w10 = fy - w11;
      const w00 = 1 - fx - w10;
      for (let from = at, to = i; to < data.length; from += pixels, to += pixels) {
        out[to] =
          w00 * data[from] +
          w01 * data[from + right] +
          w10 * data[from + below] +
          w11 * data[from + below + right];
      }
    }
  }
  return { width, height, data: out };
}
