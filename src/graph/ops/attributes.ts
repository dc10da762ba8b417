import type { DType, Shape } from '../tensor.ts';

/** Window geometry of a convolution over `[N, C, H, W]`; padding is zeros on all four sides. */
export interface Conv2dAttributes {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
}

/** Window geometry of a pooling over `[N, C, H, W]`; padded places never count. */
export interface Pool2dAttributes {
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;
}

export interface ReduceAttributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

type None = Readonly<Record<never, never>>;

/**
 * Every op of the graph and its attributes. This interface is the one list of ops: the tables of
 * shape rules, gradients and lowerings are typed over it, so a missing rule does not compile.
 */
export interface OpAttributes {
  // Elementwise, with broadcasting
  add: None;
  sub: None;
  mul: None;
  div: None;
  greater: None;
  equal: None;
  // Elementwise, one input
  neg: None;
  relu: None;
  /** Inputs y, dy: dy where the response y = relu(x) is above zero, else 0. */
  reluGradient: None;
  sign: None;
  sqrt: None;
  exp: None;
  log: None;
  sigmoid: None;
  silu: None;
  /** Inputs x, y = silu(x), dy: `dy · (σ(x) + y · (1 - σ(x)))`. */
  siluGradient: None;
  cast: { readonly to: DType };
  // Reductions
  reduceSum: ReduceAttributes;
  reduceMean: ReduceAttributes;
  reduceMax: ReduceAttributes;
  reduceMin: ReduceAttributes;
  // Moving data
  reshape: { readonly shape: Shape };
  transpose: { readonly permutation: readonly number[] };
  expand: { readonly shape: Shape };
  slice: {
    readonly axis: number;
    readonly start: number;
    readonly end: number;
    readonly step: number;
  };
  /** Zeros, or (`reflect`) the mirror image without repeating the edge, before and after one axis. */
  pad: {
    readonly axis: number;
    readonly before: number;
    readonly after: number;
    readonly mode: 'constant' | 'reflect';
  };
  concat: { readonly axis: number };
  flip: { readonly axis: number };
  // Linear algebra
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  softmax: None;
  logSoftmax: None;
  oneHot: { readonly classes: number };
  // Convolution: forward and its two adjoints
  conv2d: Conv2dAttributes;
  conv2dInputGradient: Conv2dAttributes & { readonly inputShape: Shape };
  conv2dWeightGradient: Conv2dAttributes & { readonly weightShape: Shape };
  // Pooling
  avgPool2d: Pool2dAttributes;
  avgPool2dGradient: Pool2dAttributes & { readonly inputShape: Shape };
  maxPool2d: Pool2dAttributes;
  maxPool2dGradient: Pool2dAttributes;
  // Normalisation
  batchNorm: { readonly epsilon: number };
  batchNormTraining: { readonly epsilon: number };
  batchNormTrainingGradient: { readonly epsilon: number };
  /**
   * Inputs running mean and variance, a batch's mean and biased variance, all `[C]`, and the batch's weight as a scalar
   * where it is no fixed `rate`. Outputs the running statistics after the batch; `count` is the number of values a
   * channel that it had.
   */
  runningStatistics: { readonly count: number; readonly rate?: number };
  // Optimiser
  /**
   * Inputs a parameter, its gradient and its velocity, and the scalars learning rate and momentum. Outputs the parameter
   * and the velocity after a step of stochastic gradient descent.
   */
  sgd: { readonly weightDecay: number };
}

export type OpName = keyof OpAttributes;
