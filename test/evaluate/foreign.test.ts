/** Whole evaluations of models that were made elsewhere: compared with one another, continued, and on corrupted sets. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import type { PreprocessingFlags } from '../../src/evaluate/model/preprocessing.ts';
import type { EvaluateOptions } from '../../src/evaluate/options.ts';
import { readPredictions } from '../../src/evaluate/result/predictions.ts';
import { readResult } from '../../src/evaluate/result/result.ts';
import { retrofitModel } from '../../src/evaluate/retrofit/retrofit.ts';
import { previewModel } from '../../src/evaluate/subject.ts';
import { colourModel, writeColours } from './colours.ts';
import { tinyModel } from './tiny-model.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/evaluate', import.meta.url));
let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-foreign-'));
  await writeColours(at('colours'), 6);
  await writeFile(at('float.onnx'), colourModel());
  // The same answers from pixels, channels last, among five classes in another order.
  const weight = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  await writeFile(at('pixels.onnx'), tinyModel({ input: ['N', 16, 16, 3], dtype: 'uint8', weight }));
  await writeFile(at('labels.txt'), 'green\nred\nmauve\n-\nblue\n');
});
afterAll(() => rm(folder, { recursive: true }));

const measure = (options: Partial<EvaluateOptions> & Pick<EvaluateOptions, 'model'>) =>
  evaluate({
    data: at('colours'),
    corruptions: ['contrast', 'gaussian_noise'],
    severities: [1, 5],
    threads: 1,
    workers: 0,
    ...options,
  });
const FLOATS = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

describe('evaluate', () => {
  it('compares models that take other numbers and know other classes on the same images', async () => {
    const baseline = at('float.json');
    const float = await measure({ model: at('float.onnx'), preprocessing: FLOATS, out: baseline });
    const out = at('pixels.json');
    const pixels = await measure({
      model: at('pixels.onnx'),
      preprocessing: { labels: at('labels.txt') },
      ...{ out, baseline },
    });
    expect(pixels.errors).toEqual(float.errors);
    expect(pixels.clean).toEqual(float.clean);
    expect(pixels.metrics['partial.baseline']).toBe(1);
    expect(pixels.data.fingerprint).toBe(float.data.fingerprint);
    const { reading } = (await readResult(out)).model;
    expect(reading).toMatchObject({
      input: { name: 'images', dtype: 'uint8', shape: ['N', 16, 16, 3], batch: null, channels: 'rgb' },
      output: { name: 'logits', dtype: 'float32', count: 5 },
      scores: { kind: 'logits' },
      classes: { from: 'file', why: at('labels.txt'), unused: 2, shared: 0 },
    });
    const [there, here] = await Promise.all([readPredictions(baseline, float), readPredictions(out, pixels)]);
    expect(here!.cell('clean')!.predicted).toEqual(there!.cell('clean')!.predicted);
  });

  it('does not continue one with other labels, channels or scores', async () => {
    const out = at('continued.json');
    const preprocessing = { labels: at('labels.txt') };
    await measure({ model: at('pixels.onnx'), preprocessing, out });
    await writeFile(at('others.txt'), 'green\nblue\nmauve\n-\nred\n');
    const others = { labels: at('others.txt') };
    await expect(measure({ model: at('pixels.onnx'), preprocessing: others, out })).rejects.toThrow(
      /holds another evaluation: other outputs for the classes \(--labels\); choose another --out/,
    );
    await expect(
      measure({
        model: at('pixels.onnx'),
        preprocessing: { ...preprocessing, channels: 'bgr', scores: 'probabilities' },
        out,
      }),
    ).rejects.toThrow(/--channels rgb there, bgr here; --scores logits there, probabilities here/);
  });
});

describe('retrofitModel', () => {
  it.each(['bgr', 'float16', 'grey', 'quantised-int8', 'nhwc-softmax'])('works on %s', async (name) => {
    const cases = JSON.parse(await readFile(path.join(FIXTURES, 'models.json'), 'utf8')) as {
      model: string;
      options: PreprocessingFlags;
      predicted: number[];
    }[];
    const { options, predicted } = cases.find(({ model }) => model === `${name}.onnx`)!;
    const out = at(`${name}-retrofitted.onnx`);
    const data = path.join(FIXTURES, 'images');
    const { measured } = await retrofitModel({
      ...{ model: path.join(FIXTURES, 'models', `${name}.onnx`), out, data, preprocessing: options },
      ...{ avg: 3, alpha: 0.25, threads: 1, workers: 0 },
    });
    // Four images of each class, in order.
    const wrong = predicted.filter((label, image) => label !== Math.floor(image / 4)).length;
    expect(measured!.errors.original).toBeCloseTo(wrong / 12, 12);
    expect(measured!.scale.every((factor) => factor > 0 && Number.isFinite(factor))).toBe(true);
    const { answers } = await previewModel({ model: out, data, preprocessing: options, threads: 1 });
    const right = answers.filter((answer) => answer.label === answer.predicted).length;
    expect(measured!.errors.retrofitted).toBeCloseTo(1 - right / 12, 12);
  });
});

describe('previewModel', () => {
  /** The fixtures' images as a set of one corruption. */
  async function writeSet(): Promise<string> {
    const place = at('set');
    for (const id of await readdir(path.join(FIXTURES, 'images/test'))) {
      const target = path.join(place, 'gaussian_noise', '1', id);
      await mkdir(target, { recursive: true });
      for (const name of await readdir(path.join(FIXTURES, 'images/test', id))) {
        await copyFile(path.join(FIXTURES, 'images/test', id, name), path.join(target, name));
      }
    }
    return `imagenet-c:${place}`;
  }

  it("masks ImageNet's other classes on a corrupted set of some of them, and narrows the set to a model's", async () => {
    const data = await writeSet();
    const set = { data, corruptions: ['gaussian_noise'], severities: [1], threads: 1, limit: 12 } as const;
    const normal = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
    const model = path.join(FIXTURES, 'models/imagenet-background.onnx');
    const { model: read, answers } = await previewModel({ ...set, model, preprocessing: normal });
    expect(read.reading.classes).toMatchObject({ from: 'imagenet order', unused: 998 });
    const cases = JSON.parse(await readFile(path.join(FIXTURES, 'models.json'), 'utf8')) as {
      model: string;
      predicted: number[];
    }[];
    const expected = cases.find((each) => each.model === 'imagenet-background.onnx')!.predicted;
    const ids = [...new Set(answers.map(({ label }) => label))];
    expect(answers.map(({ predicted }) => ids.indexOf(predicted!))).toEqual(expected);

    const two = at('two.onnx');
    const names = "{0: 'n03594945', 1: 'n01440764'}";
    await writeFile(
      two,
      tinyModel({ input: ['N', 3, 16, 16], weight: [1, 0, 0, 1, 0, 0], metadata: { names } }),
    );
    const narrowed = await previewModel({ ...set, model: two, preprocessing: normal });
    expect(narrowed.data).toMatchObject({ classes: 2, images: 8 });
    expect(narrowed.model.reading.classes).toMatchObject({
      from: 'metadata',
      why: '"names" in the model\'s metadata',
    });
  });
});
