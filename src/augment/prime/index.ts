import type { Random } from '../../random/random.ts';
import { drawWeights } from '../weights.ts';
import { drawColourMap, mapColours } from './colour-map.ts';
import { displacePlanes, drawDisplacement } from './diffeomorphism.ts';
import type { PrimeParameters } from './parameters.ts';
import type { Planes } from './planes.ts';
import { drawKernel, filterPlanes } from './random-filter.ts';

export { PRIME_PARAMETERS, type PrimeParameters, type PrimeSet } from './parameters.ts';
export { fromPlanes, type Planes, toPlanes } from './planes.ts';

type Primitive = (image: Planes, parameters: PrimeParameters, random: Random) => Planes;

const PRIMITIVES: readonly Primitive[] = [
  (image, { diffeomorphism }, random) =>
    displacePlanes(image, drawDisplacement(image.width, image.height, diffeomorphism, random)),
  (image, { colour }, random) => mapColours(image, drawColourMap(colour, random)),
  (image, { filter }, random) => filterPlanes(image, drawKernel(filter, random)),
];

/**
 * PRIME (Modas et al. 2022, "PRIME: A few primitives can boost robustness to common corruptions"): chains of random
 * primitives (a smooth displacement, a smooth colour map, a small filter), mixed with one another and with the image.
 *
 * All that is random is drawn for the image alone. The authors' code draws displacements and the strengths of the
 * others once for a batch; an image by itself has the same distribution.
 *
 * @param image Values in [0, 1], before normalisation; not changed.
 * @returns A new image; values in [0, 1].
 */
export function prime(image: Planes, parameters: PrimeParameters, random: Random): Planes {
  const { width, maxDepth } = parameters;
  const share = random.uniform();
  const shares = drawWeights(width, random);
  const out = new Float64Array(image.data.length);
  for (let i = 0; i < out.length; i++) out[i] = (1 - share) * image.data[i];
  for (let chain = 0; chain < width; chain++) {
    const depth = random.int(1, maxDepth + 1);
    let current = image;
    for (let step = 0; step < depth; step++) {
      current = PRIMITIVES[random.int(0, PRIMITIVES.length)](current, parameters, random);
    }
    const weight = share * shares[chain];
    const { data } = current;
    for (let i = 0; i < out.length; i++) out[i] += weight * data[i];
  }
  return { width: image.width, height: image.height, data: Float32Array.from(out) };
}
