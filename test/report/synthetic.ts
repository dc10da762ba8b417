/**
 * Made-up results in the shape of the paper's numbers (Table 1, CIFAR-10, ResNet-18), for tests alone.
 * They are deterministic; nothing outside test/ may import them.
 */
import { type PushPullKernels, pullKernels } from '../../src/analyze/kernels.ts';
import { BENCHMARK_CORRUPTIONS } from '../../src/corrupt/index.ts';
import { computeMetrics } from '../../src/evaluate/result/metrics.ts';
import type { Result } from '../../src/evaluate/result/schema.ts';
import { randomStream } from '../../src/random/random.ts';
import type { RunEvidence } from '../../src/report/comparison.ts';
import type { EpochRecord } from '../../src/run/history.ts';

/** CE of a plain network, about .285 in the mean. */
const BASE: Readonly<Record<string, number>> = {
  gaussian_noise: 0.52,
  shot_noise: 0.41,
  impulse_noise: 0.45,
  defocus_blur: 0.17,
  glass_blur: 0.49,
  motion_blur: 0.23,
  zoom_blur: 0.24,
  snow: 0.19,
  frost: 0.24,
  fog: 0.12,
  brightness: 0.08,
  contrast: 0.25,
  elastic_transform: 0.17,
  pixelate: 0.27,
  jpeg_compression: 0.22,
};

export interface SyntheticOptions {
  readonly variant?: string;
  readonly clean?: number;
  /** Multiplies CE, by corruption; 1 where absent. */
  readonly factor?: Readonly<Record<string, number>>;
  readonly file?: string;
  readonly name?: string;
  /** Hex digit that fills the hash. */
  readonly hash?: string;
}

export function syntheticResult(options: SyntheticOptions = {}): Result {
  const {
    variant = 'baseline',
    clean = 0.069,
    factor = {},
    file = 'runs/baseline',
    name = 'resnet18',
  } = options;
  const errors: Result['errors'] = {};
  const images: Result['images'] = {};
  for (const corruption of BENCHMARK_CORRUPTIONS) {
    const ce = BASE[corruption]! * (factor[corruption] ?? 1);
    // Rises evenly about its mean, from near the clean error.
    errors[corruption] = [-2, -1, 0, 1, 2].map((step) => Number((ce + step * (ce - 0.06) * 0.4).toFixed(4)));
    images[corruption] = [1000, 1000, 1000, 1000, 1000];
  }
  const measured = { clean: { top1: clean, top5: clean / 10, images: 1000 }, errors };
  return {
    schema: 'pushpull.result/1',
    complete: true,
    model: { name, variant, parameters: 11_173_962, file, sha256: (options.hash ?? 'a').repeat(64) },
    data: {
      name: 'CIFAR-10',
      path: 'data/cifar10',
      split: 'test',
      images: 1000,
      classes: 10,
      limit: 1000,
      fingerprint: 'f'.repeat(64),
      corruptionSet: 'cifar',
      seed: 0,
      frost: 'generated',
      skipBad: false,
      preprocessing: {
        width: 32,
        height: 32,
        layout: 'NCHW',
        dtype: 'float32',
        mean: [0.4914, 0.4822, 0.4465],
        std: [0.2023, 0.1994, 0.201],
        resize: null,
      },
    },
    ...measured,
    images,
    ...computeMetrics(measured),
    environment: {
      pushpull: '0.1.0',
      node: '20.20.2',
      onnxruntime: '1.30.0',
      device: 'cpu',
      threads: 2,
      workers: 2,
      cpu: 'Example CPU @ 2.00GHz',
      platform: 'linux x64',
      date: '2026-11-22T12:00:00.000Z',
      seconds: 754,
    },
  };
}

/** Better on noise, a little worse on clean and low frequencies, as the paper reports. */
export const AVG3 = {
  gaussian_noise: 0.9,
  shot_noise: 0.9,
  impulse_noise: 0.88,
  defocus_blur: 0.99,
  glass_blur: 0.95,
  motion_blur: 1.0,
  zoom_blur: 1.02,
  snow: 0.98,
  frost: 0.97,
  fog: 1.03,
  brightness: 1.01,
  contrast: 1.02,
  elastic_transform: 1.0,
  pixelate: 0.93,
  jpeg_compression: 0.96,
} as const;

export function syntheticAvg3(): Result {
  return syntheticResult({
    variant: 'push-pull avg3',
    clean: 0.071,
    factor: AVG3,
    file: 'runs/pushpull-avg3',
    hash: 'b',
  });
}

/** Edge-like kernels with an alpha each. */
export function syntheticKernels(filters = 64, channels = 3, size = 3): PushPullKernels {
  const random = randomStream('synthetic kernels');
  const push = new Float32Array(filters * channels * size * size);
  for (let filter = 0; filter < filters; filter++) {
    const angle = random.uniform() * Math.PI * 2;
    const tint = Array.from({ length: channels }, () => random.normal(1, 0.5));
    for (let channel = 0; channel < channels; channel++) {
      for (let i = 0; i < size * size; i++) {
        const [y, x] = [Math.floor(i / size) - (size - 1) / 2, (i % size) - (size - 1) / 2];
        const edge = Math.sin(1.4 * (x * Math.cos(angle) + y * Math.sin(angle)));
        push[(filter * channels + channel) * size * size + i] =
          tint[channel]! * edge + random.normal(0, 0.15);
      }
    }
  }
  const alpha = Float32Array.from({ length: filters }, () => random.normal(0.55, 0.42));
  return { shape: [filters, channels, size, size], push, pull: pullKernels(push, filters), alpha };
}

export function syntheticEpochs(count: number, from: number, to: number): EpochRecord[] {
  const random = randomStream('synthetic epochs', String(to));
  return Array.from({ length: count }, (_, index) => {
    const error = to + (from - to) * Math.exp(-index / (count / 4)) + random.normal(0, 0.004);
    const scores = { loss: error * 3, top1: 1 - error, top5: 1 - error / 10, images: 1000 };
    return {
      epoch: index + 1,
      step: (index + 1) * 782,
      train: scores,
      test: scores,
      learningRate: 0.1,
      momentum: 0.9,
      badImages: 0,
      imagesPerSecond: 230,
      seconds: { train: 200, step: 195, data: 1, evaluate: 5 },
    };
  });
}

export function syntheticRun(options: { kernels?: PushPullKernels; to?: number } = {}): RunEvidence {
  return {
    source: options.kernels ? 'runs/pushpull-avg3' : 'runs/baseline',
    epochs: syntheticEpochs(30, 0.6, options.to ?? 0.069),
    kernels: options.kernels,
    config: {
      schema: 'pushpull.run/1',
      model: {
        model: 'resnet18',
        form: 'cifar',
        width: 64,
        classes: 10,
        stem: options.kernels ? { kind: 'pushpull', avg: 3, alpha: 'trainable' } : { kind: 'conv' },
      },
      data: {
        spec: 'data/cifar10',
        name: 'CIFAR-10',
        limit: null,
        classes: ['airplane', 'automobile'],
        trainImages: 50_000,
        testImages: 10_000,
      },
      preprocessing: {
        width: 32,
        height: 32,
        layout: 'NCHW',
        dtype: 'float32',
        mean: [0.4914, 0.4822, 0.4465],
        std: [0.2023, 0.1994, 0.201],
        resize: null,
      },
      trainingImages: { resize: null, padding: 4, flip: true },
      preset: 'cifar10',
      recipe: {
        epochs: 30,
        batchSize: 64,
        rates: { initial: 5e-3, max: 0.2, end: 5e-6 },
        momentum: 'cycle',
        weightDecay: 1e-5,
      },
      seed: 0,
      device: 'cpu',
      workers: 2,
    },
  };
}
