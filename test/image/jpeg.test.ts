import { describe, expect, it } from 'vitest';
import { jpegRoundTrip } from '../../src/image/jpeg.ts';
import { compareBytes, corner, packedImage, readPack } from '../pack.ts';

// Made by test/fixtures/image/make_jpeg.py with Pillow and libjpeg-turbo.
const pack = readPack('image/jpeg.pack.gz');
const photo = packedImage(pack, 'photo');

describe('jpegRoundTrip', () => {
  const cases = [...pack.keys()].filter((name) => name.startsWith('jpeg '));
  it.each(cases)('equals Pillow to the bit: %s', (name) => {
    const [width, height, quality] = name.split(' ').slice(1).map(Number);
    const result = jpegRoundTrip(corner(photo, width, height), quality);
    expect([result.width, result.height]).toEqual([width, height]);
    expect(compareBytes(result.data, pack.get(name)!.data, 0)).toEqual({ largest: 0, within: 1 });
  });

  it.each([7, 50, 80, 100])('equals Pillow on noise at quality %i', (quality) => {
    const result = jpegRoundTrip(packedImage(pack, 'noise'), quality);
    expect(compareBytes(result.data, pack.get(`noise ${quality}`)!.data, 0)).toEqual({
      largest: 0,
      within: 1,
    });
  });

  it('refuses a quality off the scale', () => {
    expect(() => jpegRoundTrip(photo, 0)).toThrow(/1 to 100, got 0/);
    expect(() => jpegRoundTrip(photo, 12.5)).toThrow(/12\.5/);
  });
});
