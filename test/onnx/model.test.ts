import { expect, test } from 'vitest';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import { lowerGraph } from '../../src/onnx/lower/index.ts';
import { decodeModel, encodeModel } from '../../src/onnx/model.ts';

test('an attribute that is zero is written: readers such as OpenCV refuse one without a value', () => {
  const graph = new Graph();
  const mean = F.reduceMean(graph.input('x', 'float32', [2, 3]), [1]);
  const model = lowerGraph(new Map([['y', mean]]), { target: { device: 'portable' }, name: 'test' });
  const [node] = decodeModel(encodeModel(model), 'test').graph.node;
  const keepdims = node.attribute.find(({ name }) => name === 'keepdims');
  expect(Object.keys(keepdims!)).toContain('i');
  expect(Number(keepdims!.i)).toBe(0);
});
