import { bool, int, type TorchEmitter, tensor } from './emitter.ts';
import { reshaped } from './movement.ts';
import type { TorchTable } from './rules.ts';
import type { TorchValue } from './values.ts';

/** The last two axes exchanged. */
function turned(emitter: TorchEmitter, x: TorchValue): TorchValue {
  const shape = [...x.shape.slice(0, -2), ...x.shape.slice(-2).reverse()];
  const args = [tensor(x), int(-1), int(-2)];
  return emitter.call('transpose.int', args, { shape, dtype: x.dtype }, { views: x });
}

export const linear: Pick<TorchTable, 'matmul' | 'softmax' | 'logSoftmax' | 'oneHot'> = {
  matmul: ({ emitter, inputs, attributes: { transposeA, transposeB }, node }) => {
    const [a, b] = inputs.map((x) => emitter.compute(x));
    const operands = [transposeA ? turned(emitter, a) : a, transposeB ? turned(emitter, b) : b];
    const type = { shape: node.outputs[0].shape, dtype: a.dtype };
    return [emitter.call('matmul', operands.map(tensor), type)];
  },
  softmax: ({ emitter, inputs: [x] }) => {
    const own = emitter.float(x);
    return [emitter.call('_softmax', [tensor(own), int(-1), bool(false)], own)];
  },
  logSoftmax: ({ emitter, inputs: [x] }) => {
    const own = emitter.float(x);
    return [emitter.call('_log_softmax', [tensor(own), int(-1), bool(false)], own)];
  },
  oneHot: ({ emitter, inputs: [labels], attributes: { classes } }) => {
    const shape = [...labels.shape, classes];
    const column = reshaped(emitter, labels, [...labels.shape, 1]);
    const args = [tensor(column), tensor(emitter.range(classes))];
    const same = emitter.call('eq.Tensor', args, { shape, dtype: 'bool' });
    return [emitter.float(same)];
  },
};
