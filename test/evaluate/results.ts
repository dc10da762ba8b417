/** A result to start tests from. */
import { BENCHMARK_CORRUPTIONS } from '../../src/corrupt/index.ts';
import { computeMetrics } from '../../src/evaluate/result/metrics.ts';
import { RESULT_SCHEMA, type Result } from '../../src/evaluate/result/schema.ts';

/** A complete result on ten images, every corrupted error .4, with `changes` to its data. */
export function exampleResult(changes: Partial<Result['data']> = {}): Result {
  const errors = Object.fromEntries(BENCHMARK_CORRUPTIONS.map((name) => [name, [0.4, 0.4, 0.4, 0.4, 0.4]]));
  const clean = { top1: 0.1, top5: 0, images: 10 };
  return {
    schema: RESULT_SCHEMA,
    complete: true,
    model: {
      name: 'resnet18',
      variant: 'baseline',
      parameters: 9,
      file: 'plain.onnx',
      sha256: 'a'.repeat(64),
    },
    data: {
      name: 'Ten',
      path: 'ten',
      split: 'test',
      images: 10,
      classes: 3,
      limit: null,
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
        mean: [0, 0, 0],
        std: [1, 1, 1],
        resize: null,
      },
      ...changes,
    },
    clean,
    errors,
    images: Object.fromEntries(BENCHMARK_CORRUPTIONS.map((name) => [name, [10, 10, 10, 10, 10]])),
    ...computeMetrics({ clean, errors }),
    environment: {
      pushpull: '0.1.0',
      node: '20.9.0',
      onnxruntime: '1.30.0',
      device: 'cpu',
      threads: 2,
      workers: 2,
      cpu: 'a processor',
      platform: 'linux x64',
      date: '2026-11-22T12:00:00.000Z',
      seconds: 12,
    },
  };
}
