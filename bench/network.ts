import type { OnnxEngine } from '../src/engine/engine.ts';
import { createEngine } from '../src/engine/node/index.ts';
import { float32 } from '../src/graph/tensor.ts';
import { CARD_SCHEMA, type ModelCard } from '../src/models/card.ts';
import { type Antialias, type Form, type ModelConfig, variantName } from '../src/models/config.ts';
import { exportModel } from '../src/models/export.ts';
import { createModel, findModel, type ImageModel } from '../src/models/registry.ts';
import { randomStream } from '../src/random/random.ts';
import { TrainingStep, type TrainingStepOptions } from '../src/train/step.ts';

/** What is timed: a network on a batch of images. */
export interface Subject {
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

/** One thing to time again and again: `run` does it once and returns the seconds it took. */
export interface Timed {
  run(): Promise<number>;
  close(): Promise<void>;
}

const RATES = { lr: 0.01, momentum: 0.9 };

/** ResNet-18 in CIFAR form on 64 images, as the paper trains it. */
export const resnet18 = (width: number, stem: Subject['stem'] = 'conv'): Subject => ({
  model: 'resnet18',
  form: 'cifar',
  width,
  classes: 10,
  size: 32,
  batch: 64,
  stem,
});

/** A network at its published width on ImageNet's images. */
export const atImageNet = (model: string, batch: number): Subject => ({
  model,
  form: 'imagenet',
  width: findModel(model).width,
  classes: 1000,
  size: 224,
  batch,
  stem: 'conv',
});

function network({ model, form, width, classes, stem, antialias }: Subject): ImageModel {
  const config: ModelConfig = {
    model,
    form,
    width,
    classes,
    antialias,
    stem: stem === 'conv' ? { kind: 'conv' } : { kind: 'pushpull', avg: 3, alpha: 'trainable' },
  };
  return createModel(config, 0);
}

const noise = ({ batch, size }: Subject): Float32Array =>
  randomStream('bench').fillNormal(new Float32Array(batch * 3 * size * size));
const labels = ({ batch, classes }: Subject): Int32Array =>
  Int32Array.from({ length: batch }, (_, i) => i % classes);

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

const stepOptions = ({ batch, size }: Subject): TrainingStepOptions => ({
  batchSize: batch,
  weightDecay: 1e-5,
  imageSize: { width: size, height: size },
});

/** A training step as the trainer runs it. */
export async function trainingStep(engine: OnnxEngine, subject: Subject): Promise<Timed> {
  const { batch } = subject;
  const step = await TrainingStep.create(engine, network(subject), stepOptions(subject));
  const input = { images: noise(subject), labels: labels(subject), count: batch };
  return { run: () => seconds(() => step.run(input, RATES)), close: () => step.dispose() };
}

/**
 * Seconds from a network with its weights to a training step that can run: graph, gradients, lowering, ONNX Runtime's
 * session, and the state in its place.
 */
export async function compileSeconds(engine: OnnxEngine, subject: Subject): Promise<number> {
  const model = network(subject);
  const start = performance.now();
  const step = await TrainingStep.create(engine, model, stepOptions(subject));
  const time = (performance.now() - start) / 1000;
  await step.dispose();
  return time;
}

/** The ONNX file of a network that was not trained. */
export function exportSubject(subject: Subject): Uint8Array {
  const model = network(subject);
  const { size, classes } = subject;
  const card: ModelCard = {
    schema: CARD_SCHEMA,
    model: {
      ...model.config,
      name: subject.model,
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
      resize: subject.form === 'imagenet' ? size : null,
    },
  };
  return exportModel(model, model.parameters, card);
}

/** The deployed model on a batch of images. */
export async function inference(engine: OnnxEngine, subject: Subject): Promise<Timed> {
  const { batch, size } = subject;
  const session = await engine.loadModel(exportSubject(subject));
  const images = float32(noise(subject), [batch, 3, size, size]);
  return { run: () => seconds(() => session.run({ images })), close: () => session.dispose() };
}

export const cpuEngine = (threads: number): Promise<OnnxEngine> => createEngine({ device: 'cpu', threads });
