/** Activations as modules, for their places in a `Sequential`. */
import * as F from '../graph/functional.ts';
import type { Value } from '../graph/value.ts';
import { Module } from './module.ts';

/** `max(x, 0)`, as `torch.nn.ReLU`. */
export class ReLU extends Module {
  protected override forward(x: Value): Value {
    return F.relu(x);
  }
}

/** `x · sigmoid(x)`, also known as swish, as `torch.nn.SiLU`. */
export class SiLU extends Module {
  protected override forward(x: Value): Value {
    return F.silu(x);
  }
}
