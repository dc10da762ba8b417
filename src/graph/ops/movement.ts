import * as F from '../functional.ts';
import { formatShape, numElements } from '../tensor.ts';
import type { Value } from '../value.ts';
import { broadcastShapes, expectAxis, expectShape } from './shapes.ts';
import type { OpTable } from './spec.ts';

/** `x` with the length of one axis replaced. */
const withLength = (shape: readonly number[], axis: number, length: number): number[] =>
  shape.map((old, i) => (i === axis ? length : old));

/** Put `step - 1` zeros after every element along an axis. */
function spread(x: Value, axis: number, step: number): Value {
  const { shape } = x;
  const stacked = F.reshape(x, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]);
  const padded = F.pad(stacked, axis + 1, 0, step - 1);
  return F.reshape(padded, withLength(shape, axis, shape[axis] * step));
}

type Movement = 'reshape' | 'transpose' | 'expand' | 'slice' | 'flip' | 'pad' | 'concat';

export const movement: Pick<OpTable, Movement> = {
  reshape: {
    arity: 1,
    infer: ([x], { shape }) => {
      if (numElements(x.shape) !== numElements(shape)) {
        throw new Error(`${formatShape(x.shape)} cannot be reshaped to ${formatShape(shape)}`);
      }
      return [{ dtype: x.dtype, shape }];
    },
    gradient: ({ inputs: [x], upstream: [dy] }) => [F.reshape(dy!, x.shape)],
  },
  transpose: {
    arity: 1,
    infer: ([x], { permutation }) => {
      const sorted = [...permutation].sort((a, b) => a - b);
      if (sorted.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
        throw new Error(`[${permutation}] is no permutation of the axes of ${formatShape(x.shape)}`);
      }
      return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis]) }];
    },
    gradient: ({ upstream: [dy], attributes: { permutation } }) => [
      F.transpose(
        dy!,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ],
  },
  expand: {
    arity: 1,
    infer: ([x], { shape }) => {
      expectShape({ dtype: x.dtype, shape: broadcastShapes(x.shape, shape) }, shape, 'broadcast result');
      return [{ dtype: x.dtype, shape }];
    },
    gradient: ({ upstream: [dy] }) => [dy!],
  },
  slice: {
    arity: 1,
    infer: ([x], { axis, start, end, step }) => {
      expectAxis(axis, x.shape);
      if (!(step >= 1 && start >= 0 && start < end && end <= x.shape[axis])) {
        throw new Error(`${start}:${end}:${step} is no slice of an axis of ${x.shape[axis]}`);
      }
      return [{ dtype: x.dtype, shape: withLength(x.shape, axis, Math.ceil((end - start) / step)) }];
    },
    gradient: ({ inputs: [x], upstream: [dy], attributes: { axis, start, step } }) => {
      const length = x.shape[axis];
      let placed = step === 1 ? dy! : spread(dy!, axis, step);
      // Spreading leaves zeros after the last element that may reach past the end.
      if (start + placed.shape[axis] > length) placed = F.slice(placed, axis, 0, length - start);
      return [F.pad(placed, axis, start, length - start - placed.shape[axis])];
    },
  },
  flip: {
    arity: 1,
    infer: ([x], { axis }) => {
      expectAxis(axis, x.shape);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    gradient: ({ upstream: [dy], attributes: { axis } }) => [F.flip(dy!, axis)],
  },
  pad: {
    arity: 1,
    infer: ([x], { axis, before, after, mode }) => {
      expectAxis(axis, x.shape);
      const length = x.shape[axis];
      if (before < 0 || after < 0) throw new Error(`padding (${before}, ${after}) must not be negative`);
      if (mode === 'reflect' && Math.max(before, after) >= length) {
        throw new Error(`reflection of (${before}, ${after}) needs an axis longer than ${length}`);
      }
      return [{ dtype: x.dtype, shape: withLength(x.shape, axis, before + length + after) }];
    },
    gradient: ({ inputs: [x], upstream: [dy], attributes: { axis, before, after, mode } }) => {
      const length = x.shape[axis];
      let dx = F.slice(dy!, axis, before, before + length);
      if (mode === 'constant') return [dx];
      // What lies in the margins came from the mirrored places next to the edges.
      if (before > 0) {
        const margin = F.flip(F.slice(dy!, axis, 0, before), axis);
        dx = F.add(dx, F.pad(margin, axis, 1, length - 1 - before));
      }
      if (after > 0) {
        const margin = F.flip(F.slice(dy!, axis, before + length, before + length + after), axis);
        dx = F.add(dx, F.pad(margin, axis, length - 1 - after, 1));
      }
      return [dx];
    },
  },
  concat: {
    arity: undefined,
    infer: (inputs, { axis }) => {
      const [first] = inputs;
      expectAxis(axis, first.shape);
      let length = 0;
      for (const input of inputs) {
        expectShape(input, withLength(first.shape, axis, input.shape[axis]), 'every input');
        length += input.shape[axis];
      }
      return [{ dtype: first.dtype, shape: withLength(first.shape, axis, length) }];
    },
    gradient: ({ inputs, upstream: [dy], attributes: { axis } }) => {
      let start = 0;
      return inputs.map((input) => {
        const from = start;
        start += input.shape[axis];
        return F.slice(dy!, axis, from, start);
      });
    },
  },
};
