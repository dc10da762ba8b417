import type { Engine } from '../src/engine/engine.ts';
import { float32 } from '../src/graph/tensor.ts';
import { CARD_SCHEMA, type ModelCard } from '../src/models/card.ts';
import { type Antialias, type Form, type ModelConfig, variantName } from '../src/models/config.ts';
import { exportModel, INPUT_NAME, inferenceGraph } from '../src/models/export.ts';
import { createModel, findModel, type ImageModel } from '../src/models/registry.ts';
import { randomStream } from '../src/random/random.ts';
import { TrainingStep, type TrainingStepOptions } from '../src/train/step/step.ts';

/** What is timed: a network on a batch of images. */
export interface Workload {
  readonly model: string;
  readonly form: Form;
  readonly width: number;
  readonly classes: number;
  /** Side of the images, pixels. */
  readonly size: number;
  readonly batch: number;
  readonly stem: 'conv' | 'pushpull';
  readonly antialias?: Antialias;
}

/** One thing to do again and again. */
export interface Repeated {
  run(): Promise<unknown>;
  close(): Promise<void>;
}

const RATES = { lr: 0.01, momentum: 0.9 };

/** ResNet-18 in CIFAR form on 64 images, as the paper trains it. */
export const resnet18 = (width: number, stem: Workload['stem'] = 'conv', batch = 64): Workload => ({
  model: 'resnet18',
  form: 'cifar',
  width,
  classes: 10,
  size: 32,
  batch,
  stem,
});

/** A network at its published width on ImageNet's images. */
export const atImageNet = (model: string, batch: number): Workload => ({
  model,
  form: 'imagenet',
  width: findModel(model).width,
  classes: 1000,
  size: 224,
  batch,
  stem: 'conv',
});

export const titleOf = ({ model, width, size, batch, stem }: Workload): string =>
  `${model}${stem === 'pushpull' ? ' push-pull' : ''}, width ${width}, ${size}×${size}, batch ${batch}`;

export function createNetwork(workload: Workload, seed = 0): ImageModel {
  const { model, form, width, classes, stem, antialias } = workload;
  const config: ModelConfig = {
    model,
    form,
    width,
    classes,
    antialias,
    stem: stem === 'conv' ? { kind: 'conv' } : { kind: 'pushpull', avg: 3, alpha: 'trainable' },
  };
  return createModel(config, seed);
}

const noise = ({ batch, size }: Workload): Float32Array =>
  randomStream('bench').fillNormal(new Float32Array(batch * 3 * size * size));
const labels = ({ batch, classes }: Workload): Int32Array =>
  Int32Array.from({ length: batch }, (_, i) => i % classes);

export const stepOptions = ({ batch, size }: Workload): TrainingStepOptions => ({
  batchSize: batch,
  weightDecay: 1e-5,
  imageSize: { width: size, height: size },
});

/** A training step as the trainer runs it. */
export async function trainingStep(engine: Engine, workload: Workload): Promise<Repeated> {
  const step = await TrainingStep.create(engine, createNetwork(workload), stepOptions(workload));
  const input = { images: noise(workload), labels: labels(workload), count: workload.batch };
  return { run: () => step.run(input, RATES), close: () => step.dispose() };
}

/** The deployed network on a batch of images. */
export async function inference(engine: Engine, workload: Workload): Promise<Repeated> {
  const { batch, size, model } = workload;
  const network = createNetwork(workload);
  const build = inferenceGraph(network, network.parameters, { width: size, height: size });
  const session = await engine.loadNetwork(build, { name: model });
  const images = { [INPUT_NAME]: float32(noise(workload), [batch, 3, size, size]) };
  return { run: () => session.run(images), close: () => session.dispose() };
}

/**
 * Seconds from a network with its weights to a training step that can run: graph, gradients, lowering, the runtime's
 * session, and the state in its place.
 */
export async function compileSeconds(engine: Engine, workload: Workload): Promise<number> {
  const model = createNetwork(workload);
  const start = performance.now();
  const step = await TrainingStep.create(engine, model, stepOptions(workload));
  const time = (performance.now() - start) / 1000;
  await step.dispose();
  return time;
}

/** The ONNX file of a network that was not trained. */
export function exportWorkload(workload: Workload): Uint8Array {
  const model = createNetwork(workload);
  const { size, classes } = workload;
  const card: ModelCard = {
    schema: CARD_SCHEMA,
    model: {
      ...model.config,
      name: workload.model,
      variant: variantName(model.config),
      parameters: model.parameterCount,
    },
    classes: Array.from({ length: classes }, (_, label) => `class${label}`),
    preprocessing: {
      width: size,
      height: size,
      layout: 'NCHW',
      dtype: 'float32',
      mean: [0, 0, 0],
      std: [1, 1, 1],
      resize: workload.form === 'imagenet' ? size : null,
    },
  };
  return exportModel(model, model.parameters, card);
}
