/**
 * A graph as a list of libtorch's calls: what the lowering writes and the torch engine carries out. Plain data, which can
 * be sent to another process.
 */
import type { DType, Shape, Tensor } from '../graph/tensor.ts';

/** Element types on libtorch's side. */
export type TorchDType = DType | 'bfloat16';

/** Where a tensor is kept while a plan runs. */
export type Slot = number;

/** One argument of a call, in the order of the op's schema. */
export type Argument =
  | { readonly kind: 'tensor'; readonly slot: Slot }
  /** `Tensor?`, given. */
  | { readonly kind: 'someTensor'; readonly slot: Slot }
  | { readonly kind: 'tensors'; readonly slots: readonly Slot[] }
  /** `…?`, left out. */
  | { readonly kind: 'none' }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'someInt'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'double'; readonly value: number }
  /** A double that is read from a scalar input at every run, or another one in place of zero. */
  | { readonly kind: 'fedDouble'; readonly input: string; readonly forZero?: number }
  /** Whether a scalar input is zero. */
  | { readonly kind: 'fedZero'; readonly input: string }
  | { readonly kind: 'ints'; readonly values: readonly number[] }
  | { readonly kind: 'someInts'; readonly values: readonly number[] }
  | { readonly kind: 'bools'; readonly values: readonly boolean[] }
  | { readonly kind: 'dtype'; readonly value: TorchDType }
  | { readonly kind: 'someDtype'; readonly value: TorchDType }
  | { readonly kind: 'memoryFormat'; readonly value: MemoryFormat }
  | { readonly kind: 'text'; readonly value: string };

/** Images lie with their channels innermost: convolutions are a third faster so on CPUs, and on GPUs' matrix units. */
export type MemoryFormat = 'channelsLast' | 'contiguous';

/** One call of an ATen op. */
export interface Call {
  /** With its overload where it has one: `mul.Tensor`. */
  readonly op: string;
  readonly args: readonly Argument[];
  /** Where its results go; undefined for one that nobody wants. */
  readonly results: readonly (Slot | undefined)[];
  /** An operand that holds the result when the call, which gives none, is done; the slot that it goes on in. */
  readonly becomes?: { readonly operand: Slot; readonly result: Slot };
  /** Slots that are needed no more after it. */
  readonly releases: readonly Slot[];
  /** What it is for, in messages: op of the graph, module path and types. */
  readonly purpose: string;
}

export interface PlanInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly slot: Slot;
}

export interface PlanOutput extends PlanInput {}

export interface PlanConstant {
  readonly slot: Slot;
  readonly tensor: Tensor;
}

export interface Plan {
  readonly name: string;
  /** How many there are. */
  readonly slots: number;
  readonly inputs: readonly PlanInput[];
  readonly constants: readonly PlanConstant[];
  /** On nothing but constants: carried out once; their results stay. */
  readonly preparation: readonly Call[];
  readonly calls: readonly Call[];
  readonly outputs: readonly PlanOutput[];
}
