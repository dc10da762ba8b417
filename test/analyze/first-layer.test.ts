import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFirstLayer } from '../../src/analyze/first-layer.ts';
import { inspectLayer, summarizeInspection } from '../../src/analyze/inspection.ts';
import { float32 } from '../../src/graph/tensor.ts';
import type { ModelConfig } from '../../src/models/config.ts';
import { exportModel } from '../../src/models/export.ts';
import { createModel } from '../../src/models/registry.ts';
import { encodeModel } from '../../src/onnx/model.ts';
import { saveCheckpoint } from '../../src/run/checkpoint.ts';
import { emptyRunning } from '../../src/run/history.ts';
import { GraphBuilder } from '../onnx/image-models.ts';
import { syntheticKernels, syntheticRun } from '../report/synthetic.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-first-layer-'));
});
afterAll(() => rm(folder, { recursive: true }));

const kernels = syntheticKernels(4);

/** A run that has a checkpoint and no model yet. */
async function writeRun(name: string, model: Partial<ModelConfig>, stemPath = 'conv1'): Promise<string> {
  const place = path.join(folder, name);
  const { config } = syntheticRun();
  await mkdir(path.join(place, 'checkpoints'), { recursive: true });
  const file = JSON.stringify({ ...config, model: { ...config!.model, width: 4, ...model } });
  await writeFile(path.join(place, 'config.json'), file);
  await writeFile(path.join(place, 'log.jsonl'), '');
  await saveCheckpoint(path.join(place, 'checkpoints', 'last'), {
    weights: new Map([
      [`${stemPath}.weight`, float32(kernels.push, kernels.shape)],
      [`${stemPath}.alpha`, float32(kernels.alpha!, [4])],
    ]),
    momentum: new Map(),
    state: {
      position: { epoch: 0, batch: 1, step: 1 },
      totalSteps: 3,
      random: { scheme: 'keyed', seed: 0 },
      running: emptyRunning(),
      history: [],
    },
  });
  return place;
}

describe('readFirstLayer', () => {
  it('reads the trained weights of a run, finished or not', async () => {
    const run = await writeRun('learned', { stem: { kind: 'pushpull', avg: 5, alpha: 'trainable' } });
    const layer = await readFirstLayer(run);
    expect(layer).toMatchObject({
      label: 'resnet18 push-pull avg5',
      layer: 'conv1',
      stride: [1, 1],
      unit: { avg: 5, alphaIs: 'learned' },
      normalization: { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
      assumptions: [],
    });
    expect(layer.kernels.push).toEqual(kernels.push);
    expect(layer.kernels.alpha).toEqual(kernels.alpha);
  });

  it('takes alpha from the configuration where it is fixed, and stride and place from the network', async () => {
    const fixed = await writeRun('fixed', { stem: { kind: 'pushpull', avg: 0, alpha: 2 }, form: 'imagenet' });
    const layer = await readFirstLayer(fixed);
    expect(layer).toMatchObject({ stride: [2, 2], unit: { avg: 0, alphaIs: 'fixed' } });
    expect(layer.kernels.alpha).toEqual(new Float32Array(4).fill(2));
    const efficient = await writeRun('efficient', { model: 'efficientnet_b0' }, 'features.0.0');
    expect(await readFirstLayer(efficient)).toMatchObject({ layer: 'features.0.0', stride: [1, 1] });
  });

  it('says what it shows of the push-pull layer of 2020, and claims no alpha for it', async () => {
    const run = await writeRun('earlier', { stem: { kind: 'pushpull2020', alpha: 'trainable' } });
    const layer = await readFirstLayer(run);
    expect(layer.unit).toBeUndefined();
    expect(layer.kernels.alpha).toBeUndefined();
    expect(layer.assumptions.join()).toMatch(/push-pull layer of 2020/);
    const { pushPull, filters } = summarizeInspection(
      inspectLayer(layer, { edge: { size: 33, seeds: 1 }, alphas: [2], pools: [3] }),
    );
    expect(pushPull).toEqual({ of: 'assumed', alpha: 2, avg: 3 });
    expect(filters.map(({ alpha }) => alpha)).toEqual([null, null, null, null]);
  });

  it('reads an exported model alike: kernels, alpha and pooling from its graph, normalisation from its card', async () => {
    const config = {
      model: 'resnet18',
      form: 'cifar',
      width: 4,
      classes: 2,
      stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' },
    } as const;
    const model = createModel(config, 1);
    const { preprocessing } = syntheticRun().config!;
    const file = path.join(folder, 'exported.onnx');
    const card = {
      schema: 'pushpull.model/1',
      model: { ...config, name: 'resnet18', variant: 'push-pull avg3', parameters: model.parameterCount },
      classes: ['a', 'b'],
      preprocessing,
    } as const;
    await writeFile(file, exportModel(model, model.parameters, card));
    const layer = await readFirstLayer(file);
    expect(layer).toMatchObject({
      label: 'resnet18 push-pull avg3',
      unit: { avg: 3, alphaIs: 'learned' },
      normalization: { mean: preprocessing.mean, std: preprocessing.std },
      assumptions: [],
    });
    expect(layer.kernels.push).toEqual(model.parameters.get('conv1.weight')!.data);
    expect(layer.kernels.alpha).toEqual(model.parameters.get('conv1.alpha')!.data);
  });

  it('reads grey networks, and takes normalisation from options before it takes any for granted', async () => {
    const builder = new GraphBuilder(['N', 1, 28, 28]);
    const weight = builder.floats('weight', [2, 1, 5, 5]);
    const file = path.join(folder, 'grey.onnx');
    const attributes = { strides: [5, 5] };
    await writeFile(file, encodeModel(builder.model([builder.emit('Conv', ['image', weight], attributes)])));
    const assumed = await readFirstLayer(file);
    expect(assumed.normalization.mean[0]).toBeCloseTo((0.485 + 0.456 + 0.406) / 3, 12);
    expect(assumed.assumptions.join(' ')).toMatch(/batch norm.*share no pixel.*normalised/);
    const told = await readFirstLayer(file, {
      normalization: { mean: [0.1, 0.1, 0.1], std: [0.3, 0.3, 0.3] },
    });
    expect(told.normalization.mean[0]).toBeCloseTo(0.1, 12);
    expect(told.assumptions.join(' ')).not.toMatch(/taken for granted/);
  });
});
