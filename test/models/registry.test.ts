/** Every network of the registry, in every form and with every kind of first layer and blur that it has. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { float32, floats } from '../../src/graph/tensor.ts';
import { CARD_SCHEMA } from '../../src/models/card.ts';
import type { ModelConfig, StemConfig } from '../../src/models/config.ts';
import { variantName } from '../../src/models/config.ts';
import { exportModel } from '../../src/models/export.ts';
import { createModel, type ImageModel, MODELS, type ModelEntry } from '../../src/models/registry.ts';
import { InferenceContext, type Weights } from '../../src/nn/index.ts';
import { randomStream } from '../../src/random/random.ts';
import { TrainingStep } from '../../src/train/step/step.ts';
import { expectClose } from '../support/close.ts';
import { testEngine } from '../support/engine.ts';
import { runGraph } from '../support/run-graph.ts';
import { webgpuIsHere } from '../support/webgpu.ts';

const BATCH = 4;
const CLASSES = 7;
/** Small, but large enough for every stride of every network. */
const SIDE = { cifar: 16, imagenet: 64 } as const;

const CONV: StemConfig = { kind: 'conv' };
const PUSHPULL: StemConfig = { kind: 'pushpull', avg: 3, alpha: 'trainable' };
const STEMS: readonly StemConfig[] = [
  CONV,
  PUSHPULL,
  { kind: 'pushpull', avg: 0, alpha: 1 },
  { kind: 'pushpull2020', alpha: 1 },
  { kind: 'pushpull2020', alpha: 'trainable' },
];
/** Deep twins of these differ in nothing but the number of blocks; two of their variants are enough. */
const IN_FULL = new Set(['resnet18', 'resnet50', 'efficientnet_b0', 'alexnet']);

function configs(entry: ModelEntry): ModelConfig[] {
  const all = entry.forms.flatMap((form) =>
    entry.antialias.flatMap((antialias) =>
      STEMS.map((stem) => ({ model: entry.name, form, width: 4, classes: CLASSES, stem, antialias })),
    ),
  );
  if (IN_FULL.has(entry.name)) return all;
  return all.filter(
    ({ form, stem, antialias }) =>
      (form === 'cifar' && stem === CONV && antialias === 'none') ||
      (form === 'imagenet' && stem === PUSHPULL && antialias === 'blurconv2'),
  );
}

/**
 * What is run on WebGPU as well, which here takes its time (SwiftShader compiles a shader for every shape): every
 * network once, and every first layer and blur once.
 */
function onWebGpu({ model, form, stem, antialias }: ModelConfig): boolean {
  const { forms } = MODELS.find(({ name }) => name === model)!;
  const small = form === forms.at(-1);
  if (model === 'resnet18' && form === 'imagenet') return stem === PUSHPULL || antialias === 'none';
  return small && antialias === 'none' && stem === (IN_FULL.has(model) ? PUSHPULL : CONV);
}

const CASES = MODELS.flatMap(configs).map((config) => {
  return [`${config.model}, ${config.form}, ${variantName(config)}`, config] as const;
});

let engine: Engine;
let cpu: OnnxEngine;
let gpu: OnnxEngine | undefined;
beforeAll(async () => {
  engine = await testEngine({ threads: 2 });
  cpu = await createEngine({ device: 'cpu', threads: 2 });
  // Of the exported files, which are the same whatever engine trains a step: once is enough.
  if (engine.name === 'onnxruntime' && (await webgpuIsHere()))
    gpu = await createEngine({ device: 'webgpu', threads: 1, strict: true });
});
afterAll(async () => {
  await engine.close();
  await cpu.close();
  await gpu?.close();
});

/** One step on random images; the velocities are then the gradients. */
async function takeStep(model: ImageModel, images: Tensor) {
  const [, , height, width] = images.shape;
  const step = await TrainingStep.create(engine, model, {
    batchSize: BATCH,
    weightDecay: 0,
    imageSize: { height, width },
  });
  const labels = Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES);
  const { loss } = await step.run(
    { images: floats(images), labels, count: BATCH },
    { lr: 0.01, momentum: 0.9 },
  );
  const { weights, momentum } = await step.readState();
  await step.dispose();
  return { loss, weights, gradients: momentum };
}

function exported(model: ImageModel, weights: Weights, side: number): Uint8Array {
  const { config, parameterCount } = model;
  return exportModel(model, weights, {
    schema: CARD_SCHEMA,
    model: { ...config, name: config.model, variant: variantName(config), parameters: parameterCount },
    classes: [],
    preprocessing: {
      width: side,
      height: side,
      layout: 'NCHW',
      dtype: 'float32',
      mean: [0, 0, 0],
      std: [1, 1, 1],
      resize: null,
    },
  });
}

async function classify(engine: OnnxEngine, bytes: Uint8Array, images: Tensor): Promise<Tensor> {
  const session = await engine.loadModel(bytes);
  const { logits } = await session.run({ images });
  await session.dispose();
  return logits;
}

describe.each(CASES)('%s', (_, config) => {
  const side = SIDE[config.form];
  const images = float32(randomStream('images').fillNormal(new Float32Array(BATCH * 3 * side * side)), [
    BATCH,
    3,
    side,
    side,
  ]);

  test('trains a step, exports, and answers alike as graph, as file, and on WebGPU', async () => {
    const model = createModel(config, 1);
    const { loss, weights, gradients } = await takeStep(model, images);
    expect(loss).toBeGreaterThan(0);
    expect(Number.isFinite(loss)).toBe(true);

    // A bias ahead of a batch norm has no effect, hence no gradient but what rounding leaves.
    const entry = MODELS.find(({ name }) => name === config.model)!;
    const inert = config.model === 'alexnet' ? undefined : `${entry.stemPath}.bias`;
    const dead = [...gradients]
      .filter(([name, gradient]) => name !== inert && !floats(gradient).some((value) => value !== 0))
      .map(([name]) => name);
    expect(dead).toEqual([]);
    expect(gradients.size).toBeGreaterThan(10);

    const bytes = exported(model, weights, side);
    const graph = new Graph();
    const input = graph.input('images', 'float32', images.shape);
    const logits = model.module.call(input, new InferenceContext(graph, model.module, weights));
    const direct = await runGraph(engine, new Map([['logits', logits]]), { images });
    const deployed = await classify(cpu, bytes, images);
    expectClose(deployed, direct.logits, 2e-5, 'exported logits');
    if (gpu && onWebGpu(config)) {
      expectClose(await classify(gpu, bytes, images), direct.logits, 1e-3, 'logits on WebGPU');
    }
  });
});
