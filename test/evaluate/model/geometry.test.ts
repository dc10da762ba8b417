import { describe, expect, it } from 'vitest';
import { createPipeline } from '../../../src/data/loader/pipeline.ts';
import {
  asTheyAre,
  describeGeometry,
  type GeometryFlags,
  geometryWords,
  resolveGeometry,
  sizeTransforms,
} from '../../../src/evaluate/model/geometry.ts';
import { validateResult } from '../../../src/evaluate/result/result.ts';
import { createImage } from '../../../src/image/image.ts';
import type { Geometry } from '../../../src/models/card.ts';
import { exampleResult } from '../results.ts';

const SQUARE = { width: 12, height: 12 };
const FLAT = { width: 16, height: 10 };

/** What options make of a model's size, and how it is told. */
const given: [flags: GeometryFlags, geometry: Geometry, told: string][] = [
  [{}, { ...SQUARE, resize: null }, 'as they are'],
  [{ fit: 'none' }, { ...SQUARE, resize: null }, 'as they are'],
  [{ resize: 14 }, { ...SQUARE, resize: 14 }, 'short side to 14 (bilinear), centre cropped'],
  [{ fit: 'crop' }, { ...SQUARE, resize: 12 }, 'short side to 12 (bilinear), centre cropped'],
  [
    { fit: 'squeeze', resample: 'bicubic' },
    { ...SQUARE, resize: null, fit: 'squeeze', resample: 'bicubic' },
    'squeezed to it (bicubic)',
  ],
  [
    { fit: 'squeeze', resize: 15, cropRounding: 'down' },
    { ...SQUARE, resize: 15, fit: 'squeeze', cropRounding: 'down' },
    'squeezed to 15 (bilinear), centre cropped (half a pixel rounded down)',
  ],
  [
    { fit: 'pad', fill: [124, 116, 104] },
    { ...SQUARE, resize: null, fit: 'pad', fill: [124, 116, 104] },
    'fitted into it (bilinear) in a frame of 124 116 104',
  ],
  [
    { fit: 'crop-first', resize: 14, resample: 'lanczos' },
    { ...SQUARE, resize: 14, fit: 'crop-first', resample: 'lanczos' },
    'centre cropped to 12 / 14 of the short side, then resized (lanczos)',
  ],
  [{ fit: 'crop-only' }, { ...SQUARE, resize: null, fit: 'crop-only' }, 'centre cropped, not resized'],
];

describe('resolveGeometry', () => {
  it.each(given)('takes %j', async (flags, geometry, told) => {
    const resolved = resolveGeometry(SQUARE, {}, flags);
    expect(resolved).toEqual(geometry);
    expect(describeGeometry(resolved)).toBe(told);
    // The words that tell it make the same again.
    const words = Object.fromEntries(geometryWords(resolved).filter(([, value]) => value !== null));
    const again = {
      resize: words['--resize'] === undefined ? undefined : Number(words['--resize']),
      fit: words['--fit'],
      resample: words['--resample'],
      cropRounding: words['--crop-rounding'],
      fill: resolved.fill,
    } as GeometryFlags;
    expect(resolveGeometry(SQUARE, {}, again)).toEqual(geometry);
    // What is stored is read again.
    const { preprocessing } = exampleResult().data;
    const result = exampleResult({ preprocessing: { ...preprocessing, ...resolved } });
    const stored = validateResult(JSON.parse(JSON.stringify(result)), 'r.json').data.preprocessing;
    expect(stored).toMatchObject(resolved);
    expect(asTheyAre(resolved)).toEqual({ ...SQUARE, resize: null });
  });

  it('covers a size that is no square', () => {
    const crop = resolveGeometry(FLAT, {}, { fit: 'crop' });
    expect(crop).toEqual({ ...FLAT, resize: FLAT });
    expect(describeGeometry(crop)).toBe('resized to cover 16x10 (bilinear), centre cropped');
    expect(geometryWords(crop)[0]).toEqual(['--resize', '16x10']);
  });

  it('lets options overrule what is known, one by one', () => {
    const known = { resize: 15, fit: 'squeeze', resample: 'bicubic', cropRounding: 'down' } as const;
    expect(resolveGeometry(SQUARE, known, {})).toEqual({ ...SQUARE, ...known });
    expect(resolveGeometry(SQUARE, known, { resample: 'bilinear', cropRounding: 'even' })).toEqual({
      ...{ ...SQUARE, resize: 15, fit: 'squeeze' },
    });
    // Another way takes nothing over but the filter and the rounding.
    expect(resolveGeometry(SQUARE, known, { fit: 'crop' })).toEqual({
      ...{ ...SQUARE, resize: 12, resample: 'bicubic', cropRounding: 'down' },
    });
    expect(resolveGeometry(SQUARE, known, { fit: 'none' })).toEqual({ ...SQUARE, resize: null });
    expect(resolveGeometry(SQUARE, { resize: null, fit: 'crop-only' }, { resize: 13 })).toEqual({
      ...{ ...SQUARE, resize: 13 },
    });
  });

  it.each<[GeometryFlags, RegExp]>([
    [{ resize: 11 }, /^--resize: expected at least the model's input size 12, found 11/],
    [{ resize: { width: 30, height: 11 } }, /input size 12, found 30x11/],
    [{ resample: 'bicubic' }, /^--resample: .* found neither --resize nor --fit; pass one of them/],
    [{ fit: 'none', resize: 14 }, /^--resize: .* found --fit none, which resizes none; leave it out/],
    [{ fit: 'crop-only', resize: 14, resample: 'box' }, /^--resize, --resample: .* leave them out/],
  ])('refuses %j', (flags, message) => {
    expect(() => resolveGeometry(SQUARE, {}, flags)).toThrow(message);
  });
});

describe('sizeTransforms', () => {
  it('keeps the usual way apart, which threads do faster', () => {
    expect(sizeTransforms({ ...SQUARE, resize: 14 })).toEqual([
      { kind: 'resize', shortSide: 14 },
      { kind: 'centerCrop', size: 12 },
    ]);
    expect(sizeTransforms({ ...SQUARE, resize: 14, resample: 'bicubic' })).toMatchObject([{ kind: 'fit' }]);
    expect(sizeTransforms({ ...SQUARE, resize: null })).toEqual([]);
  });

  it.each(given.slice(2))('brings pictures of any size to the model: %j', async (flags) => {
    const { apply } = await createPipeline(sizeTransforms(resolveGeometry(SQUARE, {}, flags)));
    const key = { seed: 0, epoch: 0, index: 0 };
    for (const [width, height] of [
      [40, 9],
      [7, 31],
      [12, 12],
      [1, 1],
      [1, 300],
    ]) {
      expect(apply(createImage(width, height), key)).toMatchObject(SQUARE);
    }
  });
});
