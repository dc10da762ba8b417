import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import { float32, floats } from '../../src/graph/tensor.ts';
import type { Value } from '../../src/graph/value.ts';
import { BatchNorm2d, InferenceContext, TrainingContext } from '../../src/nn/index.ts';
import { expectClose } from '../support/close.ts';
import { ENGINE_UNDER_TEST, testEngine } from '../support/engine.ts';
import { generated } from '../support/generated.ts';
import { runGraph } from '../support/run-graph.ts';
import { readOpCases } from '../support/torch-fixtures.ts';

const CASES = readOpCases('ops').filter((one) => one.op === 'batchNormTraining');

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

describe('the running statistics after one step equal PyTorch', () => {
  test.each(CASES.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const { momentum, epsilon } = one.attributes as { momentum: number; epsilon: number };
    const x = one.inputs.get('x')!;
    const layer = new BatchNorm2d(x.shape[1], { momentum, eps: epsilon });
    const graph = new Graph();
    const input = graph.input('x', 'float32', x.shape);
    const context = new TrainingContext(graph, layer);
    const outputs = new Map<string, Value>([['y', layer.call(input, context)]]);
    for (const [name, { after }] of context.buffers) outputs.set(`next/${name}`, after!);
    const found = await runGraph(engine, outputs, {
      x,
      weight: one.inputs.get('weight')!,
      bias: one.inputs.get('bias')!,
      running_mean: one.inputs.get('runningMean')!,
      running_var: one.inputs.get('runningVariance')!,
    });
    expectClose(found['next/running_mean'], one.outputs.get('runningMean')!, 2e-6, 'running_mean');
    expectClose(found['next/running_var'], one.outputs.get('runningVariance')!, 5e-6, 'running_var');
    expect([...context.parameters.keys()]).toEqual(['weight', 'bias']);
  });
});

test('without training the running statistics are used', async () => {
  const layer = new BatchNorm2d(2);
  const graph = new Graph();
  const weights = new Map(
    Object.entries({ weight: [2, 1], bias: [1, -1], running_mean: [3, 0], running_var: [4, 1] }).map(
      ([name, values]) => [name, float32(values, [2])],
    ),
  );
  const y = layer.call(
    graph.input('x', 'float32', [1, 2, 1, 2]),
    new InferenceContext(graph, layer, weights),
  );
  const found = await runGraph(engine, new Map([['y', y]]), { x: float32([3, 5, 0, 7], [1, 2, 1, 2]) });
  expectClose(found.y, float32([1, 3, -1, 6], [1, 2, 1, 2]), 1e-5, 'y');
});

test('statistics of 65,536 values a channel keep their digits when the mean is large', async () => {
  // As many values as the first layer of a CIFAR network sees; a running float32 sum would drift here.
  const [n, c, side] = [64, 2, 32];
  const shape = [n, c, side, side];
  const values = generated('large batch', n * c * side * side, 100, Math.sqrt(3));
  const graph = new Graph();
  const ones = F.constant(graph.input('x', 'float32', shape), [1, 1], [2]);
  const { mean, variance } = F.batchNormTraining(graph.inputs[0], ones, ones, 1e-5);
  const outputs = new Map([
    ['mean', mean],
    ['variance', variance],
  ]);
  const found = await runGraph(engine, outputs, { x: float32(values, shape) });
  // PyTorch's own kernel adds up channels that lie innermost one after the other.
  const [meanOff, varianceOff] = ENGINE_UNDER_TEST === 'torch' ? [1e-5, 1e-5] : [1e-6, 3e-6];
  for (let channel = 0; channel < c; channel++) {
    const own = values.filter((_, i) => Math.floor(i / (side * side)) % c === channel);
    const sum = (of: (value: number) => number): number => own.reduce((total, value) => total + of(value), 0);
    const exactMean = sum((value) => value) / own.length;
    const exactVariance = sum((value) => (value - exactMean) ** 2) / own.length;
    expect(Math.abs(floats(found.mean)[channel] / exactMean - 1)).toBeLessThan(meanOff);
    expect(Math.abs(floats(found.variance)[channel] / exactVariance - 1)).toBeLessThan(varianceOff);
  }
});
