import * as F from '../functional.ts';
import type { Value, ValueType } from '../value.ts';
import { expectDType, expectShape } from './shapes.ts';
import type { OpTable } from './spec.ts';

function expectChannels(x: ValueType, perChannel: readonly ValueType[]): void {
  expectDType(x, 'float32');
  if (x.shape.length < 2) throw new Error('input must be [N, C, …]');
  for (const value of perChannel) expectShape(value, [x.shape[1]], 'every per-channel input');
}

/** All axes but the channels'. */
const otherAxes = (x: ValueType): number[] => x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
/** `[C]` as `[1, C, 1, …]`. */
const alongChannels = (value: Value, x: ValueType): Value =>
  F.reshape(
    value,
    x.shape.map((length, axis) => (axis === 1 ? length : 1)),
  );

type Normalization = 'batchNorm' | 'batchNormTraining' | 'batchNormTrainingGradient' | 'runningStatistics';

export const normalization: Pick<OpTable, Normalization> = {
  /** Inputs x, weight, bias, mean, variance. */
  batchNorm: {
    arity: 5,
    infer: ([x, ...perChannel]) => {
      expectChannels(x, perChannel);
      return [x];
    },
    gradient: ({ inputs: [x, weight, , mean, variance], upstream: [dy], attributes: { epsilon } }) => {
      const axes = otherAxes(x);
      const inverse = F.div(F.constant(x, 1), F.sqrt(F.add(variance, F.constant(x, epsilon))));
      const scale = F.mul(weight, inverse);
      const sum = F.reduceSum(dy!, axes);
      const dot = F.reduceSum(F.mul(dy!, F.sub(x, alongChannels(mean, x))), axes);
      const half = F.mul(F.constant(x, -0.5), F.mul(inverse, inverse));
      return [
        F.mul(dy!, alongChannels(scale, x)),
        F.mul(dot, inverse),
        sum,
        F.neg(F.mul(sum, scale)),
        F.mul(F.mul(dot, scale), half),
      ];
    },
  },
  /**
   * Inputs x, weight, bias. Outputs y, the batch's mean and biased variance (both `[C]`), and
   * x - mean, which is kept for the gradient. Only y can be differentiated.
   */
  batchNormTraining: {
    arity: 3,
    infer: ([x, ...perChannel]) => {
      expectChannels(x, perChannel);
      const channels: ValueType = { dtype: 'float32', shape: [x.shape[1]] };
      return [x, channels, channels, x];
    },
    gradient: ({ inputs: [, weight], outputs: [, , variance, centered], upstream, attributes }) => {
      const [dy, ...statistics] = upstream;
      if (statistics.some((gradient) => gradient)) {
        throw new Error('the batch statistics of batchNormTraining cannot be differentiated');
      }
      const [direction, scale, dWeight, dBias] = dy!.graph.apply(
        'batchNormTrainingGradient',
        [dy!, centered, weight, variance],
        attributes,
      );
      return [F.mul(direction, alongChannels(scale, direction)), dWeight, dBias];
    },
  },
  /**
   * Inputs dy, x - mean, weight, variance. Outputs the gradient of x but for a factor a channel, that factor `[C]`, and
   * the gradients of weight and bias. A convolution before the normalisation takes the factor into its weight.
   */
  batchNormTrainingGradient: {
    arity: 4,
    infer: ([dy, centered, ...perChannel]) => {
      expectShape(centered, dy.shape, 'centred input');
      expectChannels(dy, perChannel);
      const channels: ValueType = { dtype: 'float32', shape: [dy.shape[1]] };
      return [dy, channels, channels, channels];
    },
    gradient: () => {
      throw new Error('batchNormTraining has no second derivative here: no network needs one');
    },
  },
  runningStatistics: {
    arity: undefined,
    infer: (inputs, { count, rate: fixed }) => {
      const [mean, variance, batchMean, batchVariance, rate] = inputs;
      const expected = fixed === undefined ? 5 : 4;
      if (inputs.length !== expected) throw new Error(`takes ${expected} inputs, found ${inputs.length}`);
      for (const value of [mean, variance, batchMean, batchVariance]) {
        expectDType(value, 'float32');
        expectShape(value, mean.shape, 'every statistic');
      }
      if (rate) expectShape(rate, [], 'rate');
      // PyTorch refuses a single value a channel; its unbiased variance does not exist.
      if (count < 2) throw new Error('batch normalisation needs more than one value a channel to train');
      return [mean, variance];
    },
    gradient: () => {
      throw new Error('running statistics are not differentiated');
    },
  },
};
