import type { Pool2dAttributes } from '../../graph/ops/attributes.ts';
import type { Argument } from '../plan.ts';
import { bool, ints, NONE, type TorchEmitter, tensor } from './emitter.ts';
import type { TorchTable } from './rules.ts';
import type { TorchValue } from './values.ts';

const both = (length: number): Argument => ints([length, length]);
const windows = ({ kernelSize, stride, padding }: Pool2dAttributes): Argument[] => [
  both(kernelSize),
  both(stride),
  both(padding),
];

/** Rounded down; padded places do not count; the divisor is what lies inside. */
const INSIDE: readonly Argument[] = [bool(false), bool(false), NONE];

function maximum(
  emitter: TorchEmitter,
  x: TorchValue,
  shape: readonly number[],
  attributes: Pool2dAttributes,
): TorchValue {
  const args = [tensor(x), ...windows(attributes), both(1), bool(false)];
  const [y, indices] = emitter.callMany('max_pool2d_with_indices', args, [
    { shape, dtype: x.dtype },
    { shape, dtype: 'int64' },
  ]);
  return { ...y!, indices };
}

type Pooling = 'avgPool2d' | 'avgPool2dGradient' | 'maxPool2d' | 'maxPool2dGradient';

export const pooling: Pick<TorchTable, Pooling> = {
  avgPool2d: ({ emitter, inputs: [x], attributes, node }) => {
    const type = { shape: node.outputs[0].shape, dtype: x.dtype };
    return [emitter.call('avg_pool2d', [tensor(x), ...windows(attributes), ...INSIDE], type)];
  },
  avgPool2dGradient: ({ emitter, inputs: [dy], attributes }) => {
    // Of the image only the size is looked at.
    const image = emitter.placeholder(attributes.inputShape, dy.dtype);
    const args = [tensor(dy), tensor(image), ...windows(attributes), ...INSIDE];
    return [emitter.call('avg_pool2d_backward', args, image)];
  },
  maxPool2d: ({ emitter, inputs: [x], attributes, node }) => [
    maximum(emitter, x, node.outputs[0].shape, attributes),
  ],
  maxPool2dGradient: ({ emitter, inputs, attributes }) => {
    const [x, y, dy] = inputs;
    const indices = y.indices ?? maximum(emitter, x, y.shape, attributes).indices!;
    const [own, upstream] = emitter.matched(x, dy);
    const window = [...windows(attributes), both(1), bool(false)];
    const args = [tensor(upstream), tensor(own), ...window, tensor(indices)];
    return [emitter.call('max_pool2d_with_indices_backward', args, own)];
  },
};
