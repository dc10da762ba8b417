import * as F from '../graph/functional.ts';
import type { Value } from '../graph/value.ts';
import type { LayerInit } from './init.ts';
import { uniformFanIn } from './init.ts';
import type { ForwardContext } from './module.ts';
import { Module, Parameter } from './module.ts';

/** `x Wᵀ + b` for `[N, inFeatures]`, as `torch.nn.Linear`. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  /** @param init default: both within ±1/√inFeatures, as in PyTorch */
  constructor(inFeatures: number, outFeatures: number, init: LayerInit = {}) {
    super();
    const usual = uniformFanIn(inFeatures);
    this.weight = new Parameter([outFeatures, inFeatures], init.weight ?? usual);
    this.bias = new Parameter([outFeatures], init.bias ?? usual);
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    return F.add(F.matmul(x, context.value(this.weight), false, true), context.value(this.bias));
  }
}
