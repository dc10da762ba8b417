import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/data/dataset.ts';
import { sampleData } from '../../src/evaluate/images/selection.ts';
import type { Result } from '../../src/evaluate/result/schema.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { findRun, findSamples } from '../../src/report/evidence/evidence.ts';
import { saveCheckpoint } from '../../src/run/checkpoint.ts';
import { emptyRunning } from '../../src/run/history.ts';
import { syntheticAvg3, syntheticEpochs, syntheticKernels, syntheticRun } from './synthetic.ts';

let folder: string;
let run: string;
let data: string;
const kernels = syntheticKernels(4);
const model = new TextEncoder().encode('stands for a network');
const sha256 = createHash('sha256').update(model).digest('hex');

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-evidence-'));
  run = path.join(folder, 'run');
  data = path.join(folder, 'data');
  await writeRun(run);
  await writeImages(data);
});
afterAll(() => rm(folder, { recursive: true }));

/** A finished run as `pushpull train` leaves it. */
async function writeRun(place: string): Promise<void> {
  const epochs = syntheticEpochs(3, 0.6, 0.1);
  await mkdir(path.join(place, 'checkpoints'), { recursive: true });
  await writeFile(path.join(place, 'config.json'), JSON.stringify(syntheticRun({ kernels }).config));
  await writeFile(
    path.join(place, 'log.jsonl'),
    epochs.map((epoch) => `${JSON.stringify(epoch)}\n`).join(''),
  );
  await writeFile(path.join(place, 'model.onnx'), model);
  await saveCheckpoint(path.join(place, 'checkpoints', 'last'), {
    weights: new Map([
      ['conv1.weight', float32(kernels.push, kernels.shape)],
      ['conv1.alpha', float32(kernels.alpha!, [4])],
    ]),
    momentum: new Map(),
    state: {
      position: { epoch: 3, batch: 0, step: 3 },
      totalSteps: 3,
      random: { scheme: 'keyed', seed: 0 },
      running: emptyRunning(),
      history: epochs,
    },
  });
}

/** Two classes of three 48 × 40 test images; `b/2.png` has by far the strongest contrast. */
async function writeImages(place: string): Promise<void> {
  for (const name of ['a', 'b']) {
    await mkdir(path.join(place, 'test', name), { recursive: true });
    for (let index = 0; index < 3; index++) {
      const strength = name === 'b' && index === 2 ? 255 : 20;
      const pixels = Uint8Array.from({ length: 48 * 40 * 3 }, (_, i) => (i % 7 < 3 ? strength : 0));
      const picture = sharp(pixels, { raw: { width: 48, height: 40, channels: 3 } });
      await picture.png().toFile(path.join(place, 'test', name, `${index}.png`));
    }
  }
}

function result(file: string, change: Partial<Result['data']> = {}): Result {
  const base = syntheticAvg3();
  const preprocessing = { ...base.data.preprocessing, width: 32, height: 32, resize: 32 };
  return {
    ...base,
    model: { ...base.model, file, sha256 },
    data: { ...base.data, path: data, limit: null, preprocessing, ...change },
  };
}

async function fingerprint(): Promise<string> {
  const dataset = await openDataset(data, 'test');
  const sample = await sampleData(dataset);
  await dataset.close();
  return sample.fingerprint;
}

describe('findRun', () => {
  it('finds log, configuration and kernels behind a run folder or its model file', async () => {
    for (const file of [run, path.join(run, 'model.onnx')]) {
      const search = await findRun(result(file), 'elsewhere/result.json');
      if ('omission' in search) throw new Error(search.omission);
      expect(search.found.epochs).toHaveLength(3);
      expect(search.found.config?.recipe.epochs).toBe(30);
      expect(search.found.kernels?.pull).toEqual(kernels.pull);
      expect(search.found.kernels?.alpha).toEqual(kernels.alpha);
    }
  });

  it('looks beside the result file too', async () => {
    const search = await findRun(result('run'), path.join(folder, 'result.json'));
    expect(search).toHaveProperty('found');
  });

  it('does not use a model that is not the measured one', async () => {
    const other = { ...result(run) };
    other.model = { ...other.model, sha256: '0'.repeat(64) };
    expect(await findRun(other, 'result.json')).toEqual({
      omission: `${run}: the model in the run folder is not the one that was measured, so training curves and kernels of this model are left out.`,
    });
  });

  it('says when there is no run', async () => {
    expect(await findRun(result('nowhere.onnx'), 'result.json')).toEqual({
      omission:
        'nowhere.onnx: no run folder was found for it, so training curves and kernels of this model are left out.',
    });
  });
});

describe('findSamples', () => {
  it('shows the image with the strongest contrast at the size that was measured', async () => {
    const search = await findSamples(result(run, { fingerprint: await fingerprint() }));
    if ('omission' in search) throw new Error(search.omission);
    expect(search.found.caption).toBe('test image 5 of CIFAR-10, class b');
    expect([search.found.original.width, search.found.original.height]).toEqual([32, 32]);
    expect(search.found.cells).toHaveLength(15);
    expect(search.found.cells[0]!.images).toHaveLength(3);
  });

  it('freezes with the textures that were used, and says so when they are gone', async () => {
    const textures = path.join(data, 'test', 'a');
    const generated = await findSamples(result(run, { fingerprint: await fingerprint() }));
    const given = await findSamples(result(run, { fingerprint: await fingerprint(), frost: textures }));
    if ('omission' in generated || 'omission' in given) throw new Error('no samples');
    const pixels = ({ found }: typeof given, name: string) =>
      found.cells.find(({ corruption }) => corruption === name)!.images[0]!.data;
    expect(pixels(given, 'frost')).not.toEqual(pixels(generated, 'frost'));
    expect(pixels(given, 'fog')).toEqual(pixels(generated, 'fog'));
    const gone = await findSamples(result(run, { fingerprint: await fingerprint(), frost: 'gone' }));
    expect((gone as { omission: string }).omission).toMatch(
      /--frost-dir gone: expected a folder of frost textures/,
    );
  });

  it('shows no images but the measured ones', async () => {
    const search = await findSamples(result(run));
    expect(search).toEqual({
      omission: `The corrupted sample images are left out: ${data} holds other images than the ones that were measured; say where those are with --data.`,
    });
  });

  it('looks where --data says, and says what it found there', async () => {
    const search = await findSamples(result(run), { data: path.join(folder, 'missing') });
    expect(search).toHaveProperty('omission');
    expect((search as { omission: string }).omission).toMatch(
      /missing: expected .* found no such file or folder/,
    );
  });
});
