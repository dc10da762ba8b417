import type { OpAttributes, OpName } from '../../graph/ops/attributes.ts';
import type { Node, Value } from '../../graph/value.ts';
import type { TorchEmitter } from './emitter.ts';
import type { TorchValue } from './values.ts';

/** What a rule may ask of the graph around a node. */
export interface Surroundings {
  /** The nodes that read a value. */
  readers(value: Value): readonly Node[];
  /** The tensor of a value, where it is made already or comes from outside. */
  find(value: Value): TorchValue | undefined;
  /** Give the tensor of a value whose node is yet to come, which then is passed over. */
  settle(value: Value, tensor: TorchValue): void;
  /** Whether the graph gives this value out. */
  isOutput(value: Value): boolean;
  /** Whether a value is part of the state, and another one, which nobody else wants, takes its place after the run. */
  replaces(before: Value, after: Value): boolean;
  /** Name of an input that is fed at every run; undefined for anything else. */
  fedInput(value: Value): string | undefined;
}

/** What a rule sees of a node. */
export interface TorchContext<A> {
  readonly emitter: TorchEmitter;
  readonly attributes: A;
  readonly inputs: readonly TorchValue[];
  readonly node: Node;
  readonly graph: Surroundings;
}

/** Emits the calls of one op; returns the tensor of each output. */
export type TorchRule<A> = (context: TorchContext<A>) => readonly TorchValue[];

/** A rule for every op of the graph: a missing one does not compile. */
export type TorchTable = { readonly [K in OpName]: TorchRule<OpAttributes[K]> };
