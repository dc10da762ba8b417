import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/data/contents.ts';
import { gridCells } from '../../../src/evaluate/grid/grid.ts';
import {
  checkBaseline,
  checkGeometry,
  checkResume,
  sampleData,
} from '../../../src/evaluate/images/selection.ts';
import type { Image } from '../../../src/image/image.ts';
import { exampleResult } from '../results.ts';

function image(width: number, height: number, value = 0): Image {
  return { data: new Uint8Array(width * height * 3).fill(value), width, height, channels: 3 };
}

/** Twenty images of two classes, `change` lets one differ; image 5 cannot be read when `bad`. */
function dataset(change: { label?: number; pixel?: number; path?: string; bad?: boolean } = {}): Dataset {
  return {
    name: 'twenty',
    displayName: 'Twenty',
    classes: ['cat', 'dog'],
    length: 20,
    source: { kind: 'test', path: change.path, split: 'test' },
    label: (index: number) => (index === 7 ? (change.label ?? 0) : index % 2),
    describe: (index: number) => `${change.path ?? 'twenty'}/${index}.png`,
    read: async (index: number) => {
      if (change.bad && index === 5) throw new Error('truncated');
      return image(32, 32, index === 0 ? (change.pixel ?? 0) : index);
    },
    close: async () => {},
  } as unknown as Dataset;
}

describe('sampleData', () => {
  it('tells selections apart by labels and pixels, not by where they lie', async () => {
    const { fingerprint } = await sampleData(dataset());
    expect((await sampleData(dataset({ path: '/elsewhere' }))).fingerprint).toBe(fingerprint);
    expect((await sampleData(dataset({ label: 1 }))).fingerprint).not.toBe(fingerprint);
    expect((await sampleData(dataset({ pixel: 1 }))).fingerprint).not.toBe(fingerprint);
    expect((await sampleData(dataset({ bad: true }))).fingerprint).not.toBe(fingerprint);
  });
});

describe('checkGeometry', () => {
  const preprocessing = exampleResult().data.preprocessing;
  const sample = { fingerprint: '', images: [{ image: image(48, 40), described: 'a/b.png' }] };

  it('wants images of the input size, or a --resize', () => {
    expect(() => checkGeometry(sample, { ...preprocessing, width: 48, height: 40 })).not.toThrow();
    expect(() => checkGeometry(sample, { ...preprocessing, resize: 32 })).not.toThrow();
    expect(() => checkGeometry(sample, preprocessing)).toThrow(
      /a\/b.png: expected an image of the model's input size 32×32, found 48×40; pass --resize 32 .*, or --resize 40 to crop the centre alone, or --fit squeeze to resize width and height apart$/,
    );
    const small = { ...preprocessing, width: 28, height: 28 };
    expect(() => checkGeometry(sample, small)).toThrow(/crop the centre, or --fit squeeze/);
    const flat = { ...preprocessing, width: 64 };
    expect(() => checkGeometry(sample, flat)).toThrow(
      /size 64×32, .*; pass --fit squeeze, --fit pad or --fit crop/,
    );
    expect(() => checkGeometry(sample, { ...flat, resize: 64 })).not.toThrow();
    expect(() => checkGeometry(sample, { ...flat, fit: 'squeeze' })).not.toThrow();
  });
});

describe('checkBaseline', () => {
  const { data } = exampleResult();
  const cells = gridCells(['fog'], [1, 5]);

  it('takes a result on the same pictures, even with another normalisation', () => {
    const other = { ...data, preprocessing: { ...data.preprocessing, mean: [1, 1, 1] as const } };
    expect(() => checkBaseline(exampleResult(), 'b.json', other, cells)).not.toThrow();
  });

  it.each([
    [{ seed: 3 }, /--baseline b.json: .*--seed 3 there, 0 here; evaluate the baseline with the same options/],
    [{ limit: 5, images: 5 }, /number of images 5 there, 10 here; --limit 5 there, null here/],
    [{ corruptionSet: 'imagenet' as const }, /--set imagenet there, cifar here/],
    [
      { preprocessing: { ...data.preprocessing, fit: 'squeeze' as const, resample: 'bicubic' as const } },
      /--fit squeeze there, none here; --resample bicubic there, none here/,
    ],
    [{ fingerprint: 'e'.repeat(64) }, /other images or labels/],
  ])('refuses %j', (changes, message) => {
    expect(() => checkBaseline(exampleResult(changes), 'b.json', data, cells)).toThrow(message);
  });

  it('refuses a baseline that lacks a cell, before the run', () => {
    const baseline = exampleResult();
    baseline.errors.fog[4] = null;
    expect(() => checkBaseline(baseline, 'b.json', data, cells)).toThrow(
      /fog at severity 5 is missing; finish the baseline's evaluation/,
    );
    delete baseline.errors.fog;
    expect(() => checkBaseline(baseline, 'b.json', data, gridCells(['fog'], [1, 2, 3, 4, 5]))).toThrow(
      /fog at severity 1, fog at severity 2, fog at severity 3 and 2 more are missing/,
    );
  });
});

describe('checkResume', () => {
  const earlier = exampleResult();
  const now = { model: earlier.model, data: earlier.data, device: 'cpu' };

  it('continues the same evaluation wherever its files lie', () => {
    const model = { ...earlier.model, file: 'moved.onnx' };
    expect(() => checkResume(earlier, 'r.json', { ...now, model })).not.toThrow();
  });

  it('goes on in the same precision alone', () => {
    const usual = { engine: 'onnxruntime', precision: 'float32', tf32: false } as const;
    expect(() => checkResume(earlier, 'r.json', { ...now, ...usual })).not.toThrow();
    const torch = { engine: 'torch', precision: 'bfloat16', tf32: true } as const;
    expect(() => checkResume(earlier, 'r.json', { ...now, ...torch })).toThrow(
      'another evaluation: --engine onnxruntime there, torch here; --precision float32 there, bfloat16 here; ' +
        '--tf32 left out there, given here; choose',
    );
  });

  it('says all that differs', () => {
    const model = { ...earlier.model, sha256: 'b'.repeat(64) };
    const data = {
      ...earlier.data,
      seed: 1,
      preprocessing: { ...earlier.data.preprocessing, std: [2, 2, 2] as const },
    };
    expect(() => checkResume(earlier, 'r.json', { model, data, device: 'webgpu' })).toThrow(
      '--out r.json: holds another evaluation: another model (plain.onnx); --seed 0 there, 1 here; ' +
        '--std 1,1,1 there, 2,2,2 here; --device cpu there, webgpu here; choose another --out, or delete the file',
    );
  });
});
