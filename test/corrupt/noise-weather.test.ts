import { describe, expect, it } from 'vitest';
import {
  BENCHMARK_CORRUPTIONS,
  type CorruptionName,
  corrupt,
  type Severity,
} from '../../src/corrupt/index.ts';
import { saltAndPepper } from '../../src/corrupt/noise/impulse-noise.ts';
import { addNoise } from '../../src/corrupt/noise/noise.ts';
import { drawShot } from '../../src/corrupt/noise/shot-noise.ts';
import { addFog } from '../../src/corrupt/weather/fog.ts';
import { addSnow, snowLayer } from '../../src/corrupt/weather/snow.ts';
import { createImage } from '../../src/image/image.ts';
import { plasma } from '../../src/image/plasma.ts';
import { randomStream } from '../../src/random/random.ts';
import { compareBytes, packedImage, readPack } from '../pack.ts';

// Made by test/fixtures/corrupt/make_blur.py.
const pack = readPack('corrupt/blur.pack.gz');
const field = (name: string) => Float32Array.from(pack.get(name)!.data);
const flat = (level: number, size = 128) =>
  createImage(size, size, new Uint8Array(size * size * 3).fill(level));

describe('noise over a given field', () => {
  const name = 'small';
  it('additive noise equals NumPy', () => {
    const result = addNoise(packedImage(pack, name), field(`normal/${name}`), 0.18, 0);
    const compared = compareBytes(result.data, packedImage(pack, `additive/0.18/${name}`).data, 0);
    expect(compared.within).toBeGreaterThan(0.999);
    expect(compared.largest).toBeLessThanOrEqual(1);
  });

  it('speckle noise equals NumPy', () => {
    const result = addNoise(packedImage(pack, name), field(`normal/${name}`), 0, 0.45);
    const compared = compareBytes(result.data, packedImage(pack, `speckle/0.45/${name}`).data, 0);
    expect(compared.within).toBeGreaterThan(0.999);
    expect(compared.largest).toBeLessThanOrEqual(1);
  });
});

describe('gaussian noise', () => {
  it.each([
    [1, 0.04],
    [5, 0.1],
  ] as const)('of CIFAR severity %d has standard deviation %d', (severity, std) => {
    const grey = flat(128);
    const noisy = corrupt(grey, { corruption: 'gaussian_noise', severity, set: 'cifar', seed: 1, index: 0 });
    const differences = Float64Array.from(noisy.data, (level) => level + 0.5 - 128);
    const mean = differences.reduce((sum, d) => sum + d, 0) / differences.length;
    const deviation = Math.sqrt(differences.reduce((sum, d) => sum + d * d, 0) / differences.length);
    expect(Math.abs(mean)).toBeLessThan(0.5);
    expect(Math.abs(deviation / (std * 255) - 1)).toBeLessThan(0.02);
  });
});

describe('shot noise', () => {
  it.each([3, 12, 60, 500])('follows the Poisson distribution, %d photons', (photons) => {
    for (const level of [1, 40, 200]) {
      const random = randomStream('shot', photons, level);
      const mean = (level / 255) * photons;
      const n = 40_000;
      const counts = new Map<number, number>();
      for (let i = 0; i < n; i++) {
        const result = drawShot(level, photons, random);
        counts.set(result, (counts.get(result) ?? 0) + 1);
      }
      // Probability of k photons by the recurrence p(k) = p(k-1)·mean/k, independent of the code's logarithms.
      let p = Math.exp(-mean);
      let checked = 0;
      for (let k = 0; k < photons; k++) {
        if (k > 0) p *= mean / k;
        const found = counts.get(Math.trunc((k / photons) * 255 + 1e-9)) ?? 0;
        if (photons > 255) break; // several counts share a level; moments are checked below
        expect(Math.abs(found - n * p)).toBeLessThan(5 * Math.sqrt(n * p * (1 - p)) + 1);
        checked += found;
      }
      if (photons <= 255) expect(checked + (counts.get(255) ?? 0)).toBe(n);
      if (photons > 255 && level > 1) {
        let sum = 0;
        let squares = 0;
        for (const [result, count] of counts) {
          sum += count * (result + 0.5);
          squares += count * (result + 0.5) ** 2;
        }
        const average = sum / n;
        const expectedVariance = (mean / photons ** 2) * 255 ** 2;
        expect(Math.abs(average - level)).toBeLessThan(0.5);
        expect(Math.abs((squares / n - average ** 2) / expectedVariance - 1)).toBeLessThan(0.04);
      }
    }
  });

  it('leaves black black, and white never exceeds white', () => {
    const options = { corruption: 'shot_noise', severity: 3, set: 'imagenet', seed: 0, index: 0 } as const;
    const quirks = { jpeg85: false };
    expect(corrupt(flat(0), { ...options, quirks }).data.every((level) => level === 0)).toBe(true);
    const white = corrupt(flat(255), { ...options, quirks }).data;
    expect(white.filter((level) => level === 255).length / white.length).toBeGreaterThan(0.5);
  });
});

describe('impulse noise', () => {
  it('turns the given share white and black in equal parts, and leaves the rest', () => {
    const grey = flat(100);
    const random = randomStream('impulse');
    const noisy = saltAndPepper(grey, random.fillUniform(new Float32Array(grey.data.length)), 0.27);
    const share = (level: number) => noisy.data.filter((v) => v === level).length / noisy.data.length;
    expect(Math.abs(share(255) - 0.135)).toBeLessThan(0.008);
    expect(Math.abs(share(0) - 0.135)).toBeLessThan(0.008);
    expect(Math.abs(share(100) - 0.73)).toBeLessThan(0.01);
  });
});

describe('snow equals NumPy, SciPy, OpenCV and ImageMagick over a given field', () => {
  const keys = [...pack.keys()].filter((key) => /^snow\/[\d.]/.test(key));
  it.each(keys)('%s', (key) => {
    const [, settings, name] = key.split('/');
    const [mean, std, zoom, threshold, radius, sigma, mix, angle] = settings.split(',').map(Number);
    const picture = packedImage(pack, name);
    const parameters = { mean, std, zoom, threshold, radius, sigma, mix };
    const layer = snowLayer(field(`snow/field/${name}`), picture.width, picture.height, parameters, angle);
    const compared = compareBytes(addSnow(picture, layer, mix).data, packedImage(pack, key).data, 1);
    expect(compared.within).toBeGreaterThan(0.999);
    expect(compared.largest).toBeLessThanOrEqual(2);
  });
});

describe('fog', () => {
  it.each([1.4, 3])('has the plasma of a plain diamond-square, decay %d', (decay) => {
    const map = plasma(64, decay, field('fog/field'));
    const expected = pack.get(`fog/plasma/${decay}`)!.data;
    for (let i = 0; i < map.length; i++) expect(Math.abs(map[i] - expected[i])).toBeLessThan(1e-5);
  });

  it.each(['small', 'wide'])('is laid over the picture as NumPy does it: %s', (name) => {
    const result = addFog(packedImage(pack, name), plasma(64, 1.4, field('fog/field')), 64, 2.5, 0, 0);
    const compared = compareBytes(result.data, packedImage(pack, `fog/2.5,1.4/${name}`).data, 0);
    expect(compared.within).toBeGreaterThan(0.99);
    expect(compared.largest).toBeLessThanOrEqual(1);
  });

  it('refuses a side that is no power of two', () => {
    expect(() => plasma(48, 2, new Float32Array(48 * 48))).toThrow('power of two, found 48');
  });
});

describe('severity', () => {
  // Root mean square change of a photo, averaged over images; noise and blurs of a set grow steadily.
  const growing: CorruptionName[] = [
    'gaussian_noise',
    'shot_noise',
    'impulse_noise',
    'speckle_noise',
    'gaussian_blur',
  ];
  it.each(growing)('%s changes a picture more at each severity', (corruption) => {
    expect(BENCHMARK_CORRUPTIONS.length).toBe(15);
    const picture = packedImage(pack, 'wide');
    for (const set of ['cifar', 'imagenet'] as const) {
      let before = 0;
      for (const severity of [1, 2, 3, 4, 5] as Severity[]) {
        const result = corrupt(picture, { corruption, severity, set, seed: 5, index: 0 });
        const change = result.data.reduce((sum, level, i) => sum + (level - picture.data[i]) ** 2, 0);
        expect(change).toBeGreaterThan(before);
        before = change;
      }
    }
  });
});
