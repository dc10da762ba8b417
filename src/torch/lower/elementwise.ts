import type { elementwise as definitions } from '../../graph/ops/elementwise.ts';
import { float32, sameShape } from '../../graph/tensor.ts';
import type { CallOptions } from './emitter.ts';
import { bool, double, NONE, type TorchEmitter, tensor, tensors } from './emitter.ts';
import type { TorchRule, TorchTable } from './rules.ts';
import type { TorchValue } from './values.ts';

/** `op_` in place of `op`, over an operand that has the result's shape and type. */
function over(
  op: string,
  operand: TorchValue,
  result: TorchValue,
  others: readonly TorchValue[],
): CallOptions {
  if (!sameShape(operand.shape, result.shape) || operand.dtype !== result.dtype) return {};
  const [name, overload] = op.split('.');
  const inPlace = overload ? `${name}_.${overload}` : `${name}_`;
  return { inPlace: { op: inPlace, operand, args: [operand, ...others].map(tensor) } };
}

/** An op of one input, which may write over it. */
export function unary(emitter: TorchEmitter, op: string, x: TorchValue): TorchValue {
  return emitter.call(op, [tensor(x)], x, over(op, x, x, []));
}

const single =
  (op: string): TorchRule<unknown> =>
  ({ emitter, inputs: [x] }) => [unary(emitter, op, x)];

/** Of these bfloat16 has too few digits. */
const precise =
  (op: string): TorchRule<unknown> =>
  ({ emitter, inputs: [x] }) => [unary(emitter, op, emitter.float(x))];

/** The result's shape, as the graph has it, in the operands' type. */
const resultOf = (operands: readonly TorchValue[], shape: readonly number[]): TorchValue => ({
  slot: -1,
  shape,
  dtype: operands[0].dtype,
});

/** A product; what is known to be ones vanishes. */
export function product(
  emitter: TorchEmitter,
  inputs: readonly TorchValue[],
  shape: readonly number[],
): TorchValue {
  for (const [unit, other] of [inputs, inputs.toReversed()]) {
    if (unit.unit && sameShape(other.shape, shape)) return other;
  }
  const [a, b] = emitter.matched(...inputs);
  const type = resultOf([a, b], shape);
  const first = over('mul.Tensor', a, type, [b]);
  const options = first.inPlace ? first : over('mul.Tensor', b, type, [a]);
  return emitter.call('mul.Tensor', [tensor(a), tensor(b)], type, options);
}

/**
 * `a + 1 · b · 1` over one of the operands, which is the sum to the last bit: the one op that adds in place and takes no
 * Scalar.
 */
function overSum(emitter: TorchEmitter, a: TorchValue, b: TorchValue, type: TorchValue): CallOptions {
  const fits = (value: TorchValue): boolean => sameShape(value.shape, type.shape);
  if (!fits(a) || !fits(b)) return {};
  const one = emitter.cast(emitter.number(1), a.dtype);
  const scalars = emitter.constant(float32([1], [1]));
  const args = [tensors([a]), tensors([b]), tensors([one]), tensor(scalars)];
  return { inPlace: { op: '_foreach_addcmul_.Tensor', operand: a, args, silent: true } };
}

/** With libtorch's plain functions: their third argument, a Scalar, cannot go through its dispatcher. */
const sum =
  (op: 'add.Tensor' | 'sub.Tensor'): TorchRule<unknown> =>
  ({ emitter, inputs, node }) => {
    const [a, b] = emitter.matched(...inputs);
    const type = resultOf([a, b], node.outputs[0].shape);
    const options = op === 'add.Tensor' ? overSum(emitter, a, b, type) : {};
    return [emitter.call(op, [tensor(a), tensor(b), double(1)], type, options)];
  };

const comparison =
  (op: string): TorchRule<unknown> =>
  ({ emitter, inputs, node }) => {
    const [a, b] = emitter.matched(...inputs);
    return [emitter.call(op, [tensor(a), tensor(b)], { shape: node.outputs[0].shape, dtype: 'bool' })];
  };

export const elementwise: Pick<TorchTable, keyof typeof definitions> = {
  add: sum('add.Tensor'),
  sub: sum('sub.Tensor'),
  mul: ({ emitter, inputs, node }) => [product(emitter, inputs, node.outputs[0].shape)],
  div: ({ emitter, inputs, node }) => {
    const [a, b] = emitter.matched(...inputs);
    const type = resultOf([a, b], node.outputs[0].shape);
    return [emitter.call('div.Tensor', [tensor(a), tensor(b)], type, over('div.Tensor', a, type, [b]))];
  },
  greater: comparison('gt.Tensor'),
  equal: comparison('eq.Tensor'),
  neg: single('neg'),
  relu: single('relu'),
  /*
   * The mask is the response's sign, written over the response, which as a rule dies here; then it is multiplied into
   * the gradient in place. `threshold_backward` would be one pass, but takes a Scalar (docs/decisions/torch-engine.md).
   */
  reluGradient: ({ emitter, inputs, node }) => {
    const [y, dy] = emitter.matched(...inputs);
    const mask = unary(emitter, 'sign', y);
    return [product(emitter, [dy, mask], node.outputs[0].shape)];
  },
  sign: single('sign'),
  sqrt: precise('sqrt'),
  exp: precise('exp'),
  log: precise('log'),
  sigmoid: single('sigmoid'),
  silu: ({ emitter, inputs: [x] }) => [emitter.call('silu', [tensor(x)], x)],
  siluGradient: ({ emitter, inputs: [x, , dy] }) => {
    const [own, upstream] = emitter.matched(x, dy);
    return [emitter.call('silu_backward', [tensor(upstream), tensor(own)], own)];
  },
  cast: ({ emitter, inputs: [x], attributes: { to } }) => {
    if (x.dtype === to) return [x];
    const args = [tensor(x), { kind: 'dtype', value: to }, bool(false), bool(false), NONE] as const;
    return [emitter.call('to.dtype', args, { shape: x.shape, dtype: to })];
  },
};
