import * as F from '../functional.ts';
import type { ValueType } from '../value.ts';
import { broadcastShapes, expectDType, expectShape } from './shapes.ts';
import type { OpDefinition, OpTable } from './spec.ts';

type Binary = 'add' | 'sub' | 'mul' | 'div' | 'greater' | 'equal';
type Unary =
  | 'neg'
  | 'relu'
  | 'reluGradient'
  | 'siluGradient'
  | 'sign'
  | 'sqrt'
  | 'exp'
  | 'log'
  | 'sigmoid'
  | 'silu'
  | 'cast';

const arithmetic = ([a, b]: readonly ValueType[]): ValueType[] => {
  expectDType(a, 'float32', 'first input');
  expectDType(b, 'float32', 'second input');
  return [{ dtype: 'float32', shape: broadcastShapes(a.shape, b.shape) }];
};

const comparison = ([a, b]: readonly ValueType[]): ValueType[] => {
  expectDType(b, a.dtype, 'second input');
  return [{ dtype: 'bool', shape: broadcastShapes(a.shape, b.shape) }];
};

const float = ([x]: readonly ValueType[]): ValueType[] => {
  expectDType(x, 'float32');
  return [{ dtype: 'float32', shape: x.shape }];
};

/** float32 inputs of one shape, which the output has too. */
const sameShapes = (inputs: readonly ValueType[]): ValueType[] => {
  const [{ shape }] = inputs;
  for (const input of inputs) {
    expectDType(input, 'float32');
    expectShape(input, shape, 'every input');
  }
  return [{ dtype: 'float32', shape }];
};

type Rule = OpDefinition<Readonly<Record<never, never>>>['gradient'];
const binary = (gradient: Rule) => ({ arity: 2, infer: arithmetic, gradient });
const unary = (gradient: Rule) => ({ arity: 1, infer: float, gradient });
/** Piecewise constant: its derivative is zero wherever it exists. */
const noGradient: Rule = ({ inputs }) => inputs.map(() => undefined);

export const elementwise: Pick<OpTable, Binary | Unary> = {
  add: binary(({ upstream: [dy] }) => [dy!, dy!]),
  sub: binary(({ upstream: [dy], needs }) => [dy!, needs(1) ? F.neg(dy!) : undefined]),
  mul: binary(({ inputs: [a, b], upstream: [dy], needs }) => [
    needs(0) ? F.mul(dy!, b) : undefined,
    needs(1) ? F.mul(dy!, a) : undefined,
  ]),
  // d(a/b) = da/b - (a/b)/b · db
  div: binary(({ inputs: [, b], outputs: [y], upstream: [dy], needs }) => [
    needs(0) ? F.div(dy!, b) : undefined,
    needs(1) ? F.neg(F.div(F.mul(dy!, y), b)) : undefined,
  ]),
  greater: { arity: 2, infer: comparison, gradient: noGradient },
  equal: { arity: 2, infer: comparison, gradient: noGradient },

  neg: unary(({ upstream: [dy] }) => [F.neg(dy!)]),
  // Zero at x = 0, as in PyTorch.
  relu: unary(({ outputs: [y], upstream: [dy] }) => [F.reluGradient(y, dy!)]),
  reluGradient: {
    arity: 2,
    infer: sameShapes,
    // Linear in dy; piecewise constant in y.
    gradient: ({ inputs: [y], upstream: [g] }) => [undefined, F.reluGradient(y, g!)],
  },
  sign: unary(noGradient),
  // d sqrt(x) = dx / (2 sqrt(x))
  sqrt: unary(({ outputs: [y], upstream: [dy] }) => [F.div(dy!, F.mul(F.constant(y, 2), y))]),
  exp: unary(({ outputs: [y], upstream: [dy] }) => [F.mul(dy!, y)]),
  log: unary(({ inputs: [x], upstream: [dy] }) => [F.div(dy!, x)]),
  // dσ = σ (1 - σ)
  sigmoid: unary(({ outputs: [y], upstream: [dy] }) => [F.mul(dy!, F.mul(y, F.sub(F.constant(y, 1), y)))]),
  // d(x σ) = σ + x σ (1 - σ)
  silu: unary(({ inputs: [x], outputs: [y], upstream: [dy] }) => [F.siluGradient(x, y, dy!)]),
  siluGradient: {
    arity: 3,
    infer: sameShapes,
    gradient: () => {
      throw new Error('silu has no second derivative here: no network needs one');
    },
  },
  cast: {
    arity: 1,
    infer: ([x], { to }) => [{ dtype: to, shape: x.shape }],
    // A cast between number types starts or ends outside float32, where nothing is differentiable.
    gradient: noGradient,
  },
};
