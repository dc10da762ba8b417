import { describe, expect, it } from 'vitest';
import { drawColourMap, mapColours } from '../../src/augment/prime/colour-map.ts';
import {
  displacePlanes,
  drawDisplacement,
  temperatureRange,
} from '../../src/augment/prime/diffeomorphism.ts';
import {
  type Planes,
  PRIME_PARAMETERS,
  type PrimeSet,
  prime,
  toPlanes,
} from '../../src/augment/prime/index.ts';
import { drawKernel, filterPlanes } from '../../src/augment/prime/random-filter.ts';
import { drawSineModes, sineField, sineModes } from '../../src/augment/prime/sine-field.ts';
import { drawWeights } from '../../src/augment/weights.ts';
import { type Random, randomStream } from '../../src/random/random.ts';
import { packedImage, readPack } from '../pack.ts';

/** By NumPy and PyTorch: test/fixtures/augment/make_prime.py */
const expected = readPack('augment/prime.pack.gz');
const pictures = readPack('corrupt/blur.pack.gz');

const picture = (name: string) => toPlanes(packedImage(pictures, name));
const values = (name: string) => {
  const array = expected.get(name);
  if (!array) throw new Error(`no array ${name} in the fixture`);
  return array.data;
};

function largestDifference(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(actual.length).toBe(wanted.length);
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) {
    const difference = Math.abs(actual[i] - wanted[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

describe('with given random numbers, the primitives are those of PyTorch', () => {
  it.each([
    ['small', 5],
    ['small', 30],
    ['small', 70],
    ['wide', 12],
  ] as const)('displacement of %s by %i modes', (name, cut) => {
    const image = picture(name);
    const { width, height } = image;
    const at = `displace/${name}/${cut}`;
    const [low, temperature] = values(`${at}/temperatures`);
    const range = temperatureRange(Math.min(width, height), cut);
    expect(range[0]).toBeCloseTo(low, 12);
    expect(Math.max(...range)).toBeCloseTo(temperature, 12);
    const normals = values(`${at}/normals`);
    const dx = sineModes(normals.subarray(0, cut * cut), cut, width, height);
    const dy = sineModes(normals.subarray(cut * cut), cut, width, height);
    expect(largestDifference(sineField(dx), values(`${at}/field`))).toBeLessThan(1e-5);
    const moved = displacePlanes(image, { temperature, dx, dy });
    expect(largestDifference(moved.data, values(`${at}/result`))).toBeLessThan(1e-5);
  });

  it.each([
    [1, 1],
    [1, 100],
    [300, 20],
    [497, 4],
  ])('colour map from mode %i, %i modes', (firstMode, count) => {
    const at = `colours/${firstMode},${count}`;
    const all = values(`${at}/coefficients`);
    const of = (channel: number) => Float64Array.from(all.subarray(channel * count, (channel + 1) * count));
    const image = { data: values(`${at}/image`) as Float32Array, width: 32, height: 8 };
    const mapped = mapColours(image, { firstMode, coefficients: [of(0), of(1), of(2)] });
    expect(largestDifference(mapped.data, values(`${at}/result`))).toBeLessThan(1e-5);
  });

  it('colour maps of grey levels are the same, though looked up', () => {
    const { levels, ...image } = picture('wide');
    expect(levels).toBe(true);
    const map = drawColourMap(PRIME_PARAMETERS.imagenet.colour, randomStream('levels'));
    expect(mapColours({ ...image, levels }, map)).toEqual(mapColours(image, map));
  });

  it.each(['small', 'wide'])('filter of %s', (name) => {
    const weights = values(`filter/${name}/weights`) as Float64Array;
    const filtered = filterPlanes(picture(name), { size: 3, weights });
    expect(largestDifference(filtered.data, values(`filter/${name}/result`))).toBeLessThan(1e-5);
  });
});

describe('random numbers', () => {
  const DRAWS = 600;
  /** 3.5 standard errors for a deviation of one: of our draws, and of NumPy's 8000. */
  const SLACK = 3.5 * Math.sqrt(1 / DRAWS + 1 / 8000);
  const image = picture('small');
  const { width, height } = image;
  const cases = (['cifar', 'imagenet'] as const).flatMap((set) =>
    (
      [
        [
          'displacement',
          (random) => displacePlanes(image, drawDisplacement(width, height, of(set).diffeomorphism, random)),
        ],
        ['colour', (random) => mapColours(image, drawColourMap(of(set).colour, random))],
        ['filter', (random) => filterPlanes(image, drawKernel(of(set).filter, random))],
        ['whole', (random) => prime(image, of(set), random)],
      ] satisfies [string, (random: Random) => Planes][]
    ).map(([name, make]) => ({ set, name, make })),
  );

  function of(set: PrimeSet) {
    return PRIME_PARAMETERS[set];
  }

  it.each(cases)('$set, $name: images change as much as with NumPy', ({ set, name, make }) => {
    const changes: number[] = [];
    const psnrs: number[] = [];
    for (let draw = 0; draw < DRAWS; draw++) {
      const { data } = make(randomStream('test', set, name, draw));
      let absolute = 0;
      let squared = 0;
      for (let i = 0; i < data.length; i++) {
        const difference = data[i] - image.data[i];
        absolute += Math.abs(difference);
        squared += difference * difference;
      }
      changes.push(absolute / data.length);
      psnrs.push(-10 * Math.log10(Math.max(squared / data.length, 1e-10)));
    }
    const stored = [...values(`statistics/${set}/${name}`)];
    for (const [sample, [mean, deviation, ...quantiles]] of [
      [changes, stored.slice(0, 5)],
      [psnrs, stored.slice(5)],
    ]) {
      const average = sample.reduce((sum, value) => sum + value, 0) / DRAWS;
      expect(Math.abs(average - mean)).toBeLessThan(deviation * SLACK);
      // The share of draws below each of NumPy's quantiles.
      [0.1, 0.5, 0.9].forEach((level, i) => {
        const below = sample.filter((value) => value < quantiles[i]).length / DRAWS;
        expect(Math.abs(below - level)).toBeLessThan(Math.sqrt(level * (1 - level)) * SLACK);
      });
    }
  });

  it('draws folded modes with the deviation of all that look alike', () => {
    const side = 12;
    const cut = 40;
    const squares = new Float64Array(100);
    const wanted = new Float64Array(100);
    for (let draw = 0; draw < 2000; draw++) {
      const random = randomStream('modes', draw);
      const normals = random.fillNormal(new Float32Array(cut * cut));
      sineModes(normals, cut, side, side).data.forEach((value, i) => {
        wanted[i] += value * value;
      });
      drawSineModes(cut, side, side, random).data.forEach((value, i) => {
        squares[i] += value * value;
      });
    }
    squares.forEach((sum, i) => {
      expect(sum / wanted[i]).toBeGreaterThan(0.8);
      expect(sum / wanted[i]).toBeLessThan(1.25);
    });
  });

  it('keeps the border of the displacement still, and tiny images whole', () => {
    const field = sineField(drawSineModes(9, 7, 5, randomStream(1)));
    const border = [...field].filter((_, i) => i % 7 === 0 || i % 7 === 6 || i < 7 || i >= 28);
    for (const value of border) expect(Math.abs(value)).toBeLessThan(1e-12);
    expect(Math.max(...field)).toBeGreaterThan(1e-3);
    const pixel = { data: Float32Array.of(0.2, 0.4, 0.6), width: 1, height: 1 };
    for (let draw = 0; draw < 20; draw++) {
      const { data } = prime(pixel, of('imagenet'), randomStream(draw));
      for (const value of data) expect(value >= 0 && value <= 1).toBe(true);
    }
  });

  it('gives each image what its stream says, and leaves it alone', () => {
    const before = image.data.slice();
    const once = prime(image, of('cifar'), randomStream('prime', 1));
    expect(prime(image, of('cifar'), randomStream('prime', 1))).toEqual(once);
    expect(prime(image, of('cifar'), randomStream('prime', 2))).not.toEqual(once);
    expect(image.data).toEqual(before);
  });

  it('draws weights that sum to one, the first as often below 1/2 as Dirichlet(1, 1, 1) says', () => {
    const firsts = Array.from({ length: 4000 }, (_, draw) => {
      const shares = drawWeights(3, randomStream('shares', draw));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
      return shares[0];
    });
    // P(first < x) = 1 - (1 - x)².
    expect(firsts.filter((first) => first < 0.5).length / 4000).toBeCloseTo(0.75, 1);
    expect(firsts.filter((first) => first < 0.1).length / 4000).toBeCloseTo(0.19, 1);
  });
});
