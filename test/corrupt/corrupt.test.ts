import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BENCHMARK_CORRUPTIONS,
  CORRUPTION_GROUPS,
  CORRUPTIONS,
  type CorruptionName,
  type CorruptOptions,
  corrupt,
  FREQUENCY_GROUPS,
  PARAMETERS,
  type ParameterSet,
  SEVERITIES,
} from '../../src/corrupt/index.ts';
import { UserError } from '../../src/errors.ts';
import { createImage, type Image } from '../../src/image/image.ts';
import { jpegRoundTrip } from '../../src/image/jpeg.ts';
import { randomStream } from '../../src/random/random.ts';
import { packedImage, readPack } from '../pack.ts';

const pack = readPack('corrupt/blur.pack.gz');

/** A smooth picture with some noise, of any size. */
function picture(width: number, height: number, seed: number): Image {
  const random = randomStream('picture', seed);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / (3 * width));
    return 128 + 80 * Math.sin(x / 7 + (i % 3)) * Math.cos(y / 5 + seed) + 40 * random.uniform();
  });
  return createImage(width, height, data);
}

const setting = fc.record({
  set: fc.constantFrom<ParameterSet>('cifar', 'imagenet'),
  severity: fc.constantFrom(...SEVERITIES),
  width: fc.integer({ min: 16, max: 70 }),
  height: fc.integer({ min: 16, max: 70 }),
  seed: fc.nat(),
  index: fc.nat(),
});

describe('names', () => {
  it('are 15 and 4, grouped without gap or overlap', () => {
    expect(BENCHMARK_CORRUPTIONS).toHaveLength(15);
    expect(CORRUPTIONS).toHaveLength(19);
    expect(Object.values(CORRUPTION_GROUPS).flat().sort()).toEqual([...CORRUPTIONS].sort());
    expect(Object.values(FREQUENCY_GROUPS).flat().sort()).toEqual([...BENCHMARK_CORRUPTIONS].sort());
  });

  it('have five strengths in both sets', () => {
    for (const set of ['cifar', 'imagenet'] as const) {
      expect(Object.keys(PARAMETERS[set]).sort()).toEqual([...CORRUPTIONS].sort());
      for (const name of CORRUPTIONS) expect(PARAMETERS[set][name]).toHaveLength(5);
    }
  });
});

describe.each(CORRUPTIONS)('%s', (corruption) => {
  it('keeps the size and the input, and repeats itself, for any image from 16 × 16 up', () => {
    fc.assert(
      fc.property(setting, ({ width, height, ...options }) => {
        const image = picture(width, height, 1);
        const before = image.data.slice();
        const result = corrupt(image, { corruption, ...options });
        expect([result.width, result.height, result.channels]).toEqual([width, height, 3]);
        expect(result.data).toBeInstanceOf(Uint8Array);
        expect(result.data).toHaveLength(width * height * 3);
        expect(result.data).not.toBe(image.data);
        expect(image.data).toEqual(before);
        expect(corrupt(image, { corruption, ...options }).data).toEqual(result.data);
      }),
      { numRuns: 8 },
    );
  });

  it.each(['cifar', 'imagenet'] as const)('changes a photo at every severity, %s', (set) => {
    const photo = packedImage(pack, 'wide');
    for (const severity of SEVERITIES) {
      const options = { corruption, severity, set, seed: 0, index: 0, quirks: { jpeg85: false } };
      // CIFAR's mildest glass blur has a sigma of 0.05 and shifts by one pixel; still it moves pixels.
      expect(corrupt(photo, options).data).not.toEqual(photo.data);
    }
  });

  it.each([
    [64, 64],
    [96, 96],
    [300, 200],
  ])('corrupts %i × %i pixels', (width, height) => {
    const image = picture(width, height, 2);
    for (const set of ['cifar', 'imagenet'] as const) {
      const result = corrupt(image, { corruption, severity: 5, set, seed: 0, index: 0 });
      expect([result.width, result.height]).toEqual([width, height]);
      expect(new Set(result.data).size).toBeGreaterThan(10);
    }
  });

  it.each([0, 255])('survives a picture of level %d', (level) => {
    const flat = createImage(20, 33, new Uint8Array(20 * 33 * 3).fill(level));
    for (const set of ['cifar', 'imagenet'] as const) {
      for (const severity of SEVERITIES) {
        const result = corrupt(flat, { corruption, severity, set, seed: 0, index: 0 });
        expect(result.data).toHaveLength(flat.data.length);
      }
    }
  });
});

describe('randomness', () => {
  const random: CorruptionName[] = [
    'gaussian_noise',
    'shot_noise',
    'impulse_noise',
    'speckle_noise',
    'glass_blur',
    'motion_blur',
    'snow',
    'frost',
    'fog',
    'elastic_transform',
    'spatter',
  ];
  it.each(random)('%s differs by seed, image and severity', (corruption) => {
    const photo = packedImage(pack, 'wide');
    const base: CorruptOptions = { corruption, severity: 3, set: 'imagenet', seed: 1, index: 2 };
    const plain = corrupt(photo, base).data;
    expect(corrupt(photo, { ...base, seed: 2 }).data).not.toEqual(plain);
    expect(corrupt(photo, { ...base, index: 3 }).data).not.toEqual(plain);
    expect(corrupt(photo, { ...base, severity: 4 }).data).not.toEqual(plain);
  });

  it.each(CORRUPTIONS.filter((name) => !random.includes(name)))(
    '%s is the same for every seed',
    (corruption) => {
      const photo = packedImage(pack, 'wide');
      const base: CorruptOptions = { corruption, severity: 3, set: 'cifar', seed: 1, index: 2 };
      expect(corrupt(photo, { ...base, seed: 2, index: 5 }).data).toEqual(corrupt(photo, base).data);
    },
  );
});

describe('quirks', () => {
  it('store ImageNet results as JPEG of quality 85, CIFAR results as they are', () => {
    const photo = packedImage(pack, 'wide');
    const base: CorruptOptions = { corruption: 'contrast', severity: 1, set: 'imagenet', seed: 0, index: 0 };
    const raw = corrupt(photo, { ...base, quirks: { jpeg85: false } });
    expect(corrupt(photo, base).data).toEqual(jpegRoundTrip(raw, 85).data);
    const cifar = corrupt(photo, { ...base, set: 'cifar' });
    expect(cifar.data).toEqual(corrupt(photo, { ...base, set: 'cifar', quirks: { jpeg85: false } }).data);
  });

  it.each([
    ['glass_blur', 'glassCopies'],
    ['glass_blur', 'glassHalfOpen'],
    ['defocus_blur', 'defocusUnnormalized'],
    ['zoom_blur', 'zoomArange'],
    ['fog', 'fogCorner'],
    ['elastic_transform', 'elastic244'],
  ] as const)('%s follows %s', (corruption, quirk) => {
    const photo = packedImage(pack, 'wide');
    const changed = SEVERITIES.some((severity) => {
      const base = { corruption, severity, set: 'imagenet', seed: 0, index: 0 } as const;
      const off = corrupt(photo, { ...base, quirks: { [quirk]: false } });
      return corrupt(photo, base).data.some((level, i) => level !== off.data[i]);
    });
    expect(changed).toBe(true);
  });
});

describe('bad input', () => {
  const image = picture(32, 32, 0);
  const good: CorruptOptions = { corruption: 'fog', severity: 1, set: 'cifar', seed: 0, index: 0 };
  it.each([
    [{ corruption: 'rain' }, "corruption 'rain' is unknown; choose one of gaussian_noise"],
    [{ severity: 6 }, 'severity must be 1, 2, 3, 4 or 5, found 6'],
    [{ set: 'tiny' }, "parameter set must be cifar or imagenet, found 'tiny'"],
  ])('%o is refused', (wrong, message) => {
    const options = { ...good, ...wrong } as CorruptOptions;
    expect(() => corrupt(image, options)).toThrow(UserError);
    expect(() => corrupt(image, options)).toThrow(message);
  });

  it('an image below 16 × 16 is refused', () => {
    expect(() => corrupt(picture(40, 15, 0), good)).toThrow(
      'fog needs an image of 16 × 16 pixels or more, found 40 × 15',
    );
  });
});
