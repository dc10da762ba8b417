import type { ReduceAttributes } from '../../graph/ops/attributes.ts';
import { int32, type Shape } from '../../graph/tensor.ts';
import {
  bool,
  int,
  ints,
  NONE,
  someDtype,
  someInt,
  someInts,
  type TorchEmitter,
  tensor,
  tensors,
  text,
} from './emitter.ts';
import type { TorchRule, TorchTable } from './rules.ts';
import type { TorchValue } from './values.ts';

type Movement =
  | 'reshape'
  | 'transpose'
  | 'expand'
  | 'slice'
  | 'pad'
  | 'concat'
  | 'flip'
  | 'reduceSum'
  | 'reduceMean'
  | 'reduceMax'
  | 'reduceMin';

/** The same elements in another shape. */
export function reshaped(emitter: TorchEmitter, x: TorchValue, shape: Shape): TorchValue {
  if (x.unit) return emitter.ones(shape);
  return emitter.call('reshape', [tensor(x), ints(shape)], { shape, dtype: x.dtype }, { views: x });
}

/** A sum or mean, added up in float32 and given so: what it is of may be bfloat16. */
const added =
  (op: string): TorchRule<ReduceAttributes> =>
  ({ emitter, inputs: [x], attributes: { axes, keepDims }, node }) => {
    if (axes.length === 0) return [x];
    const type = { shape: node.outputs[0].shape, dtype: 'float32' } as const;
    return [emitter.call(op, [tensor(x), someInts(axes), bool(keepDims), someDtype('float32')], type)];
  };

const extremum =
  (op: string): TorchRule<ReduceAttributes> =>
  ({ emitter, inputs: [x], attributes: { axes, keepDims }, node }) => {
    if (axes.length === 0) return [x];
    const type = { shape: node.outputs[0].shape, dtype: x.dtype };
    return [emitter.call(op, [tensor(x), ints(axes), bool(keepDims)], type)];
  };

/** Index of each place of a mirrored axis, without repeating the edge. */
function mirrored(length: number, before: number, after: number): Int32Array {
  return Int32Array.from({ length: before + length + after }, (_, i) => {
    const place = Math.abs(i - before);
    return place >= length ? 2 * (length - 1) - place : place;
  });
}

export const movement: Pick<TorchTable, Movement> = {
  reshape: ({ emitter, inputs: [x], attributes: { shape } }) => [reshaped(emitter, x, shape)],
  transpose: ({ emitter, inputs: [x], attributes: { permutation }, node }) => {
    const type = { shape: node.outputs[0].shape, dtype: x.dtype };
    return [emitter.call('permute', [tensor(x), ints(permutation)], type, { views: x })];
  },
  expand: ({ emitter, inputs: [x], attributes: { shape } }) => [
    emitter.call('expand', [tensor(x), ints(shape), bool(false)], { shape, dtype: x.dtype }, { views: x }),
  ],
  slice: ({ emitter, inputs: [x], attributes: { axis, start, end, step }, node }) => [
    emitter.call(
      'slice.Tensor',
      [tensor(x), int(axis), someInt(start), someInt(end), int(step)],
      { shape: node.outputs[0].shape, dtype: x.dtype },
      { views: x },
    ),
  ],
  pad: ({ emitter, inputs: [x], attributes: { axis, before, after, mode }, node }) => {
    const type = { shape: node.outputs[0].shape, dtype: x.dtype };
    if (mode === 'reflect') {
      const length = x.shape[axis];
      const index = mirrored(length, before, after);
      const places = emitter.constant(int32(index, [index.length]));
      return [emitter.call('index_select', [tensor(x), int(axis), tensor(places)], type)];
    }
    // The last axis comes first.
    const margins = [...x.shape.keys()].reverse().flatMap((i) => (i === axis ? [before, after] : [0, 0]));
    return [emitter.call('pad', [tensor(x), ints(margins), text('constant'), NONE], type)];
  },
  concat: ({ emitter, inputs, attributes: { axis }, node }) => {
    const values = emitter.matched(...inputs);
    const type = { shape: node.outputs[0].shape, dtype: values[0].dtype };
    return [emitter.call('cat', [tensors(values), int(axis)], type)];
  },
  flip: ({ emitter, inputs: [x], attributes: { axis } }) => [
    emitter.call('flip', [tensor(x), ints([axis])], x),
  ],
  reduceSum: added('sum.dim_IntList'),
  reduceMean: added('mean.dim'),
  reduceMax: extremum('amax'),
  reduceMin: extremum('amin'),
};
