import * as F from '../graph/functional.ts';
import type { Shape } from '../graph/tensor.ts';
import type { Value } from '../graph/value.ts';
import type { ForwardContext } from './module.ts';
import { Module } from './module.ts';

/** Drops what shares a random number with probability `p` and scales the rest up, so that the mean stays. */
abstract class RandomDrop extends Module {
  /** Probability of being dropped. */
  readonly p: number;

  constructor(p: number) {
    super();
    if (!(p >= 0 && p < 1)) {
      throw new RangeError(`p must be a probability of at least 0 and below 1, found ${p}`);
    }
    this.p = p;
  }

  /** Shape of the random numbers for an input of a shape, which they broadcast to. */
  protected abstract draws(shape: Shape): Shape;

  protected override forward(x: Value, context: ForwardContext): Value {
    if (!context.training || this.p === 0) return x;
    const kept = 1 - this.p;
    const mask = F.greater(F.constant(x, kept), context.uniform(this.draws(x.shape)));
    return F.mul(x, F.mul(F.cast(mask, 'float32'), F.constant(x, 1 / kept)));
  }
}

/**
 * In training every value is zero with probability `p` and else multiplied by 1 / (1 - p), as `torch.nn.Dropout`
 * (Srivastava et al. 2014); at inference nothing happens. A value stays where its random number is below 1 - p.
 *
 * @throws RangeError unless 0 ≤ p < 1
 */
export class Dropout extends RandomDrop {
  protected override draws(shape: Shape): Shape {
    return shape;
  }
}

/**
 * `Dropout` of whole rows `[1, …]` of the batch, or (`batch`) of the whole batch at once: put on the residual branch of
 * a block, it takes the block away for some images (stochastic depth, Huang et al. 2016; drop-connect in EfficientNet's
 * code). As `torchvision.ops.StochasticDepth`.
 *
 * @throws RangeError unless 0 ≤ p < 1
 */
export class StochasticDepth extends RandomDrop {
  readonly mode: 'row' | 'batch';

  constructor(p: number, mode: 'row' | 'batch') {
    super(p);
    this.mode = mode;
  }

  protected override draws([n, ...rest]: Shape): Shape {
    return [this.mode === 'row' ? n : 1, ...rest.map(() => 1)];
  }
}
