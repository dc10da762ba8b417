import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resultTable } from '../../../src/cli/evaluate/table.ts';
import { corrupt } from '../../../src/corrupt/index.ts';
import { openDataset } from '../../../src/data/dataset.ts';
import { evaluate } from '../../../src/evaluate/evaluate.ts';
import { countNotFinite } from '../../../src/evaluate/grid/answers.ts';
import { NotFiniteRecord, withoutTallies } from '../../../src/evaluate/grid/not-finite.ts';
import { formatResult, readResult, validateResult } from '../../../src/evaluate/result/result.ts';
import { encodeModel } from '../../../src/onnx/model.ts';
import { GraphBuilder } from '../../onnx/image-models.ts';
import { writeColours } from '../colours.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-not-finite-'));
  await writeColours(path.join(folder, 'colours'), 6);
});
afterAll(() => rm(folder, { recursive: true }));

/** The square root of what each channel's mean is above `least`: NaN for images that are darker. */
function rootModel(least: number): Uint8Array {
  const builder = new GraphBuilder(['N', 3, 16, 16]);
  const means = builder.emit('ReduceMean', ['image'], { axes: [2, 3], keepdims: 0 });
  const above = builder.emit('Sub', [means, builder.floats('least', [1], [least])]);
  return encodeModel(builder.model([builder.emit('Sqrt', [above])]));
}

describe('evaluate', () => {
  it('counts the answers that are NaN in each cell, tells them, and keeps the counts when it continues', async () => {
    const least = 0.425;
    const [data, model, out] = ['colours', 'root.onnx', 'root.json'].map((name) => path.join(folder, name));
    await writeFile(model, rootModel(least));
    const options = { model, data, out, threads: 1, workers: 0 } as const;
    const preprocessing = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
    const corruptions = ['contrast', 'brightness'] as const;
    await evaluate({ ...options, corruptions: ['contrast'], severities: [1], preprocessing });
    const result = await evaluate({ ...options, corruptions, severities: [1, 5], preprocessing });

    // Without loader, network and result: the means of the pixels.
    const dataset = await openDataset(data, 'test');
    const silent = async (
      severity: 1 | 5 | undefined,
      corruption: 'contrast' | 'brightness' = 'contrast',
    ) => {
      let count = 0;
      for (let index = 0; index < dataset.length; index++) {
        const image = await dataset.read(index);
        const seen = severity
          ? corrupt(image, { corruption, severity, set: 'cifar', seed: 0, index })
          : image;
        const sums = [0, 0, 0];
        for (let at = 0; at < seen.data.length; at++) sums[at % 3] += seen.data[at] / 255;
        if (sums.some((sum) => sum / 256 < least)) count++;
      }
      return count;
    };
    const clean = await silent(undefined);
    const [one, five] = [await silent(1), await silent(5)];
    expect(await silent(5, 'brightness')).toBe(0);
    await dataset.close();
    expect(clean).toBeGreaterThan(0);
    expect(clean).toBeLessThan(18);
    const cells = { contrast: [one, null, null, null, five] };
    expect(result.notFinite).toEqual({ nan: { clean, cells } });
    expect(await readResult(out)).toMatchObject({ notFinite: { nan: { clean, cells } } });
    const note =
      `the model gives no answer (NaN, or a probability of 0 for every class) on ${clean} of 18 images of the clean data, ` +
      `${one} of 18 images of contrast 1, ${five} of 18 images of contrast 5: these count as errors`;
    expect(result.notes.filter((text) => text.startsWith(note))).toHaveLength(1);
    expect(resultTable(result).replace(/\s+/g, ' ')).toContain(note);

    const { notFinite: _, ...before } = JSON.parse(await readFile(out, 'utf8'));
    expect(validateResult(before, 'old.json').notFinite).toBeUndefined();
    expect(formatResult(validateResult(before, 'old.json'))).not.toContain('notFinite');
  });
});

describe('countNotFinite', () => {
  it('tells NaN, infinity and the logarithm of 0 apart', () => {
    const { NaN: nan, POSITIVE_INFINITY: high, NEGATIVE_INFINITY: low } = Number;
    const logits = Float32Array.of(1, nan, high, nan, high, 1, low, 1, low, low);
    expect(countNotFinite(logits, 2)).toEqual({ nan: 2, infinite: 1 });
  });
});

describe('NotFiniteRecord', () => {
  const fog = (severity: 1 | 2) => ({ corruption: 'fog', severity }) as const;

  it('sums up what is too much to name', () => {
    const record = new NotFiniteRecord(undefined);
    for (const corruption of ['fog', 'frost', 'snow'] as const) {
      record.add({ cell: { corruption, severity: 1 }, infinite: 2 });
      record.add({ cell: { corruption, severity: 5 }, infinite: 3 });
    }
    const images = Object.fromEntries(['fog', 'frost', 'snow'].map((name) => [name, [9, 9, 9, 9, 9]]));
    const [note, ...others] = record.notes({ clean: 9, cells: images });
    expect(others).toEqual([]);
    expect(note).toMatch(
      /infinite on 2 of 9 images of fog 1, 3 of 9 images of fog 5, 2 of 9 images of frost 1, and 8 of 3 other cells: /,
    );
  });

  it('forgets cells that are measured again', () => {
    const record = new NotFiniteRecord(undefined);
    record.add({ cell: 'clean', nan: 4 });
    record.add({ cell: fog(1), nan: 1 });
    record.add({ cell: fog(2), nan: 2 });
    record.add({ cell: fog(2), nan: 3 });
    const result = record.result();
    expect(result).toEqual({ nan: { clean: 4, cells: { fog: [1, 3, null, null, null] } } });
    expect(withoutTallies(result, [fog(1)])!.nan!.cells).toEqual({ fog: [null, 3, null, null, null] });
    expect(withoutTallies(result, ['clean', fog(1), fog(2)])).toBeUndefined();
  });
});
