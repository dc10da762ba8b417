/** Element types that a graph value can have. `float32` is the only differentiable one. */
export type DType = 'float32' | 'int32' | 'int64' | 'bool' | 'uint8';

/** Axis lengths, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** A dense, row-major array with its element type and shape. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TensorData;
}

/** Bytes that one element of a type takes (bool is stored as a byte). */
export const BYTES_PER_ELEMENT: Readonly<Record<DType, number>> = {
  float32: 4,
  int32: 4,
  int64: 8,
  bool: 1,
  uint8: 1,
};

/** Number of elements of a shape; 1 for a scalar. */
export function numElements(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** `[2, 3]` as text, for messages and printed graphs. */
export function formatShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`;
}

/** A float32 tensor; `data` may be plain numbers. */
export function float32(data: Float32Array | readonly number[], shape: Shape): Tensor {
  return checked({
    dtype: 'float32',
    shape,
    data: data instanceof Float32Array ? data : Float32Array.from(data),
  });
}

/** An int32 tensor; `data` may be plain numbers. */
export function int32(data: Int32Array | readonly number[], shape: Shape): Tensor {
  return checked({ dtype: 'int32', shape, data: data instanceof Int32Array ? data : Int32Array.from(data) });
}

/** The float32 values of a tensor. Throws when it holds another type. */
export function floats(tensor: Tensor): Float32Array {
  if (!(tensor.data instanceof Float32Array)) throw new TypeError(`expected float32, found ${tensor.dtype}`);
  return tensor.data;
}

function checked(tensor: Tensor): Tensor {
  if (tensor.data.length !== numElements(tensor.shape)) {
    throw new RangeError(`${tensor.data.length} values do not fill the shape ${formatShape(tensor.shape)}`);
  }
  return tensor;
}
