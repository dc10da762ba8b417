/**
 * Convolution over `[N, C, H, W]` and its two adjoints.
 *
 * `conv2d` is linear in the image and in the weight. `conv2dInputGradient` and
 * `conv2dWeightGradient` are its transposes in one and the other, so the three ops are each
 * other's derivatives and the set is closed: second derivatives need no further op.
 */
import * as F from '../functional.ts';
import type { Shape } from '../tensor.ts';
import { formatShape, numElements, sameShape } from '../tensor.ts';
import type { Value, ValueType } from '../value.ts';
import type { Conv2dAttributes } from './attributes.ts';
import { expectDType, expectRank, expectShape, windowLength } from './shapes.ts';
import type { OpTable } from './spec.ts';

/** Shape of the response. Throws naming the axis that does not fit. */
export function conv2dShape(x: Shape, weight: Shape, geometry: Conv2dAttributes): Shape {
  const { stride, padding, dilation, groups } = geometry;
  const [n, inChannels, height, width] = x;
  const [outChannels, channelsPerGroup, kernelHeight, kernelWidth] = weight;
  for (const [name, value, least] of [
    ['stride', stride, 1],
    ['padding', padding, 0],
    ['dilation', dilation, 1],
    ['groups', groups, 1],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new Error(`${name} must be a whole number of at least ${least}, found ${value}`);
    }
  }
  if (inChannels !== channelsPerGroup * groups) {
    throw new Error(
      `the image has ${inChannels} channels, the weight ${formatShape(weight)} wants ${channelsPerGroup} × ${groups} groups`,
    );
  }
  if (outChannels % groups !== 0)
    throw new Error(`${outChannels} filters do not divide into ${groups} groups`);
  return [
    n,
    outChannels,
    windowLength(height, kernelHeight, stride, padding, dilation),
    windowLength(width, kernelWidth, stride, padding, dilation),
  ];
}

const geometryOf = ({ stride, padding, dilation, groups }: Conv2dAttributes): Conv2dAttributes => ({
  stride,
  padding,
  dilation,
  groups,
});

const images = (...values: readonly ValueType[]): void => {
  for (const value of values) {
    expectDType(value, 'float32');
    expectRank(value, 4, 'input');
  }
};

const inputGradient = (dy: Value, weight: Value, geometry: Conv2dAttributes, inputShape: Shape): Value =>
  dy.graph.apply('conv2dInputGradient', [dy, weight], { ...geometryOf(geometry), inputShape })[0];

const weightGradient = (x: Value, dy: Value, geometry: Conv2dAttributes, weightShape: Shape): Value =>
  x.graph.apply('conv2dWeightGradient', [x, dy], { ...geometryOf(geometry), weightShape })[0];

/**
 * A response gradient `dy · factor` with one factor a channel, as a batch normalisation hands back, taken apart where
 * multiplying the weight twice is less work than multiplying the response once. The factor is shaped to the weight.
 */
function perFilter(gradient: Value, weight: Value): { dy: Value; factor?: Value } {
  const { source } = gradient;
  if (source.kind !== 'node' || source.node.op !== 'mul') return { dy: gradient };
  const [dy, factor] = source.node.inputs;
  const channels = weight.shape[0];
  const fits = sameShape(dy.shape, gradient.shape) && sameShape(factor.shape, [1, channels, 1, 1]);
  if (!fits || 2 * numElements(weight.shape) > numElements(dy.shape)) return { dy: gradient };
  return { dy, factor: F.reshape(factor, [channels, 1, 1, 1]) };
}

export const convolution: Pick<OpTable, 'conv2d' | 'conv2dInputGradient' | 'conv2dWeightGradient'> = {
  conv2d: {
    arity: 2,
    infer: ([x, weight], attributes) => {
      images(x, weight);
      return [{ dtype: 'float32', shape: conv2dShape(x.shape, weight.shape, attributes) }];
    },
    gradient: ({ inputs: [x, weight], upstream, attributes, needs }) => {
      const { dy, factor } = perFilter(upstream[0]!, weight);
      const scaled = (value: Value): Value => (factor ? F.mul(value, factor) : value);
      return [
        needs(0) ? inputGradient(dy, scaled(weight), attributes, x.shape) : undefined,
        needs(1) ? scaled(weightGradient(x, dy, attributes, weight.shape)) : undefined,
      ];
    },
  },
  conv2dInputGradient: {
    arity: 2,
    infer: ([dy, weight], attributes) => {
      images(dy, weight);
      expectShape(dy, conv2dShape(attributes.inputShape, weight.shape, attributes), 'response gradient');
      return [{ dtype: 'float32', shape: attributes.inputShape }];
    },
    gradient: ({ inputs: [dy, weight], upstream: [g], attributes, needs }) => [
      needs(0) ? F.conv2d(g!, weight, geometryOf(attributes)) : undefined,
      needs(1) ? weightGradient(g!, dy, attributes, weight.shape) : undefined,
    ],
  },
  conv2dWeightGradient: {
    arity: 2,
    infer: ([x, dy], attributes) => {
      images(x, dy);
      expectShape(dy, conv2dShape(x.shape, attributes.weightShape, attributes), 'response gradient');
      return [{ dtype: 'float32', shape: attributes.weightShape }];
    },
    gradient: ({ inputs: [x, dy], upstream: [g], attributes, needs }) => [
      needs(0) ? inputGradient(dy, g!, attributes, x.shape) : undefined,
      needs(1) ? F.conv2d(x, g!, geometryOf(attributes)) : undefined,
    ],
  },
};
