import { describe, expect, it } from 'vitest';
import { crop } from '../../src/augment/crop.ts';
import { createImage } from '../../src/image/image.ts';
import type { ResizeFilter } from '../../src/image/resize.ts';
import { resize } from '../../src/image/resize.ts';
import { compareBytes, packedImage, readPack } from '../pack.ts';

// Made by test/fixtures/image/make_jpeg.py with Pillow.
const pack = readPack('image/resize.pack.gz');
const photo = packedImage(pack, 'photo');
const extremes = packedImage(pack, 'extremes');

describe('resize', () => {
  const cases = [...pack.keys()].filter((name) => name !== 'photo' && name !== 'extremes');
  it.each(cases)('equals Pillow to the bit: %s', (name) => {
    const [filter, width, height, source] = name.split(' ');
    const image = source === 'extremes' ? extremes : photo;
    const result = resize(image, Number(width), Number(height), filter as ResizeFilter);
    expect([result.width, result.height]).toEqual([Number(width), Number(height)]);
    expect(compareBytes(result.data, pack.get(name)!.data, 0)).toEqual({ largest: 0, within: 1 });
  });

  it('computes a part of the result alone, also where filters reach beyond the edges', () => {
    const sizes: [number, number, ResizeFilter][] = [
      [40, 31, 'bilinear'],
      [3, 2, 'bilinear'],
      [200, 170, 'bilinear'],
      [photo.width, 20, 'box'],
      [17, photo.height, 'box'],
      [33, 21, 'nearest'],
      [33, 70, 'lanczos'],
      [58, 11, 'bicubic'],
    ];
    for (const [width, height, filter] of sizes) {
      const whole = resize(photo, width, height, filter);
      for (const left of [0, width >> 1]) {
        for (const top of [0, height >> 1]) {
          const region = { left, top, width: width - left - (width > 3 ? 1 : 0), height: height - top };
          const part = resize(photo, width, height, filter, region);
          expect([part.width, part.height]).toEqual([region.width, region.height]);
          const wanted = crop(whole, left, top, region.width, region.height);
          const what = `${filter} ${width} ${height} ${left} ${top}`;
          expect(compareBytes(part.data, wanted.data, 0), what).toEqual({ largest: 0, within: 1 });
        }
      }
    }
  });

  it('takes photos that are larger than what the kernels are given at once', () => {
    // Twice the same picture above one another: apart from the seam, each half is what it is alone.
    const large = resize(photo, 900, 700, 'bilinear');
    const twice = createImage(900, 1400, new Uint8Array(Buffer.concat([large.data, large.data])));
    const small = resize(twice, 90, 140, 'bilinear');
    const half = resize(large, 90, 70, 'bilinear');
    const row = 90 * 3;
    const same = { largest: 0, within: 1 };
    expect(compareBytes(small.data.subarray(0, 69 * row), half.data.subarray(0, 69 * row), 0)).toEqual(same);
    expect(compareBytes(small.data.subarray(71 * row), half.data.subarray(row), 0)).toEqual(same);
  });

  it('gives a copy, never the same bytes, when the size stays', () => {
    const result = resize(photo, photo.width, photo.height, 'bilinear');
    expect(result.data).toEqual(photo.data);
    expect(result.data).not.toBe(photo.data);
  });

  it('refuses a size of nothing', () => {
    expect(() => resize(photo, 0, 5, 'box')).toThrow(/got 0×5/);
  });
});
