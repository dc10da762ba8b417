import * as F from '../graph/functional.ts';
import type { Pool2dAttributes } from '../graph/ops/attributes.ts';
import type { Value } from '../graph/value.ts';
import { Module } from './module.ts';

/** Maximum over windows of `[N, C, H, W]`, as `torch.nn.MaxPool2d`, for its place in a `Sequential`. */
export class MaxPool2d extends Module {
  private readonly geometry: Pool2dAttributes;

  constructor(geometry: Pool2dAttributes) {
    super();
    this.geometry = geometry;
  }

  protected override forward(x: Value): Value {
    return F.maxPool2d(x, this.geometry);
  }
}
