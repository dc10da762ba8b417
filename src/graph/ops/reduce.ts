import * as F from '../functional.ts';
import { numElements } from '../tensor.ts';
import type { Value, ValueType } from '../value.ts';
import type { ReduceAttributes } from './attributes.ts';
import { expectDType, reducedShape } from './shapes.ts';
import type { GradientContext, OpTable } from './spec.ts';

const infer = ([x]: readonly ValueType[], { axes, keepDims }: ReduceAttributes): ValueType[] => {
  expectDType(x, 'float32');
  if (new Set(axes).size !== axes.length) throw new Error(`axes [${axes}] repeat`);
  return [{ dtype: 'float32', shape: reducedShape(x.shape, axes, keepDims) }];
};

/** A reduced value with its reduced axes back as 1, ready to broadcast against the input. */
const kept = (reduced: Value, x: Value, axes: readonly number[]): Value =>
  F.reshape(reduced, reducedShape(x.shape, axes, true));

/** Ties share the gradient equally, as PyTorch's `amax` and `amin` do. */
const extremum = ({
  inputs: [x],
  outputs: [y],
  upstream: [dy],
  attributes,
}: GradientContext<ReduceAttributes>) => {
  const { axes } = attributes;
  const mask = F.cast(F.equal(x, kept(y, x, axes)), 'float32');
  const share = F.div(kept(dy!, x, axes), F.reduceSum(mask, axes, true));
  return [F.mul(mask, share)];
};

export const reduce: Pick<OpTable, 'reduceSum' | 'reduceMean' | 'reduceMax' | 'reduceMin'> = {
  reduceSum: {
    arity: 1,
    infer,
    gradient: ({ inputs: [x], upstream: [dy], attributes: { axes } }) => [
      F.expand(kept(dy!, x, axes), x.shape),
    ],
  },
  reduceMean: {
    arity: 1,
    infer,
    gradient: ({ inputs: [x], outputs: [y], upstream: [dy], attributes: { axes } }) => {
      const count = numElements(x.shape) / numElements(y.shape);
      return [F.expand(kept(F.mul(dy!, F.constant(dy!, 1 / count)), x, axes), x.shape)];
    },
  },
  reduceMax: { arity: 1, infer, gradient: extremum },
  reduceMin: { arity: 1, infer, gradient: extremum },
};
