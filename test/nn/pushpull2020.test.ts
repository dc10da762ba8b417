import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { foldConstants } from '../../src/graph/fold.ts';
import { Graph, reachableNodes } from '../../src/graph/graph.ts';
import { floats } from '../../src/graph/tensor.ts';
import type { PushPull2020Conv2dOptions } from '../../src/nn/index.ts';
import { InferenceContext, initialWeights, PushPull2020Conv2d } from '../../src/nn/index.ts';
import { expectClose } from '../support/close.ts';
import { FORMS, testEngine } from '../support/engine.ts';
import { expectTrains, runDeployed } from '../support/layer-cases.ts';
import type { OpCase } from '../support/torch-fixtures.ts';
import { readOpCases } from '../support/torch-fixtures.ts';

const CASES = readOpCases('pushpull2020').map((one) => [one.name, one] as const);
const TOLERANCE = 2e-6;

function layerOf({ attributes }: OpCase): PushPull2020Conv2d {
  const { inChannels, outChannels, kernelSize, ...options } =
    attributes as unknown as PushPull2020Conv2dOptions & {
      inChannels: number;
      outChannels: number;
      kernelSize: number;
    };
  return new PushPull2020Conv2d(inChannels, outChannels, kernelSize, options);
}

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

// PyTorch's `interpolate` judges the constant matrices.
describe.each(FORMS)('lowered for %s', (device) => {
  test.each(CASES)('%s', (_, one) => expectTrains(engine, device, layerOf(one), one, TOLERANCE));
});

describe('deployed', () => {
  test.each(CASES)('%s', async (_, one) => {
    expectClose(await runDeployed(engine, layerOf(one), one), one.outputs.get('y')!, TOLERANCE, 'y');
  });
});

test('deployed, the pull kernels are constants: nothing but two convolutions and what joins them is left', () => {
  const layer = new PushPull2020Conv2d(3, 4, 7, { stride: 2, padding: 3, bias: true, alpha: 'trainable' });
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2, 3, 16, 16]);
  const y = layer.call(x, new InferenceContext(graph, layer, initialWeights(layer, 0)));
  const [folded] = foldConstants(graph, [y]);
  const ops = reachableNodes(folded.graph, [folded]).map(({ op }) => op);
  expect(ops.sort()).toEqual(['add', 'add', 'conv2d', 'conv2d', 'mul', 'relu', 'relu', 'sub']);
});

test.each([
  [1, 2, 3],
  [3, 2, 7],
  [5, 2, 11],
  [7, 2, 15],
  [3, 1.5, 5],
  [3, 1, 3],
])('push kernels of %d at scale %d have pull kernels of %d', (kernelSize, scale, pullSize) => {
  expect(new PushPull2020Conv2d(3, 4, kernelSize, { scale }).pullSize).toBe(pullSize);
});

test('trainable strengths start at 0.5 ± 1/√(inChannels · outChannels)', () => {
  const layer = new PushPull2020Conv2d(3, 4800, 3, { alpha: 'trainable' });
  const alpha = floats(initialWeights(layer, 1).get('alpha')!);
  const spread = 1 / Math.sqrt(3 * 4800);
  expect(Math.min(...alpha)).toBeGreaterThanOrEqual(0.5 - spread);
  expect(Math.max(...alpha)).toBeLessThanOrEqual(0.5 + spread);
  expect(Math.max(...alpha) - Math.min(...alpha)).toBeGreaterThan(1.9 * spread);
});

test('the strength is fixed at 1 unless said otherwise, and then no parameter', () => {
  const layer = new PushPull2020Conv2d(3, 4, 3);
  expect(layer.alpha).toBe(1);
  expect([...layer.namedParameters()].map(([name]) => name)).toEqual(['weight']);
});

test.each<[number, PushPull2020Conv2dOptions, string]>([
  [4, {}, 'kernelSize must be odd, found 4'],
  [3, { scale: 0.5 }, 'scale must be a number of at least 1, found 0.5'],
  [3, { alpha: Number.NaN }, "alpha must be 'trainable' or a number, found NaN"],
  [3, { stride: 0 }, 'stride must be a whole number of at least 1, found 0'],
])('a kernel of %d with %j is refused', (kernelSize, options, message) => {
  expect(() => new PushPull2020Conv2d(3, 4, kernelSize, options)).toThrow(message);
});
