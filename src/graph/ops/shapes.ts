import type { DType, Shape } from '../tensor.ts';
import { formatShape } from '../tensor.ts';
import type { ValueType } from '../value.ts';

/** The shape that broadcasting gives (NumPy's rule). Throws when two lengths differ and none is 1. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new Error(`shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
    }
    return x === 1 ? y : x;
  });
}

export function expectDType(value: ValueType, dtype: DType, what = 'input'): void {
  if (value.dtype !== dtype) throw new Error(`${what} must be ${dtype}, found ${value.dtype}`);
}

export function expectRank(value: ValueType, rank: number, what: string): void {
  if (value.shape.length !== rank) {
    throw new Error(`${what} must have ${rank} axes, found ${formatShape(value.shape)}`);
  }
}

export function expectShape(value: ValueType, shape: Shape, what: string): void {
  if (formatShape(value.shape) !== formatShape(shape)) {
    throw new Error(`${what} must be ${formatShape(shape)}, found ${formatShape(value.shape)}`);
  }
}

export function expectAxis(axis: number, shape: Shape): void {
  if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
    throw new Error(`axis ${axis} does not exist in ${formatShape(shape)}`);
  }
}

/** The shape after reducing `axes`. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  for (const axis of axes) expectAxis(axis, shape);
  return keepDims
    ? shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
    : shape.filter((_, axis) => !axes.includes(axis));
}

/** Output length of a sliding window along one axis. Throws when the window does not fit. */
export function windowLength(
  length: number,
  kernelSize: number,
  stride: number,
  padding: number,
  dilation = 1,
): number {
  const reach = dilation * (kernelSize - 1) + 1;
  const out = Math.floor((length + 2 * padding - reach) / stride) + 1;
  if (out < 1) {
    throw new Error(`a window of ${reach} does not fit an axis of ${length} with padding ${padding}`);
  }
  return out;
}
