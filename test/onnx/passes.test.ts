import { describe, expect, test } from 'vitest';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import { float32 } from '../../src/graph/tensor.ts';
import type { Value } from '../../src/graph/value.ts';
import { lowerGraph } from '../../src/onnx/lower/index.ts';
import { fuseConvBias } from '../../src/onnx/passes.ts';

/** Op types after the pass, for outputs made from a convolution `y` and a bias of its channels. */
function fused(build: (y: Value, bias: Value) => Record<string, Value>): string[] {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1, 2, 4, 4]);
  const weight = graph.constant(float32(new Float32Array(3 * 2 * 9).fill(1), [3, 2, 3, 3]), 'weight');
  const bias = graph.constant(float32([1, 2, 3], [1, 3, 1, 1]), 'bias');
  const y = F.conv2d(x, weight, { stride: 1, padding: 1, dilation: 1, groups: 1 });
  const outputs = new Map(Object.entries(build(y, bias)));
  const model = fuseConvBias(lowerGraph(outputs, { target: { device: 'portable' }, name: 'test' }));
  return model.graph.node.map(({ opType, input }) => `${opType}/${input.length}`);
}

describe('the bias of a convolution', () => {
  test('moves into the convolution', () => {
    expect(fused((y, bias) => ({ z: F.relu(F.add(y, bias)) }))).toEqual(['Conv/3', 'Relu/1']);
  });

  test('stays outside where the response without it is read as well', () => {
    expect(fused((y, bias) => ({ z: F.mul(F.add(y, bias), y) }))).toEqual(['Conv/2', 'Add/2', 'Mul/2']);
  });

  test('stays outside where the bias has another reader', () => {
    expect(fused((y, bias) => ({ z: F.mul(F.add(y, bias), bias) }))).toEqual(['Conv/2', 'Add/2', 'Mul/2']);
  });

  test('is one a channel; anything else that is added is no bias', () => {
    const ops = fused((y) => ({ z: F.add(y, F.constant(y, 1)) }));
    expect(ops).toEqual(['Conv/2', 'Add/2']);
  });
});
