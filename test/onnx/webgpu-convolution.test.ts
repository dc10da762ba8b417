/** That the changed models are right on WebGPU itself is in test/engine/webgpu.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import { float32, numElements } from '../../src/graph/tensor.ts';
import { lowerGraph } from '../../src/onnx/lower/index.ts';
import { encodeModel, type ModelProto } from '../../src/onnx/model.ts';
import { fuseConvBias } from '../../src/onnx/passes.ts';
import { isWrongOnWebgpu, splitWrongConvolutions } from '../../src/onnx/webgpu-convolution.ts';
import { expectClose } from '../support/close.ts';
import { generated } from '../support/generated.ts';

/** One convolution with constant weights, with or without a bias, and a ReLU behind it. */
function model(inChannels: number, outChannels: number, { bias = false, groups = 1, names = true } = {}) {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2, inChannels, 5, 4]);
  const shape = [outChannels, inChannels / groups, 3, 3];
  const weight = graph.constant(float32(generated('weight', numElements(shape)), shape), 'weight');
  let y = F.conv2d(x, weight, { stride: 1, padding: 1, dilation: 1, groups });
  if (bias) {
    y = F.add(y, graph.constant(float32(generated('bias', outChannels), [1, outChannels, 1, 1]), 'bias'));
  }
  const made = fuseConvBias(
    lowerGraph(new Map([['y', F.relu(y)]]), { target: { device: 'portable' }, name: 'test' }),
  );
  // Files from elsewhere need not name their nodes.
  if (!names) for (const node of made.graph.node) node.name = '';
  return made;
}

const ops = ({ graph }: ModelProto): string[] => graph.node.map(({ opType }) => opType);

let engine: OnnxEngine;
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 });
});
afterAll(() => engine.close());

async function run(proto: ModelProto, inChannels: number) {
  const shape = [2, inChannels, 5, 4];
  const session = await engine.loadModel(encodeModel(proto));
  const { y } = await session.run({ x: float32(generated('x', numElements(shape)), shape) });
  await session.dispose();
  return y;
}

describe('convolutions that WebGPU gets wrong', () => {
  test.each([
    [6, 4],
    [9, 8],
    [15, 12],
  ])('%d to %d channels are computed in two parts that it gets right', async (inChannels, outChannels) => {
    for (const bias of [false, true]) {
      for (const names of [false, true]) {
        const proto = model(inChannels, outChannels, { bias, names });
        const split = splitWrongConvolutions(proto)!;
        expect(ops(split)).toEqual(['Conv', 'Conv', 'Concat', 'Relu']);
        const tensors = new Map(split.graph.initializer.map(({ name, dims }) => [name, dims]));
        for (const { opType, input } of split.graph.node) {
          if (opType !== 'Conv') continue;
          const [outs, ins] = tensors.get(input[1])!.map(Number);
          expect(isWrongOnWebgpu(ins, outs, 1)).toBe(false);
          expect(input).toHaveLength(bias ? 3 : 2);
        }
        expectClose(await run(split, inChannels), await run(proto, inChannels), 1e-6, 'y');
      }
    }
  });

  test('all others are left as they are', () => {
    for (const [inChannels, outChannels] of [
      [3, 4],
      [4, 4],
      [6, 6],
      [10, 8],
      [12, 8],
      [6, 1],
    ]) {
      expect(splitWrongConvolutions(model(inChannels, outChannels)), `${inChannels}`).toBeUndefined();
    }
    expect(splitWrongConvolutions(model(18, 12, { groups: 3 }))).toBeUndefined();
  });

  test('weights that are worked out when the model runs are left to the lowering', () => {
    const lowered = (device: 'webgpu' | 'cpu'): string[] => {
      const graph = new Graph();
      const x = graph.input('x', 'float32', [1, 6, 5, 5]);
      const weight = graph.input('weight', 'float32', [4, 6, 3, 3]);
      const y = F.conv2d(x, weight, { stride: 1, padding: 1, dilation: 1, groups: 1 });
      const proto = lowerGraph(new Map([['y', y]]), { target: { device }, name: 'test' });
      expect(splitWrongConvolutions(proto)).toBeUndefined();
      return ops(proto);
    };
    expect(lowered('cpu')).toEqual(['Conv']);
    expect(lowered('webgpu')).toEqual(['Pad', 'Pad', 'Conv']);
  });
});
