import { halfToFloat } from '../graph/float16.ts';
import type { DType, TensorData } from '../graph/tensor.ts';

/** How elements lie in a file, and what they become. */
export interface ElementType {
  readonly bytes: number;
  readonly dtype: DType;
  /** @param bytes a whole number of elements, little endian, which the result may take over */
  readonly read: (bytes: ArrayBuffer) => TensorData;
}

/** Element types that can be read, by safetensors' names. Floats of other widths become float32, small integers int32. */
export const ELEMENTS: Readonly<Record<string, ElementType>> = {
  F32: { bytes: 4, dtype: 'float32', read: (bytes) => new Float32Array(bytes) },
  F64: { bytes: 8, dtype: 'float32', read: (bytes) => Float32Array.from(new Float64Array(bytes)) },
  F16: { bytes: 2, dtype: 'float32', read: halfFloats },
  BF16: { bytes: 2, dtype: 'float32', read: brainFloats },
  I64: { bytes: 8, dtype: 'int64', read: (bytes) => new BigInt64Array(bytes) },
  I32: { bytes: 4, dtype: 'int32', read: (bytes) => new Int32Array(bytes) },
  I16: { bytes: 2, dtype: 'int32', read: (bytes) => Int32Array.from(new Int16Array(bytes)) },
  I8: { bytes: 1, dtype: 'int32', read: (bytes) => Int32Array.from(new Int8Array(bytes)) },
  U8: { bytes: 1, dtype: 'uint8', read: (bytes) => new Uint8Array(bytes) },
  BOOL: { bytes: 1, dtype: 'bool', read: (bytes) => new Uint8Array(bytes) },
};

function halfFloats(bytes: ArrayBuffer): Float32Array {
  const halves = new Uint16Array(bytes);
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = halfToFloat(halves[i]);
  return floats;
}

/** bfloat16 is the upper half of a float32. */
function brainFloats(bytes: ArrayBuffer): Float32Array {
  const upper = new Uint16Array(bytes);
  const bits = new Uint32Array(upper.length);
  for (let i = 0; i < upper.length; i++) bits[i] = upper[i] << 16;
  return new Float32Array(bits.buffer);
}
