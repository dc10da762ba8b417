import type { Engine } from '../src/engine/engine.ts';
import { createEngine } from '../src/engine/node/index.ts';
import { float32 } from '../src/graph/tensor.ts';
import type { ModelCard } from '../src/models/card.ts';
import { exportModel } from '../src/models/export.ts';
import { createModel, type ImageModel, type ModelConfig, variantName } from '../src/models/registry.ts';
import { randomStream } from '../src/random/random.ts';
import { TrainingStep } from '../src/train/step.ts';

export type Stem = 'conv' | 'pushpull';

/** One thing to time again and again: `run` does it once and returns the seconds it took. */
export interface Timed {
  run(): Promise<number>;
  close(): Promise<void>;
}

const CLASSES = 10;
const RATES = { lr: 0.01, momentum: 0.9 };

function network(width: number, stem: Stem): ImageModel {
  const config: ModelConfig = {
    model: 'resnet18',
    form: 'cifar',
    width,
    classes: CLASSES,
    stem: stem === 'conv' ? { kind: 'conv' } : { kind: 'pushpull', avg: 3, alpha: 'trainable' },
  };
  return createModel(config, 0);
}

const noise = (batch: number): Float32Array =>
  randomStream('bench').fillNormal(new Float32Array(batch * 3 * 32 * 32));
const labels = (batch: number): Int32Array => Int32Array.from({ length: batch }, (_, i) => i % CLASSES);

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** A training step as the trainer runs it. */
export async function trainingStep(engine: Engine, width: number, batch: number, stem: Stem): Promise<Timed> {
  const step = await TrainingStep.create(engine, network(width, stem), {
    batchSize: batch,
    weightDecay: 1e-5,
  });
  const input = { images: noise(batch), labels: labels(batch), count: batch };
  return { run: () => seconds(() => step.run(input, RATES)), close: () => step.dispose() };
}

/** The deployed model on a batch of images. */
export async function inference(engine: Engine, width: number, batch: number, stem: Stem): Promise<Timed> {
  const model = network(width, stem);
  const card: ModelCard = {
    schema: 'pushpull.model/1',
    model: {
      ...model.config,
      name: 'resnet18',
      variant: variantName(model.config),
      parameters: model.parameterCount,
    },
    classes: [],
    preprocessing: {
      width: 32,
      height: 32,
      layout: 'NCHW',
      dtype: 'float32',
      mean: [0, 0, 0],
      std: [1, 1, 1],
      resize: null,
    },
  };
  const session = await engine.loadModel(exportModel(model, model.parameters, card));
  const images = float32(noise(batch), [batch, 3, 32, 32]);
  return { run: () => seconds(() => session.run({ images })), close: () => session.dispose() };
}

export const cpuEngine = (threads: number): Promise<Engine> => createEngine({ device: 'cpu', threads });
