/** What the first layer of a network has learned: push kernels, the pull kernels they imply, and alpha. */
import { UserError } from '../errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { floats } from '../graph/tensor.ts';

/** The kernels of a push-pull layer, row-major as in the weights file. */
export interface PushPullKernels {
  /** Filters, input channels (of a group), height and width: `[Cout, Cin/groups, kh, kw]`. */
  readonly shape: readonly [number, number, number, number];
  readonly push: Float32Array;
  readonly pull: Float32Array;
  /** Inhibition strength, one a filter `[Cout]`; absent when the weights hold none. */
  readonly alpha?: Float32Array;
}

/**
 * The pull kernel of each push kernel, paper Eq. 2-4: `w_pull = -w + w_max + w_min`, where maximum and minimum run
 * over the whole filter of an output channel. Both kernels of a pair so span the same range, and one is the
 * photographic negative of the other.
 *
 * @param push `[Cout, Cin/groups, kh, kw]`, row-major
 * @param filters Cout
 */
export function pullKernels(push: Float32Array, filters: number): Float32Array {
  const size = push.length / filters;
  const pull = new Float32Array(push.length);
  for (let filter = 0; filter < filters; filter++) {
    const w = push.subarray(filter * size, (filter + 1) * size);
    const [low, high] = range(w);
    for (let i = 0; i < size; i++) pull[filter * size + i] = high + low - w[i];
  }
  return pull;
}

/**
 * Kernels and alpha of the layer `layer`, read from a model's weights: `<layer>.weight` and, for a push-pull layer
 * that learned it, `<layer>.alpha`.
 *
 * @param file How messages name the weights.
 * @throws UserError when the weights are missing or are not those of a two-dimensional convolution
 */
export function readKernels(
  weights: ReadonlyMap<string, Tensor>,
  file: string,
  layer = 'conv1',
): PushPullKernels {
  const weight = weights.get(`${layer}.weight`);
  if (weight?.shape.length !== 4) {
    throw new UserError(
      `${file}: expected the kernels of the first layer as ${layer}.weight [Cout, Cin, kh, kw], found ` +
        `${weight ? `the shape [${weight.shape.join(', ')}]` : 'no tensor of that name'}; give the weights of a ` +
        'network whose first layer is a convolution',
    );
  }
  const shape = weight.shape as unknown as PushPullKernels['shape'];
  const push = floats(weight);
  const alpha = weights.get(`${layer}.alpha`);
  return {
    shape,
    push,
    pull: pullKernels(push, shape[0]),
    ...(alpha?.data.length === shape[0] && { alpha: floats(alpha) }),
  };
}

/** A few figures that describe the learned inhibition strengths. */
export interface AlphaSummary {
  readonly filters: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Filters whose alpha turned negative: their pull response is added instead of taken away. */
  readonly negative: number;
}

export function summarizeAlpha(alpha: Float32Array): AlphaSummary {
  const [min, max] = range(alpha);
  return {
    filters: alpha.length,
    mean: alpha.reduce((sum, value) => sum + value, 0) / alpha.length,
    min,
    max,
    negative: alpha.filter((value) => value < 0).length,
  };
}

/** Smallest and largest value. */
export function range(values: Float32Array): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
