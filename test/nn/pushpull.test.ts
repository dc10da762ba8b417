import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { PushPullConv2dOptions } from '../../src/nn/index.ts';
import { PushPullConv2d, TrainingContext } from '../../src/nn/index.ts';
import { expectClose } from '../support/close.ts';
import { FORMS, testEngine } from '../support/engine.ts';
import { expectTrains, runDeployed } from '../support/layer-cases.ts';
import type { OpCase } from '../support/torch-fixtures.ts';
import { readOpCases } from '../support/torch-fixtures.ts';

const CASES = readOpCases('pushpull').map((one) => [one.name, one] as const);
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

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

// The form with two real convolutions in PyTorch judges the form with one convolution and a box sum.
describe.each(FORMS)('lowered for %s', (device) => {
  test.each(CASES)('%s', (_, one) => expectTrains(engine, device, layerOf(one), one, TOLERANCE));
});

describe('folded for deployment', () => {
  test.each(CASES)('%s', async (_, one) => {
    expectClose(await runDeployed(engine, layerOf(one), one), one.outputs.get('y')!, TOLERANCE, 'y');
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
