import type { DType, TensorData } from '../../graph/tensor.ts';

/** What holds the elements of each type. */
export const ARRAYS: { readonly [K in DType]: new (buffer: ArrayBuffer) => TensorData } = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  uint8: Uint8Array,
};
