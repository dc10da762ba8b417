import { describe, expect, it } from 'vitest';
import { PARAMETERS, type ParameterSet } from '../../src/corrupt/index.ts';
import { liquidLayer, splash, waterMask } from '../../src/corrupt/weather/spatter.ts';
import { canny } from '../../src/image/filters/canny.ts';
import { chamferDistance } from '../../src/image/filters/distance.ts';
import { boxBlur3, correlate3x3, equalizeHistogram } from '../../src/image/grey.ts';
import { compareBytes, packedImage, readPack } from '../pack.ts';

// Made by test/fixtures/corrupt/make_digital.py with OpenCV 4.10 and scikit-image.
const pack = readPack('corrupt/spatter.pack.gz');
const photos = { cifar: packedImage(pack, 'photo square'), imagenet: packedImage(pack, 'photo wide') };
const array = (name: string) => pack.get(name)!.data;

function largestDifference(actual: Float32Array, expected: ArrayLike<number>): number {
  return actual.reduce((largest, value, i) => Math.max(largest, Math.abs(value - expected[i])), 0);
}

describe.each([
  ['cifar', 3],
  ['imagenet', 2],
] as const)('each step of the water equals OpenCV: %s, severity %i', (set, severity) => {
  const { width, height } = photos[set];
  const step = (name: string) => array(`${name} ${set} ${severity}`);

  it('smooths and cuts the liquid', () => {
    const strength = PARAMETERS[set].spatter[severity - 1];
    const layer = liquidLayer(array(`noise ${set}`) as Float32Array, width, height, strength);
    const expected = step('layer');
    expect(largestDifference(layer, expected)).toBeLessThan(1e-5);
  });

  it('finds edges as Canny', () => {
    const drops = step('drops') as Uint8Array;
    const edges = canny(drops, width, height, 50, 150);
    expect(edges.some((edge) => edge === 255)).toBe(true);
    expect(edges).toEqual(step('edges'));
  });

  it('measures the distance to edges', () => {
    const inverted = (step('edges') as Uint8Array).map((edge) => 255 - edge);
    const distance = chamferDistance(inverted, width, height);
    // OpenCV has two kernels for it, with the steps' lengths in fixed or in floating point.
    expect(largestDifference(distance, step('distance'))).toBeLessThan(1e-3);
  });

  it('blurs, equalises and embosses', () => {
    const capped = (step('distance') as Float32Array).map((d) => Math.min(d, 20));
    const softened = Uint8Array.from(boxBlur3(capped, width, height, new Float32Array(capped.length)));
    expect(softened).toEqual(step('softened'));
    const equalised = equalizeHistogram(softened);
    expect(equalised).toEqual(step('equalised'));
    const kernel = [-2, -1, 0, -1, 1, 1, 0, 1, 2];
    const embossed = correlate3x3(equalised, width, height, kernel);
    expect(new Uint8Array(embossed)).toEqual(step('embossed'));
  });
});

describe('spatter', () => {
  const cases = (['cifar', 'imagenet'] as ParameterSet[]).flatMap((set) =>
    [1, 2, 3, 4, 5].map((severity) => ({ set, severity })),
  );
  it.each(cases)('equals the original, given its noise: $set, severity $severity', ({ set, severity }) => {
    const strength = PARAMETERS[set].spatter[severity - 1];
    const result = splash(photos[set], strength, array(`noise ${set}`) as Float32Array);
    const expected = array(`${set} ${severity}`);
    const { largest, within } = compareBytes(result.data, expected, 0);
    expect(largest).toBeLessThanOrEqual(1);
    expect(within).toBeGreaterThanOrEqual(0.995);
    expect(compareBytes(photos[set].data, expected, 1).within, 'something happened').toBeLessThan(0.999);
  });

  it('leaves the image dry where no drop forms', () => {
    expect(waterMask(new Float32Array(256), 16, 16)).toEqual(new Float32Array(256));
  });
});
