/**
 * The ops as functions on values: `relu(add(conv2d(x, w, …), b))`.
 *
 * Everything that builds graphs (layers, gradient rules, losses, optimisers) speaks through these.
 */

import type { Conv2dAttributes, Pool2dAttributes } from './ops/attributes.ts';
import type { DType, Shape } from './tensor.ts';
import { float32, int32 } from './tensor.ts';
import type { Value } from './value.ts';

/** A constant in the graph of `like`: a number, or float32 values with a shape. */
export function constant(
  like: Value,
  data: number | Float32Array | readonly number[],
  shape: Shape = [],
): Value {
  return like.graph.constant(float32(typeof data === 'number' ? [data] : data, shape));
}

/** An int32 constant in the graph of `like`. */
export function intConstant(like: Value, data: Int32Array | readonly number[], shape: Shape): Value {
  return like.graph.constant(int32(data, shape));
}

export const add = (a: Value, b: Value): Value => a.graph.apply('add', [a, b], {})[0];
export const sub = (a: Value, b: Value): Value => a.graph.apply('sub', [a, b], {})[0];
export const mul = (a: Value, b: Value): Value => a.graph.apply('mul', [a, b], {})[0];
export const div = (a: Value, b: Value): Value => a.graph.apply('div', [a, b], {})[0];
/** `a > b`, as bool. */
export const greater = (a: Value, b: Value): Value => a.graph.apply('greater', [a, b], {})[0];
/** `a == b`, as bool. */
export const equal = (a: Value, b: Value): Value => a.graph.apply('equal', [a, b], {})[0];

export const neg = (x: Value): Value => x.graph.apply('neg', [x], {})[0];
export const relu = (x: Value): Value => x.graph.apply('relu', [x], {})[0];
/** `dy` where `y`, a ReLU's response, is above zero, else 0. */
export const reluGradient = (y: Value, dy: Value): Value => y.graph.apply('reluGradient', [y, dy], {})[0];
/** -1, 0 or 1. */
export const sign = (x: Value): Value => x.graph.apply('sign', [x], {})[0];
export const sqrt = (x: Value): Value => x.graph.apply('sqrt', [x], {})[0];
export const exp = (x: Value): Value => x.graph.apply('exp', [x], {})[0];
export const log = (x: Value): Value => x.graph.apply('log', [x], {})[0];
export const sigmoid = (x: Value): Value => x.graph.apply('sigmoid', [x], {})[0];
/** Swish or SiLU: `x · sigmoid(x)`. */
export const silu = (x: Value): Value => x.graph.apply('silu', [x], {})[0];
/** The gradient of x for `y = silu(x)`. */
export const siluGradient = (x: Value, y: Value, dy: Value): Value =>
  x.graph.apply('siluGradient', [x, y, dy], {})[0];
export const cast = (x: Value, to: DType): Value =>
  x.dtype === to ? x : x.graph.apply('cast', [x], { to })[0];

type Reduction = 'reduceSum' | 'reduceMean' | 'reduceMax' | 'reduceMin';
const reduction =
  (op: Reduction) =>
  (x: Value, axes: readonly number[], keepDims = false): Value =>
    x.graph.apply(op, [x], { axes, keepDims })[0];
export const reduceSum = reduction('reduceSum');
export const reduceMean = reduction('reduceMean');
export const reduceMax = reduction('reduceMax');
export const reduceMin = reduction('reduceMin');

export const reshape = (x: Value, shape: Shape): Value => x.graph.apply('reshape', [x], { shape })[0];
export const transpose = (x: Value, permutation: readonly number[]): Value =>
  x.graph.apply('transpose', [x], { permutation })[0];
/** Broadcast to a shape. */
export const expand = (x: Value, shape: Shape): Value => x.graph.apply('expand', [x], { shape })[0];
/** `x[start:end:step]` along one axis; `step` is positive. */
export const slice = (x: Value, axis: number, start: number, end: number, step = 1): Value =>
  x.graph.apply('slice', [x], { axis, start, end, step })[0];
/** Reverse one axis. */
export const flip = (x: Value, axis: number): Value => x.graph.apply('flip', [x], { axis })[0];
/** Pad one axis with zeros, or with its mirror image without the edge (`reflect`: 1234 → 32 1234 32). */
export const pad = (
  x: Value,
  axis: number,
  before: number,
  after: number,
  mode: 'constant' | 'reflect' = 'constant',
): Value => (before === 0 && after === 0 ? x : x.graph.apply('pad', [x], { axis, before, after, mode })[0]);
export const concat = (values: readonly Value[], axis: number): Value =>
  values[0].graph.apply('concat', values, { axis })[0];

/**
 * Matrix product over the last two axes, either operand transposed there first; axes before them
 * broadcast, as in NumPy's `matmul`.
 */
export const matmul = (a: Value, b: Value, transposeA = false, transposeB = false): Value =>
  a.graph.apply('matmul', [a, b], { transposeA, transposeB })[0];
/** Softmax over the last axis. */
export const softmax = (x: Value): Value => x.graph.apply('softmax', [x], {})[0];
/** Logarithm of the softmax over the last axis. */
export const logSoftmax = (x: Value): Value => x.graph.apply('logSoftmax', [x], {})[0];
/** int32 labels `[N]` to float32 `[N, classes]`; a label outside gives a row of zeros. */
export const oneHot = (labels: Value, classes: number): Value =>
  labels.graph.apply('oneHot', [labels], { classes })[0];

/** Cross-correlation of `[N, Cin, H, W]` with `[Cout, Cin/groups, kH, kW]`, zero padding. */
export const conv2d = (x: Value, weight: Value, geometry: Conv2dAttributes): Value =>
  x.graph.apply('conv2d', [x, weight], geometry)[0];
/** Average over windows; the divisor counts places inside the image only. */
export const avgPool2d = (x: Value, geometry: Pool2dAttributes): Value =>
  x.graph.apply('avgPool2d', [x], geometry)[0];
/** Maximum over windows. The gradient goes to the first maximum in scan order, as in PyTorch. */
export const maxPool2d = (x: Value, geometry: Pool2dAttributes): Value =>
  x.graph.apply('maxPool2d', [x], geometry)[0];

/** Batch normalisation with given statistics: `(x - mean) / sqrt(variance + epsilon) · weight + bias`. */
export const batchNorm = (
  x: Value,
  weight: Value,
  bias: Value,
  mean: Value,
  variance: Value,
  epsilon: number,
): Value => x.graph.apply('batchNorm', [x, weight, bias, mean, variance], { epsilon })[0];

/** Batch normalisation with the batch's own statistics; `variance` is the biased one. */
export function batchNormTraining(
  x: Value,
  weight: Value,
  bias: Value,
  epsilon: number,
): { y: Value; mean: Value; variance: Value } {
  const [y, mean, variance] = x.graph.apply('batchNormTraining', [x, weight, bias], { epsilon });
  return { y, mean, variance };
}

/**
 * Running statistics after a batch: `(1 - rate) · running + rate · batch`, where the variance takes the unbiased one.
 *
 * @param count values a channel that the batch had, at least 2
 */
export function runningStatistics(
  running: { readonly mean: Value; readonly variance: Value },
  batch: { readonly mean: Value; readonly variance: Value },
  rate: Value | number,
  count: number,
): { mean: Value; variance: Value } {
  const { graph } = batch.mean;
  const inputs = [running.mean, running.variance, batch.mean, batch.variance];
  const [mean, variance] =
    typeof rate === 'number'
      ? graph.apply('runningStatistics', inputs, { count, rate })
      : graph.apply('runningStatistics', [...inputs, rate], { count });
  return { mean, variance };
}

/**
 * One step of stochastic gradient descent with momentum in PyTorch's form:
 * `v ← momentum · v + g + weightDecay · p`, `p ← p - learningRate · v`.
 *
 * @param rates scalars of the graph
 */
export function sgd(
  parameter: Value,
  gradient: Value,
  velocity: Value,
  rates: { readonly learningRate: Value; readonly momentum: Value },
  weightDecay: number,
): { parameter: Value; velocity: Value } {
  const inputs = [parameter, gradient, velocity, rates.learningRate, rates.momentum];
  const [moved, speed] = parameter.graph.apply('sgd', inputs, { weightDecay });
  return { parameter: moved, velocity: speed };
}
