import { describe, expect, it } from 'vitest';
import { pullKernels } from '../../src/analyze/kernels.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { exportModule } from '../../src/models/module.ts';
import { initialWeights, PushPull2020Conv2d, PushPullConv2d } from '../../src/nn/index.ts';
import { findFirstLayer } from '../../src/onnx/first-layer.ts';
import { decodeModel, type ModelProto } from '../../src/onnx/model.ts';
import { retrofit } from '../../src/onnx/retrofit.ts';
import { FLOAT16 } from '../../src/onnx/schema.ts';
import { generated } from '../support/generated.ts';
import { GraphBuilder, type Shape } from './image-models.ts';

const plain = (image?: Shape): ModelProto => {
  const builder = new GraphBuilder(image);
  return builder.model([builder.emit('Relu', [builder.conv('image')])]);
};

describe('findFirstLayer', () => {
  it('finds a plain convolution', () => {
    const { convolution, unit, isPushPull2020, dilation } = findFirstLayer(plain(), 'net.onnx');
    expect(convolution.weight.dims).toEqual([4, 3, 3, 3]);
    expect({ unit, isPushPull2020, dilation }).toEqual({
      unit: undefined,
      isPushPull2020: false,
      dilation: [1, 1],
    });
  });

  it.each([
    { avg: 3, alpha: 'trainable' as const },
    { avg: 5, alpha: 0.5 },
    { avg: 0, alpha: 1 },
    { avg: 0, alpha: -2 },
  ])('knows a push-pull layer of ours by what it computes: avg $avg, alpha $alpha', (options) => {
    const layer = new PushPullConv2d(3, 6, 5, { ...options, padding: 2, bias: true });
    const weights = initialWeights(layer, 7);
    const model = decodeModel(exportModule(layer, weights, [1, 3, 16, 16]), 'layer');
    const { convolution, unit } = findFirstLayer(model, 'layer');
    expect(Array.from(convolution.weight.values)).toEqual(
      Array.from(weights.get('weight')!.data as Float32Array),
    );
    expect(unit!.avg).toBe(options.avg);
    const learned = weights.get('alpha');
    expect(Array.from(unit!.alpha)).toEqual(
      learned ? Array.from(learned.data as Float32Array) : new Array(6).fill(options.alpha),
    );
  });

  it.each([
    { avg: 3, alpha: 0.7 },
    { avg: 0, alpha: [0.25, -1, 1, 2] },
  ])('knows a retrofitted one: $alpha', (options) => {
    const { unit, convolution } = findFirstLayer(retrofit(plain(), options), 'net.onnx');
    expect(unit!.avg).toBe(options.avg);
    const wanted = typeof options.alpha === 'number' ? new Array(4).fill(options.alpha) : options.alpha;
    expect(Array.from(unit!.alpha)).toEqual(wanted.map(Math.fround));
    expect(convolution.weight.dims).toEqual([4, 3, 3, 3]);
  });

  it('knows one of groups, and dilation', () => {
    const builder = new GraphBuilder();
    const weight = builder.floats('weight', [6, 1, 3, 3]);
    const attributes = { group: 3, dilations: [2, 2] };
    const model = builder.model([
      builder.emit('Relu', [builder.emit('Conv', ['image', weight], attributes)]),
    ]);
    const before = findFirstLayer(model, 'net.onnx');
    const after = findFirstLayer(retrofit(model, { avg: 3, alpha: 1 }), 'net.onnx');
    expect(before.unit).toBeUndefined();
    expect(after.unit).toMatchObject({ avg: 3, alpha: new Float64Array(6).fill(1) });
    for (const { convolution, dilation } of [before, after]) {
      expect({ groups: convolution.groups, dilation }).toEqual({ groups: 3, dilation: [2, 2] });
    }
  });

  /** As PyTorch exports the reference implementation: a convolution with the pull kernels themselves. */
  function twoConvolutions(
    pull: ArrayLike<number>,
    options: { dataType?: number; swapped?: boolean } = {},
  ): ModelProto {
    const { dataType, swapped = false } = options;
    const builder = new GraphBuilder();
    const values = generated('push', 4 * 27);
    const dims = [4, 3, 3, 3];
    const convolve = (name: string, kernels: ArrayLike<number>) =>
      builder.emit('Conv', ['image', builder.floats(name, dims, kernels, dataType)], { pads: [1, 1, 1, 1] });
    const [a, b] = [convolve('push', values), convolve('pull', pull)];
    const [push, inhibition] = swapped ? [b, a] : [a, b];
    const pooled = builder.emit('AveragePool', [inhibition], {
      kernel_shape: [3, 3],
      pads: [1, 1, 1, 1],
    });
    const alpha = builder.floats('alpha', [1, 4, 1, 1], [1, 2, 3, 4], dataType);
    const weighted = builder.emit('Mul', [builder.emit('Relu', [pooled]), alpha]);
    return builder.model([builder.emit('Sub', [builder.emit('Relu', [push]), weighted])]);
  }
  const values = generated('push', 4 * 27);
  const pull = pullKernels(values, 4);

  it.each([
    ['float32', undefined],
    ['float16', FLOAT16],
  ])('knows one that holds its pull kernels, in %s, and which of the two is push', (_, dataType) => {
    for (const swapped of [false, true]) {
      const { convolution, unit } = findFirstLayer(twoConvolutions(pull, { dataType, swapped }), 'net.onnx');
      expect(unit).toEqual({ avg: 3, alpha: Float64Array.of(1, 2, 3, 4) });
      const wanted = swapped ? pull : values;
      expect(convolution.weight.values[5]).toBeCloseTo(wanted[5], 2);
      expect(convolution.weight.values[5]).not.toBeCloseTo((swapped ? values : pull)[5], 2);
    }
  });

  it('takes two other convolutions for what they are', () => {
    expect(() => findFirstLayer(twoConvolutions(generated('other', 4 * 27)), 'net.onnx')).toThrow(
      /^net\.onnx: expected one convolution that reads the image, and nothing else that does, found Conv/,
    );
  });

  it('tells the push-pull layer of 2020 from it', () => {
    const layer = new PushPull2020Conv2d(3, 4, 3, { padding: 1, alpha: 1 });
    const weights = initialWeights(layer, 3);
    const model = decodeModel(exportModule(layer, weights, [1, 3, 16, 16]), 'layer');
    const { convolution, unit, isPushPull2020 } = findFirstLayer(model, 'layer');
    expect({ isPushPull2020, unit }).toEqual({ isPushPull2020: true, unit: undefined });
    expect(convolution.weight.values[0]).toBe((weights.get('weight') ?? float32([], [0])).data[0]);
  });

  it('sees through a transposition of pixels in NHWC, and refuses what is no convolution in one line', () => {
    const builder = new GraphBuilder(['N', 'H', 'W', 3]);
    const image = builder.emit('Transpose', ['image'], { perm: [0, 3, 1, 2] });
    const model = builder.model([builder.emit('Relu', [builder.conv(image)])]);
    expect(findFirstLayer(model, 'net.onnx').convolution.weight.dims).toEqual([4, 3, 3, 3]);
    const dense = new GraphBuilder();
    const flat = dense.emit('Flatten', ['image']);
    const other = dense.model([dense.emit('MatMul', [flat, dense.floats('w', [12, 2])])]);
    expect(() => findFirstLayer(other, 'net.onnx')).toThrow(/^net\.onnx: expected one convolution[^\n]*$/);
  });
});
