/** Reads what the scripts in test/fixtures/torch stored; their headers say what a case holds. */
import { readFileSync } from 'node:fs';
import type { Tensor } from '../../src/graph/tensor.ts';
import { float32, int32, numElements } from '../../src/graph/tensor.ts';
import { generated, generatedLabels } from './generated.ts';

/** One op or layer: what goes in, what PyTorch makes of it, and the gradients of sum(upstream · output). */
export interface OpCase {
  readonly name: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Gradient of the first output. */
  readonly upstream: Tensor;
  /** Gradients of the inputs with these names. */
  readonly gradients: ReadonlyMap<string, Tensor>;
}

/** The fields of a model's configuration that the stored networks vary. */
export interface ResNetConfig {
  readonly model: 'resnet18';
  readonly form: 'cifar' | 'imagenet';
  readonly width: number;
  readonly classes: number;
  readonly stem:
    | { readonly kind: 'conv' }
    | { readonly kind: 'pushpull'; readonly avg: number; readonly alpha: 'trainable' | number };
}

/** A network on one batch. */
export interface LogitsCase {
  readonly name: string;
  readonly config: ResNetConfig;
  /** Parameters and running statistics under torchvision's names, without `num_batches_tracked`. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** `[N, 3, H, W]`. */
  readonly images: Tensor;
  readonly labels: Int32Array;
  /** `[N, classes]` with the running statistics. */
  readonly logits: Tensor;
  /** `[N, classes]` with the batch's statistics. */
  readonly trainingLogits: Tensor;
  /** Mean cross-entropy of the training logits. */
  readonly loss: number;
  /** Of every parameter's gradient its Euclidean norm and its first eight values. */
  readonly gradients: ReadonlyMap<string, { readonly norm: number; readonly first: Float32Array }>;
}

/** Ten training steps; step i sees batch i modulo the number of batches. */
export interface TrainingCase {
  readonly name: string;
  readonly config: ResNetConfig;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly batches: readonly { readonly images: Tensor; readonly labels: Int32Array }[];
  readonly momentum: number;
  readonly weightDecay: number;
  /** OneCycleLR's settings; `rise` is the share of the steps in which the rate rises. */
  readonly schedule: {
    readonly initial: number;
    readonly max: number;
    readonly end: number;
    readonly steps: number;
    readonly rise: number;
  };
  /** Learning rate of each step. */
  readonly rates: readonly number[];
  /** Mean cross-entropy of each step, before its update. */
  readonly losses: readonly number[];
  /** The same when PyTorch computes in float32. */
  readonly float32Losses: readonly number[];
  /** Running statistics and some parameters after the last step. */
  readonly after: ReadonlyMap<string, Tensor>;
}

/** SGD on given gradients. */
export interface SgdCase {
  readonly name: string;
  readonly weightDecay: number;
  readonly rates: readonly number[];
  readonly momenta: readonly number[];
  /** `[size]`. */
  readonly start: Tensor;
  /** `[steps, size]`. */
  readonly gradients: Tensor;
  /** `[steps, size]`: the parameter after each step. */
  readonly parameters: Tensor;
}

interface ArrayRecord {
  readonly name: string;
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly offset: number;
}

/** An array that is not stored but made by the formula of generated.py. */
interface Recipe {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly scale: number;
}

interface StoredOpCase {
  name: string;
  op: string;
  attributes: Record<string, unknown>;
  inputs: ArrayRecord[];
  outputs: ArrayRecord[];
  upstream: ArrayRecord;
  gradients: ArrayRecord[];
}

interface StoredNetwork {
  name: string;
  config: ResNetConfig;
  parameters: Recipe[];
  images: Recipe;
}

interface StoredLogits extends StoredNetwork {
  kind: 'logits';
  labels: { values: number[] };
  logits: ArrayRecord;
  trainingLogits: ArrayRecord;
  loss: number;
  gradients: { name: string; norm: number; first: ArrayRecord }[];
}

interface StoredTraining extends StoredNetwork {
  kind: 'training';
  labels: { name: string; count: number };
  batches: number;
  momentum: number;
  weightDecay: number;
  schedule: TrainingCase['schedule'];
  rates: number[];
  losses: number[];
  float32Losses: number[];
  after: ArrayRecord[];
}

interface StoredSgd {
  name: string;
  weightDecay: number;
  rates: number[];
  momenta: number[];
  start: ArrayRecord;
  gradients: ArrayRecord;
  parameters: ArrayRecord;
}

interface StoredGenerated {
  generated: { shape: number[]; offset: number; scale: number; values: ArrayRecord }[];
  generatedLabels: { name: string; classes: number; values: number[] };
}

class Family<Case, Extra = unknown> {
  readonly index: { readonly schema: string; readonly cases: Case[] } & Extra;
  private readonly bytes: Uint8Array;

  constructor(name: string) {
    const file = (extension: string): URL =>
      new URL(`../fixtures/torch/${name}.${extension}`, import.meta.url);
    this.index = JSON.parse(readFileSync(file('json'), 'utf8'));
    if (this.index.schema !== 'pushpull.torch-fixtures/1') throw new Error(`${name}.json: unknown schema`);
    this.bytes = new Uint8Array(readFileSync(file('bin')));
  }

  tensor({ dtype, shape, offset }: ArrayRecord): Tensor {
    const count = numElements(shape);
    const { buffer } = this.bytes;
    return dtype === 'int32'
      ? int32(new Int32Array(buffer, offset, count), shape)
      : float32(new Float32Array(buffer, offset, count), shape);
  }

  tensors(records: readonly ArrayRecord[]): Map<string, Tensor> {
    return new Map(records.map((record) => [record.name, this.tensor(record)]));
  }
}

const make = ({ name, shape, offset, scale }: Recipe): Tensor =>
  float32(generated(name, numElements(shape), offset, scale), shape);

const makeWeights = (parameters: readonly Recipe[]): Map<string, Tensor> =>
  new Map(parameters.map((recipe) => [recipe.name, make(recipe)]));

/** Cases of one op or layer with its gradients. */
export function readOpCases(family: 'ops' | 'pushpull' | 'pushpull2020' | 'layers'): OpCase[] {
  const stored = new Family<StoredOpCase>(family);
  return stored.index.cases.map((one) => ({
    ...one,
    inputs: stored.tensors(one.inputs),
    outputs: stored.tensors(one.outputs),
    upstream: stored.tensor(one.upstream),
    gradients: stored.tensors(one.gradients),
  }));
}

/** ResNet-18 at width 8: one batch, and ten training steps. */
export function readResNetCases(): { logits: LogitsCase[]; training: TrainingCase[] } {
  const stored = new Family<StoredLogits | StoredTraining>('resnet');
  const logits: LogitsCase[] = [];
  const training: TrainingCase[] = [];
  for (const one of stored.index.cases) {
    const network = { name: one.name, config: one.config, weights: makeWeights(one.parameters) };
    if (one.kind === 'logits') {
      logits.push({
        ...network,
        images: make(one.images),
        labels: Int32Array.from(one.labels.values),
        logits: stored.tensor(one.logits),
        trainingLogits: stored.tensor(one.trainingLogits),
        loss: one.loss,
        gradients: new Map(
          one.gradients.map(({ name, norm, first }) => [
            name,
            { norm, first: stored.tensor(first).data as Float32Array },
          ]),
        ),
      });
      continue;
    }
    const { images, labels, batches, momentum, weightDecay, schedule, rates, losses, float32Losses } = one;
    const numbered = (name: string, batch: number): string => name.replace('{batch}', String(batch));
    training.push({
      ...network,
      batches: Array.from({ length: batches }, (_, batch) => ({
        images: make({ ...images, name: numbered(images.name, batch) }),
        labels: generatedLabels(numbered(labels.name, batch), labels.count, one.config.classes),
      })),
      momentum,
      weightDecay,
      schedule,
      rates,
      losses,
      float32Losses,
      after: stored.tensors(one.after),
    });
  }
  return { logits, training };
}

/** SGD's steps on one small parameter. */
export function readSgdCases(): SgdCase[] {
  const stored = new Family<StoredSgd>('sgd');
  return stored.index.cases.map((one) => ({
    ...one,
    start: stored.tensor(one.start),
    gradients: stored.tensor(one.gradients),
    parameters: stored.tensor(one.parameters),
  }));
}

/** Outputs of generated.py, for the test of its twin. */
export function readGenerated(): {
  arrays: { name: string; offset: number; scale: number; values: Float32Array }[];
  labels: { name: string; classes: number; values: number[] };
} {
  const stored = new Family<unknown, StoredGenerated>('resnet');
  return {
    arrays: stored.index.generated.map(({ offset, scale, values }) => ({
      name: values.name,
      offset,
      scale,
      values: stored.tensor(values).data as Float32Array,
    })),
    labels: stored.index.generatedLabels,
  };
}
