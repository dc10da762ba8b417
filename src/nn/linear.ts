import * as F from '../graph/functional.ts';
import type { Value } from '../graph/graph.ts';
import { uniformFanIn } from './init.ts';
import type { ForwardContext } from './module.ts';
import { Module, Parameter } from './module.ts';

/** `x Wᵀ + b` for `[N, inFeatures]`, as `torch.nn.Linear`. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(inFeatures: number, outFeatures: number) {
    super();
    this.weight = new Parameter([outFeatures, inFeatures], uniformFanIn(inFeatures));
    this.bias = new Parameter([outFeatures], uniformFanIn(inFeatures));
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    return F.add(F.matmul(x, context.value(this.weight), false, true), context.value(this.bias));
  }
}
