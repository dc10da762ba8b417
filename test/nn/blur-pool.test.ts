import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { foldConstants } from '../../src/graph/fold.ts';
import { Graph, reachableNodes } from '../../src/graph/graph.ts';
import { float32, numElements } from '../../src/graph/tensor.ts';
import { BatchNorm2d, BlurPool2d, InferenceContext, initialWeights } from '../../src/nn/index.ts';
import { lowerGraph } from '../../src/onnx/lower/index.ts';
import { encodeModel } from '../../src/onnx/model.ts';
import { expectClose } from '../support/close.ts';
import { generated } from '../support/generated.ts';
import { runGraph } from '../support/run-graph.ts';
import { readOpCases } from '../support/torch-fixtures.ts';

// The form used in training, and its gradient, are compared with the same cases in test/graph/ops.test.ts.
const CASES = readOpCases('ops').filter(({ op }) => op === 'blurPool2d');

let engine: OnnxEngine;
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 });
});
afterAll(() => engine.close());

/** The deployed layer, on an image of this shape. */
function deployed(filterSize: number, stride: number, shape: readonly number[]) {
  const layer = new BlurPool2d(filterSize, stride);
  const graph = new Graph();
  const x = graph.input('x', 'float32', shape);
  return { graph, y: layer.call(x, new InferenceContext(graph, layer, new Map())) };
}

test('the cases have odd and even images, odd and even filters, strides 1 and 2', () => {
  for (const filterSize of [3, 4, 5]) {
    for (const stride of [1, 2]) {
      for (const size of [7, 8]) {
        const found = CASES.filter(
          ({ attributes, inputs }) =>
            attributes.filterSize === filterSize &&
            attributes.stride === stride &&
            inputs.get('x')!.shape[2] === size,
        );
        expect(found.length, `${filterSize}, ${stride}, ${size}`).toBeGreaterThan(0);
      }
    }
  }
});

describe('deployed, it is the binomial filter with mirrored borders', () => {
  test.each(CASES.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const { filterSize, stride } = one.attributes as { filterSize: number; stride: number };
    const x = one.inputs.get('x')!;
    const { y } = deployed(filterSize, stride, x.shape);
    const found = await runGraph(engine, new Map([['y', y]]), { x }, { device: 'portable' });
    expectClose(found.y, one.outputs.get('y')!, 1e-6, 'y');
  });
});

test('it has no parameters', () => {
  expect([...new BlurPool2d(4, 2).namedParameters()]).toEqual([]);
});

test('deployed, it takes batches of any length', async () => {
  const { y } = deployed(4, 2, [2, 3, 9, 8]);
  const options = { target: { device: 'portable' }, name: 'test', freeBatch: 'N' } as const;
  const session = await engine.loadModel(encodeModel(lowerGraph(new Map([['y', y]]), options)));
  const shape = [5, 3, 9, 8];
  const x = float32(generated('x', numElements(shape)), shape);
  const whole = await runGraph(engine, new Map([['y', deployed(4, 2, shape).y]]), { x });
  expectClose((await session.run({ x })).y, whole.y, 0, 'y');
  await session.dispose();
});

test('a batch normalisation that follows is absorbed into the deployed filter', async () => {
  const [layer, norm] = [new BlurPool2d(5, 2), new BatchNorm2d(3)];
  const weights = new Map(initialWeights(norm, 0));
  for (const [name, { shape }] of weights) weights.set(name, float32(generated(name, 3, 1, 0.5), shape));
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2, 3, 8, 9]);
  const blurred = layer.call(x, new InferenceContext(graph, layer, new Map()));
  const y = norm.call(blurred, new InferenceContext(graph, norm, weights));
  const [folded] = foldConstants(graph, [y]);
  expect(reachableNodes(folded.graph, [folded]).map(({ op }) => op)).toEqual(['pad', 'pad', 'conv2d', 'add']);
  const feeds = { x: float32(generated('x', numElements(x.shape)), x.shape) };
  const plain = await runGraph(engine, new Map([['y', y]]), feeds);
  const short = await runGraph(engine, new Map([['y', folded]]), feeds);
  expectClose(short.y, plain.y, 1e-6, 'y');
});

test.each([
  [0, 2, 'filterSize must be a whole number of at least 1, found 0'],
  [4, 1.5, 'stride must be a whole number of at least 1, found 1.5'],
])('filter size %d with stride %d is refused', (filterSize, stride, message) => {
  expect(() => new BlurPool2d(filterSize, stride)).toThrow(message);
});

test('an image too small to be mirrored is refused', () => {
  expect(() => deployed(5, 2, [1, 1, 8, 2])).toThrow(
    'a blur of size 5 mirrors 2 places at the border; the image has 8×2',
  );
});
