import { float32, floats, type Tensor } from '../../src/graph/tensor.ts';
import { randomStream } from '../../src/random/random.ts';
import type { RunConfig } from '../../src/run/config.ts';
import type { LabelledBatch, Learner } from '../../src/train/step/learner.ts';
import type { BatchSource, TrainingData } from '../../src/train/training-data.ts';

/** Softmax regression on `FEATURES` inputs with SGD and momentum, in float32: the smallest thing that can learn. */
export const FEATURES = 6;
export const CLASSES = 3;

export function tinyLearner(options: { lossAt?: (step: number) => number | undefined } = {}): Learner {
  const weight = float32(randomStream('tiny').fillNormal(new Float32Array(FEATURES * CLASSES)), [
    CLASSES,
    FEATURES,
  ]);
  let weights = new Map<string, Tensor>([['fc.weight', weight]]);
  let momentum = new Map<string, Tensor>([
    ['fc.weight', float32(new Float32Array(FEATURES * CLASSES), [CLASSES, FEATURES])],
  ]);
  let steps = 0;

  const logits = (images: ArrayLike<number>, row: number, from: Map<string, Tensor>): number[] =>
    Array.from({ length: CLASSES }, (_, k) => {
      const w = floats(from.get('fc.weight')!);
      let sum = 0;
      for (let i = 0; i < FEATURES; i++) sum += w[k * FEATURES + i] * images[row * FEATURES + i];
      return sum;
    });

  return {
    classes: CLASSES,
    shapes: { weights, momentum },
    async step({ images, labels, count }, rates) {
      const gradient = new Float64Array(FEATURES * CLASSES);
      let loss = 0;
      let top1 = 0;
      for (let row = 0; row < count; row++) {
        const z = logits(images, row, weights);
        const exp = z.map(Math.exp);
        const total = exp.reduce((a, b) => a + b);
        loss -= Math.log(exp[labels[row]] / total) / count;
        if (z.indexOf(Math.max(...z)) === labels[row]) top1++;
        for (let k = 0; k < CLASSES; k++) {
          const delta = (exp[k] / total - (k === labels[row] ? 1 : 0)) / count;
          for (let i = 0; i < FEATURES; i++) gradient[k * FEATURES + i] += delta * images[row * FEATURES + i];
        }
      }
      const w = floats(weights.get('fc.weight')!);
      const v = floats(momentum.get('fc.weight')!);
      for (let i = 0; i < w.length; i++) {
        v[i] = rates.momentum * v[i] + gradient[i];
        w[i] -= rates.lr * v[i];
      }
      return { loss: options.lossAt?.(++steps) ?? loss, top1, top5: count };
    },
    // There is no batch norm; what a batch leaves is added to the first weight, to be seen.
    async reestimate(batches, onBatch) {
      const measured = copy(weights);
      let done = 0;
      if (!onBatch(done)) return false;
      for await (const { images } of batches) {
        floats(measured.get('fc.weight')!)[0] =
          done === 0 ? images[0] : floats(measured.get('fc.weight')!)[0] + images[0];
        if (!onBatch(++done)) return false;
      }
      weights = measured;
      return true;
    },
    metadata: () => ({ of: 'tiny' }),
    state: async () => ({ weights: copy(weights), momentum: copy(momentum) }),
    async restore(state) {
      weights = copy(state.weights);
      momentum = copy(state.momentum);
    },
    classifier: async (from) => ({
      classify: async ({ images, count }) =>
        Float32Array.from(Array.from({ length: count }, (_, row) => logits(images, row, from)).flat()),
      dispose: async () => {},
    }),
    exportModel: (from, training) =>
      new TextEncoder().encode(JSON.stringify({ weights: [...floats(from.get('fc.weight')!)], training })),
    dispose: async () => {},
  };
}

/** Points around one centre a class; the order of an epoch is drawn from (seed, epoch), as the real loader's. */
export function tinyData(
  images: { train: number; test: number },
  batchSize: number,
  bad: readonly number[] = [],
): TrainingData {
  const sample = (split: string, index: number): { label: number; values: number[] } => {
    const random = randomStream(split, index);
    const label = random.int(0, CLASSES);
    return {
      label,
      values: Array.from({ length: FEATURES }, (_, i) => random.normal(i % CLASSES === label ? 1 : 0, 0.7)),
    };
  };
  const source = (split: string, order: ArrayLike<number>, startBatch: number): BatchSource => {
    const badImages: { path: string; reason: string }[] = [];
    return {
      badImages,
      async *[Symbol.asyncIterator](): AsyncGenerator<LabelledBatch> {
        for (let at = startBatch * batchSize; at < order.length; at += batchSize) {
          const all = Array.from(order).slice(at, at + batchSize);
          const good = split === 'train' ? all.filter((index) => !bad.includes(index)) : all;
          for (const index of all)
            if (!good.includes(index)) badImages.push({ path: `${index}.jpg`, reason: 'truncated' });
          const samples = good.map((index) => sample(split, index));
          yield {
            images: Float32Array.from(samples.flatMap(({ values }) => values)),
            labels: Int32Array.from(samples, ({ label }) => label),
            count: good.length,
          };
        }
      },
    };
  };
  return {
    training: (epoch, startBatch) =>
      source('train', randomStream(1, 'shuffle', epoch).permutation(images.train), startBatch),
    test: () =>
      source(
        'test',
        Array.from({ length: images.test }, (_, index) => index),
        0,
      ),
  };
}

export function tinyConfig(
  overrides: {
    epochs?: number;
    batchSize?: number;
    trainImages?: number;
    testImages?: number;
    maxRate?: number;
  } = {},
): RunConfig {
  const { epochs = 2, batchSize = 16, trainImages = 100, testImages = 40, maxRate = 0.2 } = overrides;
  return {
    schema: 'pushpull.run/1',
    model: { model: 'resnet18', form: 'cifar', width: 8, classes: CLASSES, stem: { kind: 'conv' } },
    data: { spec: 'tiny', name: 'tiny', limit: null, classes: ['a', 'b', 'c'], trainImages, testImages },
    preprocessing: {
      width: 1,
      height: 1,
      layout: 'NCHW',
      dtype: 'float32',
      mean: [0, 0, 0],
      std: [1, 1, 1],
      resize: null,
    },
    trainingImages: { resize: null, padding: 0, flip: false },
    preset: 'small',
    recipe: {
      epochs,
      batchSize,
      rates: { initial: 5e-3, max: maxRate, end: 5e-6 },
      momentum: 'cycle',
      weightDecay: 0,
    },
    seed: 1,
    device: 'cpu',
    workers: 0,
  };
}

function copy(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  return new Map([...tensors].map(([name, tensor]) => [name, float32(floats(tensor).slice(), tensor.shape)]));
}
