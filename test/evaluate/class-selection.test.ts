import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClassSelection } from '../../src/data/class-selection.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import type { EvaluateOptions } from '../../src/evaluate/options.ts';
import { findSamples } from '../../src/report/evidence/evidence.ts';
import { writeColours } from './colours.ts';
import { tinyModel } from './tiny-model.ts';

let folder: string;
const at = (name: string) => path.join(folder, name);

/** A model of two colours, with the names of its classes in its card or without. */
function twoColours(classes?: readonly string[]): Uint8Array {
  const card = {
    schema: 'pushpull.model/1',
    model: { name: 'colournet', variant: 'baseline', parameters: 6 },
    classes,
    preprocessing: {
      ...{ width: 16, height: 16, layout: 'NCHW', dtype: 'float32', resize: null },
      ...{ mean: [0, 0, 0], std: [1, 1, 1] },
    },
  };
  return tinyModel({
    input: ['N', 3, 16, 16],
    // Red, then blue, as its card has them; blue, then red, as their names are sorted.
    weight: classes ? [1, 0, 0, 0, 0, 1] : [0, 1, 0, 0, 1, 0],
    ...(classes && { metadata: { pushpull: JSON.stringify(card) } }),
  });
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-classes-'));
  await writeColours(at('colours'), 6);
  await writeFile(at('named.onnx'), twoColours(['red', 'blue']));
  await writeFile(at('plain.onnx'), twoColours());
});
afterAll(() => rm(folder, { recursive: true }));

const measure = (options: Partial<EvaluateOptions> & Pick<EvaluateOptions, 'model'>) =>
  evaluate({
    data: at('colours'),
    corruptions: ['contrast'],
    severities: [1],
    threads: 1,
    workers: 0,
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
    ...options,
  });

describe('evaluate', () => {
  it('measures the classes that a model knows, or those that are asked for', async () => {
    const known = await measure({ model: at('named.onnx') });
    expect(known.data).toMatchObject({
      name: 'colours (2 of 3 classes)',
      classes: 2,
      images: 12,
      selection: { classes: ['blue', 'red'] },
    });
    const classes: ClassSelection = { kind: 'names', names: ['red', 'blue'], from: '/list.txt' };
    const asked = await measure({ model: at('plain.onnx'), classes });
    expect([asked.clean, asked.errors]).toEqual([known.clean, known.errors]);
    expect(asked.data.fingerprint).toBe(known.data.fingerprint);
    expect(asked.data.selection).toEqual({ classes: ['blue', 'red'], file: '/list.txt' });
    // The strip of samples in a report is found among the same images.
    expect(await findSamples(asked)).toHaveProperty('found');
  });

  it('draws the same classes by --classes and by the name of the data', async () => {
    const draws = [0, 1].map(async (seed) => {
      const [option, spec] = await Promise.all([
        measure({ model: at('plain.onnx'), classes: { kind: 'draw', count: 2, seed } }),
        measure({ model: at('plain.onnx'), data: `imagenet2:${at('colours')}?seed=${seed}` }),
      ]);
      expect(option.data.selection!.draw).toBe(`2:${seed}`);
      expect(spec.data).toMatchObject({
        name: 'ImageNet-2',
        path: at('colours'),
        selection: { classes: option.data.selection!.classes },
      });
      expect(spec.errors).toEqual(option.errors);
      return String(option.data.selection!.classes);
    });
    expect(new Set(await Promise.all(draws)).size).toBeGreaterThan(1);
  });

  it('refuses a model of other classes as before', async () => {
    await writeFile(at('other.onnx'), twoColours(['red', 'mauve']));
    await expect(measure({ model: at('other.onnx') })).rejects.toThrow(
      'found none for 2 (blue, green); 1 match. The outputs are called red, mauve: pass --labels FILE',
    );
  });
});
