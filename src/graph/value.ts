import type { OpAttributes, OpName } from './ops/attributes.ts';
import type { DType, Shape, Tensor } from './tensor.ts';

/** Element type and shape: all that shape rules look at. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One edge of the graph: what a node, an input or a constant yields. */
export interface Value extends ValueType {
  readonly graph: ValueGraph;
  readonly id: number;
  readonly source: Source;
}

export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly tensor: Tensor; readonly name: string | undefined }
  | { readonly kind: 'node'; readonly node: Node; readonly output: number };

/** One application of an op. `scope` is the path of the module that made it, `layer1.0.conv1`. */
export interface Node<K extends OpName = OpName> {
  readonly op: K;
  readonly inputs: readonly Value[];
  readonly attributes: OpAttributes[K];
  readonly outputs: readonly Value[];
  readonly scope: string;
}

/**
 * What a value knows of the graph that it belongs to. `Graph` is the one implementation; what adds nodes to it (the ops
 * as functions, gradient rules) needs no more than this, and `Graph`, which asks the ops for shapes, stands above both.
 */
export interface ValueGraph {
  readonly inputs: readonly Value[];
  readonly nodes: readonly Node[];
  /** The path of the module whose nodes are being added, `layer1.0.conv1`. */
  readonly scope: string;
  input(name: string, dtype: DType, shape: Shape): Value;
  constant(tensor: Tensor, name?: string): Value;
  apply<K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): readonly Value[];
  within<T>(scope: string, build: () => T): T;
}
