import * as F from '../functional.ts';
import { formatShape } from '../tensor.ts';
import type { ValueType } from '../value.ts';
import { broadcastShapes, expectDType } from './shapes.ts';
import type { OpTable } from './spec.ts';

/** Rows and columns of a matrix, or of a batch of them, after transposing. */
function matrixOf({ shape }: ValueType, transposed: boolean, what: string): [rows: number, columns: number] {
  if (shape.length < 2) throw new Error(`${what} must have at least 2 axes, found ${formatShape(shape)}`);
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

export const linear: Pick<OpTable, 'matmul' | 'softmax' | 'logSoftmax' | 'oneHot'> = {
  matmul: {
    arity: 2,
    infer: ([a, b], { transposeA, transposeB }) => {
      expectDType(a, 'float32', 'first input');
      expectDType(b, 'float32', 'second input');
      const [rows, inner] = matrixOf(a, transposeA, 'first input');
      const [innerB, columns] = matrixOf(b, transposeB, 'second input');
      if (inner !== innerB) throw new Error(`inner lengths ${inner} and ${innerB} differ`);
      const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
      return [{ dtype: 'float32', shape: [...batch, rows, columns] }];
    },
    // Y = AB gives dA = dY Bᵀ and dB = Aᵀ dY; with a transposed operand the product is transposed.
    gradient: ({ inputs: [a, b], upstream: [dy], attributes: { transposeA: ta, transposeB: tb }, needs }) => [
      needs(0) ? (ta ? F.matmul(b, dy!, tb, true) : F.matmul(dy!, b, false, !tb)) : undefined,
      needs(1) ? (tb ? F.matmul(dy!, a, true, ta) : F.matmul(a, dy!, !ta, false)) : undefined,
    ],
  },
  softmax: {
    arity: 1,
    infer: ([x]) => {
      expectDType(x, 'float32');
      return [x];
    },
    // dx = y · (dy - Σ dy·y)
    gradient: ({ outputs: [y], upstream: [dy] }) => {
      const last = [y.shape.length - 1];
      return [F.mul(y, F.sub(dy!, F.reduceSum(F.mul(dy!, y), last, true)))];
    },
  },
  logSoftmax: {
    arity: 1,
    infer: ([x]) => {
      expectDType(x, 'float32');
      return [x];
    },
    // dx = dy - softmax(x) · Σ dy
    gradient: ({ inputs: [x], upstream: [dy] }) => {
      const last = [x.shape.length - 1];
      return [F.sub(dy!, F.mul(F.softmax(x), F.reduceSum(dy!, last, true)))];
    },
  },
  oneHot: {
    arity: 1,
    infer: ([labels], { classes }) => {
      expectDType(labels, 'int32', 'labels');
      return [{ dtype: 'float32', shape: [...labels.shape, classes] }];
    },
    gradient: () => [undefined],
  },
};
