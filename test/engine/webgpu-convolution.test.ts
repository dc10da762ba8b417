/** Convolutions of which ONNX Runtime computes some wrongly on WebGPU, when it is not helped around them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Shape, Tensor } from '../../src/graph/tensor.ts';
import { float32, numElements } from '../../src/graph/tensor.ts';
import type { Value } from '../../src/graph/value.ts';
import { expectClose } from '../support/close.ts';
import { generated } from '../support/generated.ts';
import { gradientsOf, runGraph } from '../support/run-graph.ts';
import { webgpuIsHere } from '../support/webgpu.ts';

/** `[outChannels, inChannels/groups, k, k]`, stride, groups. */
type Case = readonly [weight: Shape, stride: number, groups: number];

const CASES: readonly Case[] = [
  [[4, 6, 3, 3], 1, 1],
  [[6, 4, 3, 3], 1, 1],
  [[8, 9, 3, 3], 2, 1],
  [[6, 1, 3, 3], 2, 3],
  [[4, 3, 3, 3], 2, 2],
];

const made = (name: string, shape: Shape): Tensor => float32(generated(name, numElements(shape)), shape);

/** As a deployed model has it: the weight is a constant of the file, which was made for any device. */
function deployed(engine: Engine, [shape, stride, groups]: Case): Promise<Record<string, Tensor>> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2, shape[1] * groups, 7, 8]);
  const y = F.conv2d(x, graph.constant(made('weight', shape)), { stride, groups, padding: 1, dilation: 1 });
  return runGraph(engine, new Map([['y', y]]), { x: made('x', x.shape) }, { device: 'portable' });
}

/** As a training step has it: the weight is an input, and both gradients are taken. */
function trained(engine: Engine, [shape, stride, groups]: Case): Promise<Record<string, Tensor>> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2, shape[1] * groups, 7, 8]);
  const weight = graph.input('weight', 'float32', shape);
  const y = F.conv2d(x, weight, { stride, groups, padding: 1, dilation: 1 });
  const inputs = new Map<string, Value>(Object.entries({ x, weight }));
  const outputs = gradientsOf(y, made('upstream', y.shape), inputs).set('y', y);
  return runGraph(engine, outputs, { x: made('x', x.shape), weight: made('weight', shape) });
}

describe.skipIf(!(await webgpuIsHere()))('on WebGPU', () => {
  let [cpu, gpu]: Engine[] = [];
  beforeAll(async () => {
    cpu = await createEngine({ device: 'cpu', threads: 1 });
    gpu = await createEngine({ device: 'webgpu', threads: 1, strict: true });
  });
  afterAll(async () => {
    await cpu.close();
    await gpu.close();
  });

  test.each(CASES)('convolutions by [%s], stride %d, %d groups, equal those of the CPU', async (...one) => {
    for (const build of [deployed, trained]) {
      const [expected, found] = [await build(cpu, one), await build(gpu, one)];
      expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
      for (const [name, tensor] of Object.entries(expected)) expectClose(found[name], tensor, 2e-6, name);
    }
  });
});
