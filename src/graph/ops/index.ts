import type { ValueType } from '../value.ts';
import type { OpAttributes, OpName } from './attributes.ts';
import { convolution } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { linear } from './linear.ts';
import { movement } from './movement.ts';
import { normalization } from './normalization.ts';
import { optimizer } from './optimizer.ts';
import { pooling } from './pooling.ts';
import { reduce } from './reduce.ts';
import type { OpDefinition, OpTable } from './spec.ts';

/** The definition of every op. */
export const OPS: OpTable = {
  ...elementwise,
  ...reduce,
  ...movement,
  ...linear,
  ...convolution,
  ...pooling,
  ...normalization,
  ...optimizer,
};

/** Types of the outputs of an op. Throws with expectation and finding when the inputs do not fit. */
export function inferOutputs<K extends OpName>(
  op: K,
  inputs: readonly ValueType[],
  attributes: OpAttributes[K],
): readonly ValueType[] {
  const definition: OpDefinition<OpAttributes[K]> = OPS[op];
  const { arity } = definition;
  if (arity === undefined ? inputs.length === 0 : inputs.length !== arity) {
    throw new Error(`takes ${arity ?? 'one or more'} inputs, found ${inputs.length}`);
  }
  return definition.infer(inputs, attributes);
}
