import { describe, expect, it } from 'vitest';
import { fittingGeometry, isGeometryTold } from '../../../src/evaluate/model/assumed-geometry.ts';
import { exampleResult } from '../results.ts';

const { preprocessing } = exampleResult().data;

function sample(...sizes: [width: number, height: number][]) {
  const images = sizes.map(([width, height]) => ({
    image: { width, height, channels: 3 as const, data: new Uint8Array(width * height * 3) },
    described: `${width}.png`,
  }));
  return { fingerprint: '', images };
}

describe('fittingGeometry', () => {
  const of = (width: number, height: number) => ({ ...preprocessing, width, height });

  it.each([
    [224, 256],
    [299, 342],
    [28, 32],
  ])('shrinks the short side for %d to %d, as torchvision does', (size, resize) => {
    const found = fittingGeometry(sample([500, 375], [640, 480]), of(size, size), false);
    expect(found.preprocessing).toEqual({ ...of(size, size), resize });
    expect(found.assumed).toMatch(new RegExp(`short side to ${resize} .*; --resize ${resize} says the same`));
    expect(found.assumed).not.toMatch(/enlarged/);
  });

  it('says of pictures that are smaller that they are enlarged', () => {
    const found = fittingGeometry(sample([32, 32], [300, 255], [300, 256]), of(224, 224), false);
    expect(found.assumed).toMatch(/; 2 of 3 sample pictures are smaller and are enlarged to it; /);
  });

  it('covers an oblong input', () => {
    const found = fittingGeometry(sample([500, 375]), of(128, 64), false);
    expect(found.preprocessing.resize).toEqual({ width: 146, height: 73 });
  });

  it('leaves pictures of the size, and what is told, as they are', () => {
    expect(fittingGeometry(sample([32, 32]), of(32, 32), false)).toEqual({ preprocessing: of(32, 32) });
    const told = { ...of(32, 32), resize: 32 };
    expect(fittingGeometry(sample([99, 99]), told, true)).toEqual({ preprocessing: told });
    expect(() => fittingGeometry(sample([99, 99]), of(32, 32), true)).toThrow(
      /found 99×99; pass --resize 32/,
    );
  });
});

describe('isGeometryTold', () => {
  it('counts card, configuration and options, and no mean', () => {
    expect(isGeometryTold({ flags: {} })).toBe(false);
    expect(isGeometryTold({ flags: { resample: 'bicubic' } })).toBe(false);
    expect(isGeometryTold({ flags: {}, declared: { known: { mean: [0, 0, 0] } } })).toBe(false);
    expect(isGeometryTold({ flags: {}, declared: { known: { resize: 256 } } })).toBe(true);
    expect(isGeometryTold({ flags: {}, card: {} })).toBe(true);
    expect(isGeometryTold({ flags: { fit: 'none' } })).toBe(true);
  });
});
