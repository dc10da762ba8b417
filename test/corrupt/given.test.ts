import { describe, expect, it } from 'vitest';
import {
  type CorruptionName,
  PARAMETER_SETS,
  PARAMETERS,
  type ParameterSet,
  SEVERITIES,
} from '../../src/corrupt/index.ts';
import { REGISTRY } from '../../src/corrupt/registry.ts';
import type { CorruptionFunction } from '../../src/corrupt/types.ts';
import type { Image } from '../../src/image/image.ts';
import type { Random } from '../../src/random/random.ts';
import { compareBytes, readPack } from '../pack.ts';
import { RANDOM_CORRUPTIONS, SIDES, textures } from './change.ts';
import { contextFor } from './context.ts';
import { generated, thinned } from './generated.ts';

// Made by test/fixtures/corrupt/make_given.py with OpenCV 4.6, SciPy, scikit-image, Pillow and ImageMagick.
const pack = readPack('corrupt/given.pack.gz');
const PICTURE = 31;

/** The stream of hashed counters that make_given.py has. */
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

function run<N extends CorruptionName>(name: N, image: Image, set: ParameterSet, severity: number): Image {
  const { parameters, ...context } = contextFor(name, set, severity, { frost: textures() });
  expect(parameters).toBe(PARAMETERS[set][name][severity - 1]);
  const corruption: CorruptionFunction<N> = REGISTRY[name];
  return corruption(image, { ...context, parameters, random: given() });
}

describe.each(PARAMETER_SETS)('with the same random numbers as the original, strengths of %s', (set) => {
  const side = SIDES[set];
  const picture = generated(side, side, PICTURE);

  it.each(RANDOM_CORRUPTIONS)('%s gives the same pixels', (name) => {
    for (const severity of SEVERITIES) {
      const { data, shape } = pack.get(`${set} ${name} ${severity}`)!;
      const found = thinned(run(name, picture, set, severity), shape[0]);
      const { largest, within } = compareBytes(found, data, 0);
      expect(largest, `severity ${severity}`).toBeLessThanOrEqual(1);
      // Truncation parts values that differ in their last bits, twice in glass_blur.
      expect(within, `severity ${severity}`).toBeGreaterThan(name === 'glass_blur' ? 0.975 : 0.995);
    }
  });
});
