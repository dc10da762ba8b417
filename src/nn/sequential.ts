import type { Value } from '../graph/value.ts';
import type { ForwardContext } from './module.ts';
import { Module } from './module.ts';

/**
 * Modules one after the other, as `torch.nn.Sequential`: they are named by their place, `0`, `1`, …, so that modules
 * without parameters count in the names of those behind them.
 */
export class Sequential extends Module {
  private readonly layers: readonly Module[];

  constructor(layers: readonly Module[]) {
    super();
    this.layers = layers;
  }

  override *children(): Generator<[name: string, child: Module]> {
    for (const [i, layer] of this.layers.entries()) yield [String(i), layer];
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    return this.layers.reduce((value, layer) => layer.call(value, context), x);
  }
}
