import { describe, expect, it } from 'vitest';
import type { ResizeFilter } from '../../src/image/resize.ts';
import { resize } from '../../src/image/resize.ts';
import { compareBytes, packedImage, readPack } from '../pack.ts';

// Made by test/fixtures/image/make_jpeg.py with Pillow.
const pack = readPack('image/resize.pack.gz');
const photo = packedImage(pack, 'photo');

describe('resize', () => {
  const cases = [...pack.keys()].filter((name) => name !== 'photo');
  it.each(cases)('equals Pillow to the bit: %s', (name) => {
    const [filter, width, height] = name.split(' ');
    const result = resize(photo, Number(width), Number(height), filter as ResizeFilter);
    expect([result.width, result.height]).toEqual([Number(width), Number(height)]);
    expect(compareBytes(result.data, pack.get(name)!.data, 0)).toEqual({ largest: 0, within: 1 });
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
