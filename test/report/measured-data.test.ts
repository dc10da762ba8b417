/** Pictures in a report must be the ones that were measured: a model that was measured on them answers the same. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORRUPTIONS, type CorruptionName, type Severity } from '../../src/corrupt/names.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { type Predictions, readPredictions } from '../../src/evaluate/result/predictions.ts';
import type { Result } from '../../src/evaluate/result/schema.ts';
import type { Image } from '../../src/image/image.ts';
import { findFailures, findPredictions } from '../../src/report/evidence/evidence.ts';
import { type MeasuredData, openMeasuredData } from '../../src/report/evidence/measured-data.ts';
import { inProcess } from '../cli/command.ts';
import { COLOURS, colourModel, writeColours } from '../evaluate/colours.ts';

const SOME = ['gaussian_noise', 'glass_blur', 'fog'] as const satisfies readonly CorruptionName[];
const SEVERITIES = [2, 5] as const satisfies readonly Severity[];

let folder: string;
const at = (name: string) => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-measured-'));
  await writeFile(at('colours.onnx'), colourModel());
  await writeColours(at('colours'), 8);
});
afterAll(() => rm(folder, { recursive: true }));

/** Measures the model whose answer is the channel with the largest mean. */
const measure = (name: string, options: { data: string; clean?: string; limit?: number }) =>
  evaluate({
    ...options,
    model: at('colours.onnx'),
    out: at(name),
    corruptions: SOME,
    severities: SEVERITIES,
    seed: 3,
    workers: 1,
    threads: 1,
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
  });

/** The model by hand: softmax over the channels' means, blue first as the classes are. */
function answer({ data }: Image): { predicted: number; confidence: number } {
  const means = [2, 1, 0].map((channel) => {
    const levels = data.filter((_, at) => at % 3 === channel);
    return levels.reduce((sum, level) => sum + level, 0) / levels.length / 255;
  });
  const total = means.reduce((sum, logit) => sum + Math.exp(logit), 0);
  const largest = Math.max(...means);
  return { predicted: means.indexOf(largest), confidence: Math.exp(largest) / total };
}

async function expectSameAnswers(images: MeasuredData, predictions: Predictions): Promise<void> {
  const confidences = new Set<number>();
  for (let image = 0; image < images.length; image++) {
    expect(images.label(image)).toBe(predictions.labels[image]);
    for (const which of [
      'clean' as const,
      ...SOME.flatMap((corruption) => SEVERITIES.map((severity) => ({ corruption, severity }))),
    ]) {
      const picture =
        which === 'clean'
          ? await images.clean(image)
          : await images.corrupted(image, which.corruption, which.severity);
      const { predicted, confidence } = answer(picture);
      const said = predictions.cell(which)!;
      expect(said.predicted[image]).toBe(predicted);
      expect(said.confidence[image]).toBeCloseTo(confidence, 5);
      confidences.add(Math.round(confidence * 1e5));
    }
  }
  // Pictures that differ give answers that differ; else this would prove little.
  expect(confidences.size).toBeGreaterThan(images.length);
}

describe('the measured images', () => {
  it('are made again as the evaluation made them, from the same selection', async () => {
    const result = await measure('made.json', { data: at('colours'), limit: 18 });
    const images = await openMeasuredData(result);
    try {
      expect(images).toMatchObject({ length: 18, classes: COLOURS, hasClean: true });
      await expectSameAnswers(images, (await readPredictions(at('made.json')))!);
    } finally {
      await images.close();
    }
  });

  it('are read from a corrupted set, clean ones beside it', async () => {
    const words = ['--corruption', SOME.join(), '--severity', '2,5', '--seed', '9', '--workers', '1'];
    await inProcess('corrupt', '--data', at('colours'), ...words, '--format', 'npy', '--out', at('set'));
    const result = await measure('read.json', {
      data: `cifar10-c:${at('set')}`,
      clean: at('colours'),
      limit: 18,
    });
    const images = await openMeasuredData(result);
    try {
      expect(images).toMatchObject({ length: 18, hasClean: true });
      await expectSameAnswers(images, (await readPredictions(at('read.json')))!);
    } finally {
      await images.close();
    }
    const elsewhere = openMeasuredData(result, { data: at('colours') });
    await expect(elsewhere).rejects.toThrow(
      'expected cifar10-c:PATH, as the corrupted images came from there',
    );
  });
});

describe('findFailures', () => {
  it('shows the images with what was said about them', async () => {
    const result = await measure('made.json', { data: at('colours'), limit: 18 });
    const search = await findPredictions(result, at('made.json'));
    if ('omission' in search) throw new Error(search.omission);
    const failures = await findFailures([result], { predictions: new Map([[result, search.found]]) });
    if ('omission' in failures) throw new Error(failures.omission);
    const [group] = failures.found;
    expect(failures.found).toHaveLength(1);
    expect(group!.heading).toBe('Surest mistakes of colours');
    expect(group!.failures.length).toBeGreaterThan(0);
    for (const failure of group!.failures) {
      const [said] = failure.answers;
      expect(answer(failure.clean!).predicted).toBe(COLOURS.indexOf(failure.label as 'red'));
      expect(said!.clean).toMatchObject({ name: failure.label, right: true });
      expect(said!.corrupted!.right).toBe(false);
      expect(said!.corrupted!.name).toBe(COLOURS[answer(failure.corrupted).predicted]);
      expect(said!.corrupted!.confidence).toBeCloseTo(answer(failure.corrupted).confidence, 5);
      expect(CORRUPTIONS).toContain(failure.corruption);
      expect(failure.source).toContain(path.join('test', failure.label));
    }
  });

  it('says what is missing and how to get it', async () => {
    const result = await measure('made.json', { data: at('colours'), limit: 18 });
    const gone = await findPredictions(result, at('elsewhere.json'));
    expect((gone as { omission: string }).omission).toMatch(
      /elsewhere\.json: no answers to single images lie beside it \(elsewhere\.predictions\.safetensors\).*evaluate it again/,
    );
    const other: Result = { ...result, model: { ...result.model, sha256: '0'.repeat(64) } };
    const strange = await findPredictions(other, at('made.json'));
    expect((strange as { omission: string }).omission).toMatch(/another model.*it is not used here/);
    const { found } = (await findPredictions(result, at('made.json'))) as { found: Predictions };
    const lost = await findFailures([result], {
      predictions: new Map([[result, found]]),
      data: at('missing'),
    });
    expect((lost as { omission: string }).omission).toMatch(
      /^The images that models get wrong are left out: .*missing: expected .* found no such file or folder/,
    );
  });
});
