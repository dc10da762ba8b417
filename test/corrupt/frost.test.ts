import { describe, expect, it } from 'vitest';
import { PARAMETERS } from '../../src/corrupt/index.ts';
import { fitTexture, frost, overlay } from '../../src/corrupt/weather/frost.ts';
import { createImage, type Image } from '../../src/image/image.ts';
import { interpolate } from '../../src/image/interpolate.ts';
import { compareBytes, packedImage, readPack } from '../pack.ts';
import { contextFor } from './context.ts';

// Made by test/fixtures/corrupt/make_digital.py with OpenCV 4.10 and NumPy.
const pack = readPack('corrupt/frost.pack.gz');
const photo = packedImage(pack, 'photo');
const texture = packedImage(pack, 'texture');

/** A texture of one grey level, which tells in the result that it was drawn. */
function plain(level: number, side = 64): Image {
  return createImage(side, side, new Uint8Array(side * side * 3).fill(level));
}

describe('frost', () => {
  it.each([1, 2, 3, 4, 5])('equals the original, given the corner of the crop: severity %i', (severity) => {
    const [top, left] = pack.get('corner')!.data;
    const result = overlay(photo, texture, left, top, PARAMETERS.imagenet.frost[severity - 1]);
    expect(compareBytes(result.data, pack.get(`imagenet ${severity}`)!.data, 0).largest).toBe(0);
  });

  it('shrinks textures to 20 % for the CIFAR set, as OpenCV does', () => {
    const small = fitTexture(texture, 20, 16, 0.2);
    const expected = packedImage(pack, 'shrunk');
    expect([small.width, small.height]).toEqual([expected.width, expected.height]);
    expect(compareBytes(small.data, expected.data, 0).largest).toBe(0);
  });

  it('enlarges with the bicubic filter of OpenCV, within one level', () => {
    const result = interpolate(packedImage(pack, 'part'), 1.7, 'cubic');
    const { largest, within } = compareBytes(result.data, pack.get('enlarged')!.data, 0);
    expect(largest).toBeLessThanOrEqual(1);
    expect(within).toBeGreaterThan(0.98);
  });

  it('enlarges a texture that the image does not fit in, with room for the crop', () => {
    for (const [width, height] of [
      [64, 20],
      [20, 64],
      [300, 40],
      [63, 63],
    ]) {
      const fitted = fitTexture(plain(9), width, height, 1);
      expect(fitted.width).toBeGreaterThan(width);
      expect(fitted.height).toBeGreaterThan(height);
    }
    expect(fitTexture(texture, 16, 16, 1) === texture).toBe(true);
  });

  it('draws each of six textures but the last, and the last too without the quirk or among seven', () => {
    const black = createImage(16, 16);
    const drawn = (count: number, frostSkipsSixth: boolean) => {
      const textures = Array.from({ length: count }, (_, i) => plain(10 + 30 * i));
      const seen = new Set<number>();
      for (let key = 0; key < 200; key++) {
        const context = contextFor('frost', 'imagenet', 3, {
          frost: textures,
          key,
          quirks: { frostSkipsSixth },
        });
        seen.add(frost(black, context).data[0]);
      }
      return [...seen].sort((a, b) => a - b);
    };
    // 0.7 of each level, truncated
    expect(drawn(6, true)).toEqual([7, 28, 49, 70, 91]);
    expect(drawn(6, false)).toEqual([7, 28, 49, 70, 91, 112]);
    expect(drawn(7, true)).toEqual([7, 28, 49, 70, 91, 112, 133]);
    expect(drawn(1, true)).toEqual([7]);
  });

  it('refuses an empty list of textures', () => {
    expect(() => frost(photo, contextFor('frost', 'cifar', 1, { frost: [] }))).toThrow(
      /at least one texture/,
    );
  });

  it.each([
    ['cifar', 16, 16],
    ['cifar', 224, 160],
    ['imagenet', 700, 500],
  ] as const)('works with the built-in textures: %s set at %i × %i', (set, width, height) => {
    const grey = createImage(width, height, new Uint8Array(width * height * 3).fill(60));
    const result = frost(grey, contextFor('frost', set, 5));
    expect([result.width, result.height]).toEqual([width, height]);
    expect(new Set(result.data).size).toBeGreaterThan(20);
  });
});
