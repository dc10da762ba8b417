import * as F from '../graph/functional.ts';
import type { Value } from '../graph/value.ts';
import { Conv2d } from './conv.ts';
import { constant } from './init.ts';
import type { ForwardContext } from './module.ts';
import { Module } from './module.ts';

/**
 * Scales each channel of `[N, channels, H, W]` by a number in (0, 1) that depends on the means of all channels (Hu et
 * al. 2018), as `torchvision.ops.SqueezeExcitation` with SiLU between its two 1×1 convolutions `fc1`, `fc2`.
 * Their biases start at zero.
 */
export class SqueezeExcitation extends Module {
  readonly fc1: Conv2d;
  readonly fc2: Conv2d;

  constructor(channels: number, squeezeChannels: number) {
    super();
    const options = { bias: true, init: { bias: constant(0) } };
    this.fc1 = new Conv2d(channels, squeezeChannels, 1, options);
    this.fc2 = new Conv2d(squeezeChannels, channels, 1, options);
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    const squeezed = F.silu(this.fc1.call(F.reduceMean(x, [2, 3], true), context));
    return F.mul(x, F.sigmoid(this.fc2.call(squeezed, context)));
  }
}
