import type { OpAttributes, OpName } from '../../graph/ops/attributes.ts';
import type { Value, ValueType } from '../../graph/value.ts';
import type { Emitter } from '../emitter.ts';

/** What a lowering rule sees of a node: names and types of its inputs, types of its outputs. */
export interface LoweringContext<A> {
  readonly emitter: Emitter;
  readonly attributes: A;
  readonly inputs: readonly string[];
  readonly inputTypes: readonly ValueType[];
  readonly outputTypes: readonly Value[];
}

/** Emits the ONNX nodes of one op; returns the name of each output. */
export type LoweringRule<A> = (context: LoweringContext<A>) => readonly string[];

export type LoweringTable = { readonly [K in OpName]: LoweringRule<OpAttributes[K]> };
