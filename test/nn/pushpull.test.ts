import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { foldConstants } from '../../src/graph/fold.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { PushPullConv2dOptions } from '../../src/nn/index.ts';
import { InferenceContext, PushPullConv2d, TrainingContext } from '../../src/nn/index.ts';
import { expectClose } from '../support/close.ts';
import { gradientsOf, runGraph } from '../support/run-graph.ts';
import type { OpCase } from '../support/torch-fixtures.ts';
import { readOpCases } from '../support/torch-fixtures.ts';

const CASES = readOpCases('pushpull');
const TOLERANCE = 1e-5;

function layerOf({ attributes }: OpCase): PushPullConv2d {
  const { inChannels, outChannels, kernelSize, ...options } =
    attributes as unknown as PushPullConv2dOptions & {
      inChannels: number;
      outChannels: number;
      kernelSize: number;
    };
  return new PushPullConv2d(inChannels, outChannels, kernelSize, options);
}

/** All inputs but the image: the layer's parameters under their own names. */
const parametersOf = ({ inputs }: OpCase): Map<string, Tensor> =>
  new Map([...inputs].filter(([name]) => name !== 'x'));

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 });
});
afterAll(() => engine.close());

// The form with two real convolutions in PyTorch judges the form with one convolution and a box sum.
describe.each(['cpu', 'webgpu'] as const)('lowered for %s', (device) => {
  test.each(CASES.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const layer = layerOf(one);
    const graph = new Graph();
    const x = graph.input('x', 'float32', one.inputs.get('x')!.shape);
    const context = new TrainingContext(graph, layer);
    const y = layer.call(x, context);
    const outputs = gradientsOf(y, one.upstream, new Map([['x', x], ...context.parameters]));
    outputs.set('y', y);
    const found = await runGraph(engine, outputs, Object.fromEntries(one.inputs), { device });
    expectClose(found.y, one.outputs.get('y')!, TOLERANCE, 'y');
    expect([...context.parameters.keys(), 'x'].sort()).toEqual([...one.gradients.keys()].sort());
    for (const [name, gradient] of one.gradients) {
      expectClose(found[`gradient of ${name}`], gradient, TOLERANCE, `gradient of ${name}`);
    }
  });
});

describe('folded for deployment', () => {
  test.each(CASES.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const layer = layerOf(one);
    const graph = new Graph();
    const x = graph.input('x', 'float32', one.inputs.get('x')!.shape);
    const y = layer.call(x, new InferenceContext(graph, layer, parametersOf(one)));
    const [folded] = foldConstants(graph, [y]);
    const feeds = { x: one.inputs.get('x')! };
    const found = await runGraph(engine, new Map([['y', folded]]), feeds, { device: 'portable' });
    expectClose(found.y, one.outputs.get('y')!, TOLERANCE, 'y');
  });
});

test('the layer costs one convolution and one box sum', () => {
  const layer = new PushPullConv2d(3, 8, 3, { padding: 1, avg: 3, bias: true });
  const graph = new Graph();
  layer.call(graph.input('x', 'float32', [2, 3, 8, 8]), new TrainingContext(graph, layer));
  const convolutions = graph.nodes.filter((node) => node.op === 'conv2d');
  expect(convolutions.map((node) => node.outputs[0].shape[1]).sort()).toEqual([1, 8]);
});

test.each([2, -1, 1.5])('a pooling of size %d is refused', (avg) => {
  expect(() => new PushPullConv2d(3, 8, 3, { avg })).toThrow(`avg must be an odd pooling size`);
});
