import type { Shape, Tensor } from '../../graph/tensor.ts';
import { float32, formatShape, int32, numElements } from '../../graph/tensor.ts';
import type { Argument, PlanConstant, Slot, TorchDType } from '../plan.ts';
import { type Draft, slotsOf } from './liveness.ts';
import type { Moved, TorchValue } from './values.ts';

/** What the lowering aims at. */
export interface TorchTarget {
  readonly device: 'cpu' | 'cuda';
  /** What convolutions, matrix products and activations are computed in. */
  readonly precision: 'float32' | 'bfloat16';
}

/** What is known of a call's result before it runs. */
export interface ResultType {
  readonly shape: Shape;
  readonly dtype: TorchDType;
}

export interface CallOptions {
  /** A call that writes its result over an operand; taken where that operand is needed no more. */
  readonly inPlace?: {
    readonly op: string;
    readonly operand: TorchValue;
    readonly args: readonly Argument[];
    /** It gives no result: the operand itself goes on as one. */
    readonly silent?: boolean;
  };
  /** The result may lie in this tensor's memory. */
  readonly views?: TorchValue;
}

/** Values of the largest constant that is worth comparing with others. */
const LARGEST_SHARED = 16;

/** Collects calls, slots and constants. */
export class TorchEmitter {
  readonly target: TorchTarget;
  readonly calls: Draft[] = [];
  /** Calls on nothing but constants, which are made once. */
  readonly preparation: Draft[] = [];
  readonly constants: PlanConstant[] = [];
  /** Parameters that are moved where they lie, when everything else is done that reads them. */
  readonly moved: Moved[] = [];
  /** What the calls are for, in messages. */
  purpose = '';
  private slots = 0;
  /** Slots that hold the same at every run. */
  readonly fixed = new Set<Slot>();
  private readonly shared = new Map<string, TorchValue>();
  private readonly casts = new Map<string, TorchValue>();

  constructor(target: TorchTarget) {
    this.target = target;
  }

  get slotCount(): number {
    return this.slots;
  }

  /** A tensor that comes from outside: an input, a constant. */
  place({ shape, dtype }: ResultType): TorchValue {
    return { slot: this.slots++, shape, dtype };
  }

  /** A call with one result. */
  call(op: string, args: readonly Argument[], type: ResultType, options: CallOptions = {}): TorchValue {
    return this.callMany(op, args, [type], options)[0]!;
  }

  /** A call with several results; those without a type are thrown away. */
  callMany<const T extends readonly (ResultType | undefined)[]>(
    op: string,
    args: readonly Argument[],
    types: T,
    { inPlace, views }: CallOptions = {},
  ): { readonly [I in keyof T]: T[I] extends ResultType ? TorchValue : undefined | TorchValue } {
    const results = types.map((type) => type && this.place(type));
    const known = args.flatMap(slotsOf);
    const once = known.length > 0 && known.every((slot) => this.fixed.has(slot));
    if (once) for (const value of results) if (value) this.fixed.add(value.slot);
    (once ? this.preparation : this.calls).push({
      op,
      args,
      results: results.map((value) => value?.slot),
      purpose: this.purpose,
      views: views?.slot,
      inPlace: inPlace && { silent: false, ...inPlace, operand: inPlace.operand.slot },
    });
    return results as never;
  }

  /** A constant; equal small ones are kept once. */
  constant(tensor: Tensor): TorchValue {
    const key =
      tensor.data.length <= LARGEST_SHARED
        ? `${tensor.dtype} ${formatShape(tensor.shape)} ${tensor.data.join()}`
        : undefined;
    const known = key === undefined ? undefined : this.shared.get(key);
    if (known) return known;
    const value = this.scratch(tensor);
    this.fixed.add(value.slot);
    if (key !== undefined) this.shared.set(key, value);
    return value;
  }

  /** A tensor of the plan's own that calls write over. */
  scratch(tensor: Tensor): TorchValue {
    const value = this.place(tensor);
    this.constants.push({ slot: value.slot, tensor });
    return value;
  }

  number(value: number): TorchValue {
    return this.constant(float32([value], []));
  }

  /** 0, 1, 2, … as int32. */
  range(length: number): TorchValue {
    return this.constant(
      int32(
        Int32Array.from({ length }, (_, i) => i),
        [length],
      ),
    );
  }

  /** Ones of a shape, known to be ones. */
  ones(shape: Shape): TorchValue {
    return { ...this.constant(float32(new Float32Array(numElements(shape)).fill(1), shape)), unit: true };
  }

  /** The same values in another type; asked for again, the same tensor. */
  cast(value: TorchValue, dtype: TorchDType): TorchValue {
    if (value.dtype === dtype) return value;
    const key = `${value.slot} ${dtype}`;
    const known = this.casts.get(key);
    if (known) return known;
    const args = [tensor(value), { kind: 'dtype', value: dtype }, bool(false), bool(false), NONE] as const;
    const made = this.call('to.dtype', args, { shape: value.shape, dtype });
    this.casts.set(key, made);
    return made;
  }

  float(value: TorchValue): TorchValue {
    return this.cast(value, 'float32');
  }

  /** In the type of convolutions and matrix products. */
  compute(value: TorchValue): TorchValue {
    return this.cast(value, this.target.precision);
  }

  /**
   * Operands of an elementwise op in one type. Where one is bfloat16 and another float32, that of the largest operand
   * counts: a parameter that is spread over a response must not turn the response into float32.
   */
  matched(...values: readonly TorchValue[]): TorchValue[] {
    const types = new Set(values.map(({ dtype }) => dtype));
    if (types.size === 1) return [...values];
    const largest = Math.max(...values.map(({ shape }) => numElements(shape)));
    const deciding = values.filter(({ shape }) => numElements(shape) === largest);
    const dtype = deciding.some((value) => value.dtype === 'float32') ? 'float32' : deciding[0].dtype;
    return values.map((value) => this.cast(value, dtype));
  }

  /** An uninitialised tensor in the layout of images, for what an op asks of an operand but its values. */
  placeholder(shape: Shape, dtype: TorchDType): TorchValue {
    return this.call('empty', [ints(shape), { kind: 'dtype', value: dtype }], { shape, dtype });
  }
}

export const NONE: Argument = { kind: 'none' };
export const tensor = ({ slot }: TorchValue): Argument => ({ kind: 'tensor', slot });
export const someTensor = (value: TorchValue | undefined): Argument =>
  value ? { kind: 'someTensor', slot: value.slot } : NONE;
export const tensors = (values: readonly TorchValue[]): Argument => ({
  kind: 'tensors',
  slots: values.map(({ slot }): Slot => slot),
});
export const int = (value: number): Argument => ({ kind: 'int', value });
export const someInt = (value: number): Argument => ({ kind: 'someInt', value });
export const bool = (value: boolean): Argument => ({ kind: 'bool', value });
export const double = (value: number): Argument => ({ kind: 'double', value });
export const ints = (values: readonly number[]): Argument => ({ kind: 'ints', values });
export const someInts = (values: readonly number[]): Argument => ({ kind: 'someInts', values });
export const bools = (values: readonly boolean[]): Argument => ({ kind: 'bools', values });
export const someDtype = (value: TorchDType): Argument => ({ kind: 'someDtype', value });
export const text = (value: string): Argument => ({ kind: 'text', value });
