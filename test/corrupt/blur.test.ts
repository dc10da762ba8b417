import { describe, expect, it } from 'vitest';
import { blurToLevels } from '../../src/corrupt/blur/gaussian-blur.ts';
import { drawShifts, shuffleNeighbours } from '../../src/corrupt/blur/glass-blur.ts';
import { zoomBlur, zoomFactors } from '../../src/corrupt/blur/zoom-blur.ts';
import { COMPATIBLE_QUIRKS } from '../../src/corrupt/index.ts';
import { diskBlur, diskKernel } from '../../src/image/filters/disk.ts';
import { motionBlur, motionKernel } from '../../src/image/filters/motion.ts';
import { createImage, type Image } from '../../src/image/image.ts';
import { randomStream } from '../../src/random/random.ts';
import { compareBytes, packedImage, readPack } from '../pack.ts';

// Made by test/fixtures/corrupt/make_blur.py with SciPy, scikit-image, OpenCV and ImageMagick.
const pack = readPack('corrupt/blur.pack.gz');

/** Entries "kind/parameters/picture" of one kind. */
function cases(kind: string) {
  return [...pack.keys()]
    .map((key) => key.split('/'))
    .filter((parts) => parts[0] === kind && parts.length === 3 && parts[1] !== 'shifts')
    .map(([, parameters, picture]) => ({
      name: `${parameters} on ${picture}`,
      numbers: parameters.split(',').map(Number),
      picture: packedImage(pack, picture),
      expected: packedImage(pack, `${kind}/${parameters}/${picture}`).data,
      label: picture,
    }));
}

/** Truncation makes neighbours of values that differ in their last bits: nearly all equal, none off by more. */
function expectSame(actual: Image, expected: Uint8Array, equalShare: number) {
  expect(compareBytes(actual.data, expected, 1).largest).toBeLessThanOrEqual(1);
  expect(compareBytes(actual.data, expected, 0).within).toBeGreaterThanOrEqual(equalShare);
}

describe('gaussian blur equals scikit-image', () => {
  it.each(cases('gaussian'))('sigma $name', ({ numbers, picture, expected }) => {
    expectSame(blurToLevels(picture, numbers[0]), expected, 0.999);
  });

  it('leaves the image alone where the radius is 0', () => {
    const picture = packedImage(pack, 'small');
    expect(blurToLevels(picture, 0.05).data).toEqual(picture.data);
  });
});

describe('defocus blur equals OpenCV', () => {
  it.each(cases('defocus'))('radius and alias blur $name', ({ numbers, picture, expected }) => {
    // OpenCV's float32 kernel of radius 3 sums to 1 - 4e-9, enough to lower some whole levels by one.
    const equal = numbers[0] === 3 ? 0.96 : 0.99;
    expectSame(diskBlur(picture, diskKernel(numbers[0], numbers[1]), 1), expected, equal);
  });

  it.each([...pack.keys()].filter((key) => key.startsWith('disk/')))('has the kernel %s', (key) => {
    const [radius, alias] = key.slice(5).split(',').map(Number);
    const kernel = diskKernel(radius, alias);
    const expected = pack.get(key)!;
    expect(expected.shape).toEqual([2 * kernel.reach + 1, 2 * kernel.reach + 1]);
    for (let i = 0; i < kernel.values.length; i++) {
      expect(Math.abs(kernel.values[i] - expected.data[i])).toBeLessThan(1e-7);
    }
  });

  it('brightens where the disk touches its grid, unless normalised', () => {
    expect(diskKernel(8, 0.5).sum).toBeCloseTo(1.013, 3);
    expect(diskKernel(10, 0.5).sum).toBeCloseTo(1.011, 3);
    expect(diskKernel(6, 0.5).sum).toBeCloseTo(1, 12);
    const flat = createImage(32, 32, new Uint8Array(32 * 32 * 3).fill(100));
    const kernel = diskKernel(8, 0.5);
    expect(diskBlur(flat, kernel, 1).data[0]).toBe(101);
    expect(diskBlur(flat, kernel, 1 / kernel.sum).data.every((level) => level === 100)).toBe(true);
  });
});

describe('motion blur equals ImageMagick', () => {
  it.each(cases('motion'))('radius, sigma and angle $name', ({ numbers, picture, expected }) => {
    const [radius, sigma, angle] = numbers;
    const { data, width, height } = picture;
    const blurred = motionBlur(data, width, height, 3, motionKernel(radius, sigma, angle));
    expectSame(createImage(width, height, blurred), expected, 0.999);
  });
});

describe('zoom blur equals SciPy', () => {
  it.each(cases('zoom'))('end and step $name', ({ numbers, picture, expected }) => {
    const result = zoomBlur(picture, {
      parameters: { end: numbers[0], step: numbers[1] },
      quirks: COMPATIBLE_QUIRKS,
      set: 'cifar',
      severity: 1,
      random: randomStream(0),
    });
    expectSame(result, expected, 0.99);
  });

  it.each([...pack.keys()].filter((key) => key.startsWith('factors/')))('counts like arange: %s', (key) => {
    const [end, step] = key.slice(8).split(',').map(Number);
    expect(zoomFactors(end, step, true)).toEqual([...pack.get(key)!.data]);
  });

  it('leaves the end out without the quirk', () => {
    expect(zoomFactors(1.06, 0.01, true)).toHaveLength(7);
    expect(zoomFactors(1.06, 0.01, false)).toHaveLength(6);
    expect(zoomFactors(1.31, 0.03, false)).toHaveLength(11);
  });
});

describe('glass blur', () => {
  it.each(cases('glass'))('equals a plain loop with given shifts: $name', (test) => {
    const [sigma, most, passes] = test.numbers;
    const shifts = Int8Array.from(pack.get(`glass/shifts/${test.label}`)!.data);
    const blurred = blurToLevels(test.picture, sigma);
    const moved = shuffleNeighbours(blurred, most, passes, COMPATIBLE_QUIRKS, shifts);
    // A level that truncates differently before the shuffle moves about with its pixel.
    expectSame(blurToLevels(moved, sigma), test.expected, 0.995);
  });

  it('draws every shift of the half-open range equally often, two for every scanned pixel', () => {
    const shifts = drawShifts(64, 48, 3, 2, COMPATIBLE_QUIRKS, randomStream('shifts'));
    expect(shifts).toHaveLength(2 * 2 * (64 - 6) * (48 - 6));
    for (let shift = -3; shift < 3; shift++) {
      const share = shifts.filter((s) => s === shift).length / shifts.length;
      expect(Math.abs(share - 1 / 6)).toBeLessThan(0.02);
    }
    expect(Math.max(...shifts)).toBe(2);
  });

  it('keeps every pixel when it really swaps, and loses some when it copies', () => {
    const picture = packedImage(pack, 'wide');
    const colours = (image: Image) => {
      const all: string[] = [];
      for (let i = 0; i < image.data.length; i += 3) all.push(image.data.subarray(i, i + 3).join());
      return all.sort();
    };
    const swapping = { glassCopies: false, glassHalfOpen: false };
    const all = drawShifts(64, 48, 2, 1, swapping, randomStream('swap'));
    expect(Math.max(...all)).toBe(2);
    const swapped = shuffleNeighbours(picture, 2, 1, swapping, all);
    expect(swapped.data).not.toEqual(picture.data);
    expect(colours(swapped)).toEqual(colours(picture));
    const copying = { glassCopies: true, glassHalfOpen: false };
    expect(colours(shuffleNeighbours(picture, 2, 1, copying, all))).not.toEqual(colours(picture));
  });
});
