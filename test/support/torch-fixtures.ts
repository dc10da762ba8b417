/** Reads what the scripts in test/fixtures/torch stored; their headers say what a case holds. */
import { readFileSync } from 'node:fs';
import type { Tensor } from '../../src/graph/tensor.ts';
import { float32, floats, int32, numElements } from '../../src/graph/tensor.ts';
import type { ModelConfig } from '../../src/models/config.ts';
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

/** What is kept of a tensor. */
export interface Digest {
  /** Euclidean norm. */
  readonly norm: number;
  /** Product with numbers generated for this tensor, which changes when elements change places. */
  readonly probe: number;
  /** The first eight values, or as many as there are. */
  readonly first: Float32Array;
}

/** A network on one batch. */
export interface NetworkCase {
  readonly name: string;
  readonly config: ModelConfig;
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
  /** Gradients of parameters, and running statistics after the step; undefined where they are not kept. */
  readonly digests?: ReadonlyMap<string, Digest>;
}

/** Ten training steps; step i sees batch i modulo the number of batches. */
export interface TrainingCase {
  readonly name: string;
  readonly config: ModelConfig;
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
  config: ModelConfig;
  parameters: Recipe[];
  images: Recipe;
}

interface StoredCase extends StoredNetwork {
  labels: number[];
  logits: ArrayRecord;
  trainingLogits: ArrayRecord;
  loss: number;
  rows: ArrayRecord | null;
}

interface StoredTraining extends StoredNetwork {
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

/** Every network on one batch. */
export function readNetworkCases(): NetworkCase[] {
  const stored = new Family<StoredCase, { trunks: Record<string, Recipe[]> }>('networks');
  return stored.index.cases.map((one) => {
    const recipes = [...one.parameters, ...stored.index.trunks[one.config.model]];
    return {
      name: one.name,
      config: one.config,
      // Made when asked for: all of them together are large.
      get weights() {
        return makeWeights(recipes);
      },
      images: make(one.images),
      labels: Int32Array.from(one.labels),
      logits: stored.tensor(one.logits),
      trainingLogits: stored.tensor(one.trainingLogits),
      loss: one.loss,
      digests: one.rows ? digests(recipes, floats(stored.tensor(one.rows))) : undefined,
    };
  });
}

/** Rows of norm, probe and eight values, one for each recipe. */
function digests(recipes: readonly Recipe[], rows: Float32Array): Map<string, Digest> {
  return new Map(
    recipes.map(({ name, shape }, i) => {
      const [norm, probe, ...first] = rows.subarray(10 * i, 10 * i + 10);
      return [name, { norm, probe, first: Float32Array.from(first.slice(0, numElements(shape))) }];
    }),
  );
}

/** ResNet-18 at width 8: ten training steps. */
export function readTrainingCases(): TrainingCase[] {
  const stored = new Family<StoredTraining>('resnet');
  const numbered = (name: string, batch: number): string => name.replace('{batch}', String(batch));
  return stored.index.cases.map(({ parameters, images, labels, batches, after, ...rest }) => ({
    ...rest,
    weights: makeWeights(parameters),
    batches: Array.from({ length: batches }, (_, batch) => ({
      images: make({ ...images, name: numbered(images.name, batch) }),
      labels: generatedLabels(numbered(labels.name, batch), labels.count, rest.config.classes),
    })),
    after: stored.tensors(after),
  }));
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
