import type { Value, ValueType } from '../value.ts';
import type { OpAttributes, OpName } from './attributes.ts';

/** What a gradient rule sees: the node's values and the gradient of each output that has one. */
export interface GradientContext<A> {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: A;
  /** Gradients of the outputs, in their shapes; `undefined` where nothing flows back. */
  readonly upstream: readonly (Value | undefined)[];
  /** Whether a gradient of input `i` is wanted; rules may skip the work where it is not. */
  needs(input: number): boolean;
}

/** The full definition of one op, but for its lowering. */
export interface OpDefinition<A> {
  /** Number of inputs; `undefined` for one or more. */
  readonly arity: number | undefined;
  /** Types of the outputs. Throws with expectation and finding when the inputs do not fit. */
  infer(inputs: readonly ValueType[], attributes: A): readonly ValueType[];
  /**
   * One gradient for each input, `undefined` where none flows (integer inputs, unneeded ones).
   * A gradient may have the output's broadcast shape; it is summed to the input's shape outside.
   */
  gradient(context: GradientContext<A>): readonly (Value | undefined)[];
}

export type OpTable = { readonly [K in OpName]: OpDefinition<OpAttributes[K]> };
