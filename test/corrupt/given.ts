import type { CorruptionName, ParameterSet, Severity } from '../../src/corrupt/index.ts';
import { REGISTRY } from '../../src/corrupt/registry.ts';
import type { CorruptionFunction } from '../../src/corrupt/types.ts';
import type { Image } from '../../src/image/image.ts';
import type { Random } from '../../src/random/random.ts';
import { textures } from './change.ts';
import { contextFor } from './context.ts';

/** The stream of hashed counters that make_given.py has, from its start. */
function given(): Random {
  let counter = 0;
  const uint32 = (): number => {
    let h = Math.imul(++counter, 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    return (h ^ (h >>> 16)) >>> 0;
  };
  const uniform = (): number => (uint32() >>> 11) / 2 ** 21;
  const between = (): number => 2 * uniform() - 1;
  const unused = (): never => {
    throw new Error('the original draws no such number');
  };
  return {
    uint32,
    uniform,
    int: (low, high) => low + Math.floor(uniform() * (high - low)),
    fillUniform: (out, low = 0, high = 1) => out.map(() => low + (high - low) * uniform()),
    fillNormal: (out) => out.map(() => between() + between() + between()),
    normal: unused,
    poisson: unused,
    bernoulli: unused,
    permutation: unused,
  };
}

/** An image corrupted with the random numbers of make_given.py, without the JPEG of the published ImageNet files. */
export function corruptGiven<N extends CorruptionName>(
  name: N,
  image: Image,
  set: ParameterSet,
  severity: Severity,
): Image {
  const context = contextFor(name, set, severity, { frost: textures() });
  const corruption: CorruptionFunction<N> = REGISTRY[name];
  return corruption(image, { ...context, random: given() });
}
