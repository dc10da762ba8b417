import type { Shape } from '../../graph/tensor.ts';
import type { Slot, TorchDType } from '../plan.ts';

/** A tensor of libtorch's, as the lowering knows it. */
export interface TorchValue {
  readonly slot: Slot;
  readonly dtype: TorchDType;
  readonly shape: Shape;
  /** Ones: multiplying by it changes nothing, and is left out. */
  readonly unit?: boolean;
  /** Of a batch norm's input, for its gradient: what the kernel kept. */
  readonly normalised?: { readonly x: TorchValue; readonly mean: TorchValue; readonly inverse: TorchValue };
  /** Of a maximum pooling: where each maximum was. */
  readonly indices?: TorchValue;
}

/** A parameter, its gradient and its velocity, for the one call that moves all parameters. */
export interface Moved {
  readonly parameter: TorchValue;
  readonly gradient: TorchValue;
  readonly velocity: TorchValue;
  readonly weightDecay: number;
  readonly learningRate: FedScalar;
  readonly momentum: FedScalar;
}

/** A scalar input: its name, for who reads it on the host, and its tensor. */
export interface FedScalar {
  readonly input: string;
  readonly value: TorchValue;
}
