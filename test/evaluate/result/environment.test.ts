import { expect, it } from 'vitest';
import { describeEnvironment } from '../../../src/evaluate/result/environment.ts';

const engine = {
  name: 'onnxruntime',
  version: '1.30.0',
  device: 'cpu',
  threads: 2,
  precision: 'float32',
} as const;

it('tells which engine computed, and how', () => {
  const { torch, tf32, ...onnx } = describeEnvironment(engine, {}, 3);
  expect(onnx).toMatchObject({
    engine: 'onnxruntime',
    device: 'cpu',
    precision: 'float32',
    threads: 2,
    workers: 3,
  });
  expect(onnx.onnxruntime).toMatch(/^\d+\.\d+\.\d+/);
  expect([torch, tf32]).toEqual([undefined, undefined]);

  const other = {
    ...engine,
    name: 'torch',
    version: '2.15.0',
    device: 'cuda',
    precision: 'bfloat16',
  } as const;
  expect(describeEnvironment(other, { tf32: true }, 3)).toMatchObject({
    engine: 'torch',
    torch: '2.15.0',
    onnxruntime: onnx.onnxruntime,
    device: 'cuda',
    precision: 'bfloat16',
    tf32: true,
  });
});
