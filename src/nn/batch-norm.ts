import * as F from '../graph/functional.ts';
import { numElements } from '../graph/tensor.ts';
import type { Value } from '../graph/value.ts';
import { constant } from './init.ts';
import type { ForwardContext } from './module.ts';
import { Module, Parameter } from './module.ts';

export interface BatchNorm2dOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Weight of the new batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
}

/**
 * Batch normalisation of `[N, C, H, W]` as `torch.nn.BatchNorm2d`: the batch's statistics in training
 * (the running variance takes the unbiased one), the running statistics otherwise.
 */
export class BatchNorm2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly running_mean: Parameter;
  readonly running_var: Parameter;
  private readonly eps: number;
  private readonly momentum: number;

  constructor(channels: number, { eps = 1e-5, momentum = 0.1 }: BatchNorm2dOptions = {}) {
    super();
    this.weight = new Parameter([channels], constant(1));
    this.bias = new Parameter([channels], constant(0));
    this.running_mean = new Parameter([channels], constant(0), false);
    this.running_var = new Parameter([channels], constant(1), false);
    this.eps = eps;
    this.momentum = momentum;
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    const [weight, bias] = [context.value(this.weight), context.value(this.bias)];
    const [mean, variance] = [context.value(this.running_mean), context.value(this.running_var)];
    if (!context.training) return F.batchNorm(x, weight, bias, mean, variance, this.eps);
    const batch = F.batchNormTraining(x, weight, bias, this.eps);
    const count = numElements(x.shape) / x.shape[1];
    const rate = context.statisticsRate ?? this.momentum;
    const next = F.runningStatistics({ mean, variance }, batch, rate, count);
    context.update(this.running_mean, next.mean);
    context.update(this.running_var, next.variance);
    return batch.y;
  }
}
