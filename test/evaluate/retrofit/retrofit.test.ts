import { link, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../../src/data/dataset.ts';
import type { OnnxEngine } from '../../../src/engine/engine.ts';
import { createEngine } from '../../../src/engine/node/index.ts';
import { evaluate } from '../../../src/evaluate/evaluate.ts';
import { readModelFile } from '../../../src/evaluate/model/model.ts';
import type { RetrofitEvent, RetrofitRequest } from '../../../src/evaluate/retrofit/request.ts';
import { ChannelMoments, matchMoments } from '../../../src/evaluate/retrofit/response-statistics.ts';
import { retrofitModel } from '../../../src/evaluate/retrofit/retrofit.ts';
import { CARD_SCHEMA, type ModelCard, readModelCard } from '../../../src/models/card.ts';
import type { ModelConfig } from '../../../src/models/config.ts';
import { exportModel } from '../../../src/models/export.ts';
import { createModel } from '../../../src/models/registry.ts';
import { decodeModel, encodeModel } from '../../../src/onnx/model.ts';
import { writePictures } from '../../cli/command.ts';
import { colourModel, writeColours } from '../colours.ts';
import { writeConvClassifier } from '../conv-classifier.ts';

const MEAN = [0.4, 0.5, 0.6] as const;
const STD = [0.2, 0.25, 0.3] as const;

let folder: string;
let engine: OnnxEngine;
let defaults: RetrofitRequest;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-retrofit-'));
  engine = await createEngine({ device: 'cpu', threads: 1 });
  const model = path.join(folder, 'net.onnx');
  await writeConvClassifier(model);
  await writePictures(path.join(folder, 'pictures'), { train: 10, test: 8 });
  defaults = {
    model,
    out: path.join(folder, 'out.onnx'),
    avg: 3,
    alpha: 0.5,
    data: path.join(folder, 'pictures'),
    batchSize: 7,
    threads: 1,
    workers: 0,
    preprocessing: { mean: MEAN, std: STD },
  };
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

const retrofit = (changes: Partial<RetrofitRequest> = {}) => retrofitModel({ ...defaults, ...changes });
const inFolder = (name: string) => path.join(folder, name);

/** The error on clean images as `pushpull evaluate` has it. */
async function cleanError(model: string): Promise<number> {
  const { data, preprocessing, threads, workers } = defaults;
  const result = await evaluate({ model, data: data!, preprocessing, threads, workers, corruptions: [] });
  return result.clean!.top1;
}

/** Mean and deviation of each channel of the first layer's output over all training images, worked out plainly. */
async function firstLayerMoments(model: string): Promise<{ mean: number[]; deviation: number[] }> {
  const proto = decodeModel(new Uint8Array(await readFile(model)), model);
  const name = 'response';
  proto.graph.output.push({ name, type: { tensorType: { elemType: 1 } } });
  const session = await engine.loadModel(encodeModel(proto));
  const dataset = await openDataset(defaults.data!, 'train');
  const values: number[][] = [[], [], [], []];
  for (let index = 0; index < dataset.length; index++) {
    const { data, width, height } = await dataset.read(index);
    const image = new Float32Array(3 * width * height);
    for (let at = 0; at < image.length; at++) {
      const [channel, pixel] = [Math.floor(at / (width * height)), at % (width * height)];
      image[at] = (data[3 * pixel + channel] / 255 - MEAN[channel]) / STD[channel];
    }
    const feeds = { image: { dtype: 'float32' as const, shape: [1, 3, height, width], data: image } };
    const response = (await session.run(feeds, [name]))[name];
    const plane = response.shape[2] * response.shape[3];
    for (const [at, value] of response.data.entries()) values[Math.floor(at / plane)].push(Number(value));
  }
  await dataset.close();
  await session.dispose();
  const average = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const means = values.map(average);
  return {
    mean: means,
    deviation: values.map((list, i) => Math.sqrt(average(list.map((value) => (value - means[i]) ** 2)))),
  };
}

describe('retrofitModel', () => {
  it("gives the new layer's responses the mean and deviation of the old one's, a channel at a time", async () => {
    const out = inFolder('matched.onnx');
    const { measured } = await retrofit({ out });
    const [before, after] = await Promise.all([firstLayerMoments(defaults.model), firstLayerMoments(out)]);
    for (let channel = 0; channel < 4; channel++) {
      expect(after.mean[channel]).toBeCloseTo(before.mean[channel], 4);
      expect(after.deviation[channel] / before.deviation[channel]).toBeCloseTo(1, 4);
    }
    const plain = inFolder('unmatched.onnx');
    await retrofit({ out: plain, data: undefined });
    const unmatched = await firstLayerMoments(plain);
    expect(Math.abs(unmatched.deviation[0] / before.deviation[0] - 1)).toBeGreaterThan(0.05);
    const factors = before.deviation.map((deviation, channel) => deviation / unmatched.deviation[channel]);
    expect(measured!.scale[0]).toBeCloseTo(Math.min(...factors), 3);
    expect(measured!.scale[1]).toBeCloseTo(Math.max(...factors), 3);
  });

  it('measures the errors that evaluate measures', async () => {
    const out = inFolder('errors.onnx');
    const plain = inFolder('plain.onnx');
    const { measured } = await retrofit({ out, alpha: 2 });
    await retrofit({ out: plain, alpha: 2, data: undefined });
    const errors = await Promise.all([defaults.model, out, plain].map(cleanError));
    const { original, retrofitted, notReestimated, images } = measured!.errors;
    expect([original, retrofitted, notReestimated]).toEqual(errors);
    expect(new Set(errors).size, String(errors)).toBe(3);
    expect(images).toBe(24);
  });

  it('notes in the file what was done, and counts images as they pass', async () => {
    const out = inFolder('noted.onnx');
    const events: RetrofitEvent[] = [];
    const { measured, bytes, layer } = await retrofit({
      ...{ out, images: 12, limit: 9, seed: 5 },
      onEvent: (event) => events.push(event),
    });
    const written = new Uint8Array(await readFile(out));
    expect(bytes).toBe(written.length);
    const note = decodeModel(written, out).metadataProps.find(({ key }) => key === 'pushpull.retrofit')!;
    const estimatedOn = { data: 'pictures', split: 'train', images: 12, seed: 5 };
    expect(measured).toMatchObject({ estimatedOn, errors: { images: 9 } });
    expect(JSON.parse(note.value)).toMatchObject({ avg: 3, alpha: 0.5, layer: layer.name, estimatedOn });
    expect(events[0]).toMatchObject({ kind: 'start', layer: { kernels: [4, 3, 3, 3], stride: [1, 1] } });
    expect(events.at(-1)).toMatchObject({ kind: 'progress', images: 39, totalImages: 39 });
    const stages = events.flatMap((event) => (event.kind === 'progress' ? event.stage : []));
    expect([...new Set(stages)]).toEqual(['original', 'estimating', 'retrofitted', 'not re-estimated']);
  });

  it('comes to the same for a model of a fixed batch and for any number of workers', async () => {
    const model = inFolder('fixed.onnx');
    await writeConvClassifier(model, { batch: 4 });
    const [free, fixed, threaded] = await Promise.all([
      retrofit({ out: inFolder('free.onnx') }),
      retrofit({ model, out: inFolder('fixed-out.onnx') }),
      retrofit({ out: inFolder('threaded.onnx'), workers: 2, batchSize: 5 }),
    ]);
    expect(fixed.measured!.errors).toEqual(free.measured!.errors);
    expect(threaded.measured!.errors).toEqual(free.measured!.errors);
    for (const each of [fixed, threaded]) {
      expect(each.measured!.scale[0]).toBeCloseTo(free.measured!.scale[0], 5);
      expect(each.measured!.scale[1]).toBeCloseTo(free.measured!.scale[1], 5);
    }
  });

  it('estimates on test images where there are no others, and says so', async () => {
    const data = inFolder('test-only');
    await writeColours(data, 3, { width: 32, height: 32 });
    const { measured, notes } = await retrofit({ data, out: inFolder('test-only.onnx') });
    expect(measured!.estimatedOn).toMatchObject({ split: 'test', images: 9 });
    expect(notes).toContainEqual(
      expect.stringMatching(/test-only has no training images that can be used; scale and/),
    );
  });

  it('warns of a layer whose windows do not overlap', async () => {
    const model = inFolder('patches.onnx');
    await writeConvClassifier(model, { stride: 3 });
    const { notes } = await retrofit({ model, out: inFolder('patched.onnx'), data: undefined });
    expect(notes).toEqual([
      expect.stringMatching(/share no pixel \(stride 3×3\), as those of a patch embedding/),
    ]);
  });

  describe('of a network of ours', () => {
    const config: ModelConfig = {
      ...{ model: 'resnet18', form: 'cifar', width: 2, classes: 3, stem: { kind: 'conv' } },
    };

    async function exported(changes: Partial<ModelConfig> = {}): Promise<string> {
      const model = createModel({ ...config, ...changes }, 0);
      const card: ModelCard = {
        schema: CARD_SCHEMA,
        model: { ...model.config, name: 'resnet18', variant: 'baseline', parameters: model.parameterCount },
        classes: ['blue', 'green', 'red'],
        preprocessing: {
          ...{ width: 32, height: 32, layout: 'NCHW', dtype: 'float32', resize: null },
          ...{ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
        },
        training: { epochs: 1 },
      };
      const file = inFolder(`ours-${model.config.stem.kind}.onnx`);
      await writeFile(file, exportModel(model, model.parameters, card));
      return file;
    }

    it('makes the card true', async () => {
      const out = inFolder('carded.onnx');
      await retrofit({ model: await exported(), out, preprocessing: undefined });
      expect(readModelCard(new Uint8Array(await readFile(out)))).toMatchObject({
        model: {
          name: 'resnet18',
          stem: { kind: 'pushpull', avg: 3, alpha: 0.5 },
          variant: 'push-pull avg3 α 0.5, retrofitted',
        },
        classes: ['blue', 'green', 'red'],
        training: { epochs: 1 },
      });
      expect((await readModelFile(out)).model.variant).toBe('push-pull avg3 α 0.5, retrofitted');
    });

    it('refuses one that has push-pull already', async () => {
      const model = await exported({ stem: { kind: 'pushpull', avg: 3, alpha: 1 } });
      await expect(retrofit({ model })).rejects.toThrow(
        /ours-pushpull.onnx: expected a network whose first layer is a plain convolution, found push-pull avg3/,
      );
    });
  });

  it('crops images of other sizes as is usual where nothing tells how, and says so', async () => {
    const data = inFolder('larger');
    await writeColours(data, 2, { width: 48, height: 40 });
    const { notes } = await retrofit({ data, out: inFolder('larger.onnx') });
    expect(notes).toContainEqual(
      expect.stringMatching(/^assumed: .* 32×32 as is usual.*: short side to 37 /),
    );
  });

  it('tries how the model is to be read, and tells what looks wrong, as evaluate does', async () => {
    const data = inFolder('numbers');
    for (const [label, name] of ['1', '2', '10'].entries()) {
      await mkdir(path.join(data, 'test', name), { recursive: true });
      for (let index = 0; index < 22; index++) {
        const rgb = [0, 1, 2].map((channel) => (channel === label ? 190 : 90) + index);
        const background = { r: rgb[0], g: rgb[1], b: rgb[2] };
        const file = path.join(data, 'test', name, `${index}.png`);
        await sharp({ create: { width: 32, height: 32, channels: 3, background } }).toFile(file);
      }
    }
    const events: RetrofitEvent[] = [];
    const out = inFolder('read.onnx');
    const { measured } = await retrofit({ data, out, onEvent: (event) => events.push(event) });
    const { preprocessing, threads, workers } = defaults;
    const options = { data, preprocessing, threads, workers, corruptions: [] };
    const right = await evaluate({ ...options, model: defaults.model });
    expect(right.model.reading!.adopted!.join()).toContain('--class-order number says so');
    // By text, two classes of three would be taken for each other.
    expect(measured!.errors.original).toBe(right.clean!.top1);
    expect(right.clean!.top1).toBeLessThan(0.3);
    expect(measured).toMatchObject({ reading: right.model.reading, flags: { classOrder: 'number' } });
    expect(events.find(({ kind }) => kind === 'read')).toEqual({ kind: 'read', reading: measured!.reading });
    const kept = { ...preprocessing, mean: [120, 120, 120], std: [60, 60, 60], scale: '0-1' } as const;
    const { measured: wrong } = await retrofit({ data, out, preprocessing: kept });
    expect(wrong!.reading.doubts!.join()).toContain('a mean of 120 is none of values in 0 to 1');
  });

  describe('writes nothing', () => {
    const out = () => inFolder('nothing.onnx');
    const untouched = () => expect(stat(out())).rejects.toThrow(/ENOENT/);

    it('over the model itself, by whatever name', async () => {
      const before = await readFile(defaults.model);
      await expect(retrofit({ out: defaults.model })).rejects.toThrow(
        /--out .*net.onnx: is the model itself/,
      );
      const other = inFolder('other-name.onnx');
      await link(defaults.model, other);
      await expect(retrofit({ out: other })).rejects.toThrow(/other-name.onnx: is the model itself/);
      expect((await readFile(defaults.model)).equals(before)).toBe(true);
      await expect(retrofit({ out: folder })).rejects.toThrow(/found a folder/);
    });

    it('for a model without a convolution', async () => {
      const model = inFolder('colours.onnx');
      await writeFile(model, colourModel());
      await expect(retrofit({ model, out: out() })).rejects.toThrow(
        /colours.onnx: expected one convolution that reads the image.*ReduceMean "means"/,
      );
      await untouched();
    });

    it('for data of other sizes or classes', async () => {
      const data = inFolder('small');
      await writeColours(data, 2);
      const preprocessing = { ...defaults.preprocessing, fit: 'none' as const };
      await expect(retrofit({ data, out: out(), preprocessing })).rejects.toThrow(
        /model's input size 32×32, found 16×16/,
      );
      const four = inFolder('four');
      await writePictures(four, { train: 1, test: 1 }, ['a', 'b', 'c', 'd']);
      await expect(retrofit({ data: four, out: out() })).rejects.toThrow(
        /tells 3 classes apart, the data has 4/,
      );
      await untouched();
    });

    it.each(['estimating', 'not re-estimated'])('when it is stopped at "%s"', async (stage) => {
      const abort = new AbortController();
      const onEvent = (event: RetrofitEvent) => {
        if (event.kind === 'progress' && event.stage === stage) abort.abort();
      };
      await expect(retrofit({ out: out(), signal: abort.signal, onEvent })).rejects.toThrow(/abort/i);
      await untouched();
    });
  });
});

describe('ChannelMoments', () => {
  it('comes to the same in parts as at once, far from 0 as well', () => {
    const [images, channels, plane] = [5, 2, 6];
    const responses = Float32Array.from({ length: images * channels * plane }, (_, i) =>
      Math.floor(i / plane) % channels === 0 ? Math.sin(i) : 1000 + Math.cos(3 * i),
    );
    const parts = new ChannelMoments(channels);
    parts.add(responses.subarray(0, 2 * channels * plane), 2, plane);
    // The last image only fills the batch up.
    const filled = new Float32Array(4 * channels * plane).fill(1e9);
    filled.set(responses.subarray(2 * channels * plane));
    parts.add(filled, 3, plane);
    for (let channel = 0; channel < channels; channel++) {
      const own = [...responses].filter((_, i) => Math.floor(i / plane) % channels === channel);
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length;
      expect(parts.mean[channel]).toBeCloseTo(mean, 9);
      expect(parts.deviation[channel]).toBeCloseTo(Math.sqrt(variance), 9);
    }
  });
});

describe('matchMoments', () => {
  const momentsOf = (...channels: number[][]) => {
    const moments = new ChannelMoments(channels.length);
    moments.add(Float32Array.from(channels.flat()), 1, channels[0].length);
    return moments;
  };

  it('scales by the ratio of deviations and shifts to the mean', () => {
    const { scale, shift, unscaled } = matchMoments(momentsOf([1, 3], [0, 4]), momentsOf([10, 16], [-1, 1]));
    expect([...scale]).toEqual([3, 0.5]);
    expect([...shift]).toEqual([7, -1]);
    expect(unscaled).toBe(0);
  });

  it.each([
    ['a response without variation', [2, 2], [4, 8]],
    ['one with hardly any', [2, 2.0001], [4, 8]],
    ['a layer that had none', [4, 8], [2, 2]],
    ['neither', [1, 1], [2, 2]],
  ])('does not scale %s, and matches its mean', (_, found, wanted) => {
    const { scale, shift, unscaled } = matchMoments(momentsOf(found), momentsOf(wanted));
    expect([...scale]).toEqual([1]);
    expect(shift[0]).toBeCloseTo((wanted[0] + wanted[1] - found[0] - found[1]) / 2, 6);
    expect(unscaled).toBe(1);
  });
});
