import type { Shape } from '../tensor.ts';
import type { ValueType } from '../value.ts';
import type { Pool2dAttributes } from './attributes.ts';
import { expectDType, expectRank, expectShape, windowLength } from './shapes.ts';
import type { OpTable } from './spec.ts';

function poolShape(x: ValueType, { kernelSize, stride, padding }: Pool2dAttributes): Shape {
  expectDType(x, 'float32');
  expectRank(x, 4, 'input');
  // More padding than half a window would leave windows without any place inside the image.
  if (padding > kernelSize / 2) {
    throw new Error(`padding ${padding} must be at most half the kernel size ${kernelSize}`);
  }
  const [n, c, height, width] = x.shape;
  return [
    n,
    c,
    windowLength(height, kernelSize, stride, padding),
    windowLength(width, kernelSize, stride, padding),
  ];
}

const geometryOf = ({ kernelSize, stride, padding }: Pool2dAttributes): Pool2dAttributes => ({
  kernelSize,
  stride,
  padding,
});

type Pooling = 'avgPool2d' | 'avgPool2dGradient' | 'maxPool2d' | 'maxPool2dGradient';

export const pooling: Pick<OpTable, Pooling> = {
  avgPool2d: {
    arity: 1,
    infer: ([x], attributes) => [{ dtype: 'float32', shape: poolShape(x, attributes) }],
    gradient: ({ inputs: [x], upstream: [dy], attributes }) =>
      dy!.graph.apply('avgPool2dGradient', [dy!], { ...geometryOf(attributes), inputShape: x.shape }),
  },
  avgPool2dGradient: {
    arity: 1,
    infer: ([dy], attributes) => {
      const image: ValueType = { dtype: 'float32', shape: attributes.inputShape };
      expectShape(dy, poolShape(image, attributes), 'response gradient');
      return [image];
    },
    // The transpose of a linear map; its own transpose is the pooling again.
    gradient: ({ upstream: [g], attributes }) => g!.graph.apply('avgPool2d', [g!], geometryOf(attributes)),
  },
  maxPool2d: {
    arity: 1,
    infer: ([x], attributes) => [{ dtype: 'float32', shape: poolShape(x, attributes) }],
    gradient: ({ inputs: [x], outputs: [y], upstream: [dy], attributes }) =>
      x.graph.apply('maxPool2dGradient', [x, y, dy!], geometryOf(attributes)),
  },
  maxPool2dGradient: {
    arity: 3,
    infer: ([x, y, dy], attributes) => {
      expectShape(y, poolShape(x, attributes), 'response');
      expectShape(dy, y.shape, 'response gradient');
      return [x];
    },
    gradient: () => {
      throw new Error('maxPool2d has no second derivative here: no network needs one');
    },
  },
};
