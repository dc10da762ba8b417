import * as F from '../graph/functional.ts';
import type { Value } from '../graph/graph.ts';

export interface SgdOptions {
  /** Learning rate, a scalar input of the graph. */
  readonly learningRate: Value;
  /** Momentum, a scalar input of the graph. */
  readonly momentum: Value;
  readonly weightDecay: number;
}

/**
 * One step of stochastic gradient descent with momentum in PyTorch's form:
 * `v ← momentum · v + g + weightDecay · p`, `p ← p - learningRate · v`.
 */
export function sgdStep(
  parameter: Value,
  gradient: Value,
  velocity: Value,
  { learningRate, momentum, weightDecay }: SgdOptions,
): { parameter: Value; velocity: Value } {
  const decayed =
    weightDecay === 0 ? gradient : F.add(gradient, F.mul(parameter, F.constant(parameter, weightDecay)));
  const moved = F.add(F.mul(velocity, momentum), decayed);
  return { parameter: F.sub(parameter, F.mul(moved, learningRate)), velocity: moved };
}
