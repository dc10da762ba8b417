import type { Conv2dAttributes } from '../../graph/ops/attributes.ts';
import { type Shape, sameShape } from '../../graph/tensor.ts';
import type { Node, Value } from '../../graph/value.ts';
import type { Argument } from '../plan.ts';
import {
  bool,
  bools,
  int,
  ints,
  NONE,
  someInt,
  someTensor,
  type TorchEmitter,
  tensor,
  text,
} from './emitter.ts';
import { reshaped } from './movement.ts';
import type { Surroundings, TorchTable } from './rules.ts';
import type { TorchValue } from './values.ts';

const both = (length: number): Argument => ints([length, length]);

/** Stride, padding, dilation, "not transposed", no output padding, groups. */
const geometry = ({ stride, padding, dilation, groups }: Conv2dAttributes): Argument[] => [
  both(stride),
  both(padding),
  both(dilation),
  bool(false),
  both(0),
  int(groups),
];

/** Gradients of the image, of the weight, or of both in one call, for which the response's gradient is read once. */
function backward(
  emitter: TorchEmitter,
  operands: { readonly dy: TorchValue; readonly x: TorchValue; readonly weight: TorchValue },
  attributes: Conv2dAttributes,
  wanted: { readonly x: boolean; readonly weight: boolean },
): { dx: TorchValue | undefined; dWeight: TorchValue | undefined } {
  const { dy, x, weight } = operands;
  if (wanted.weight && overflows(weight.shape, emitter, attributes)) {
    const { dx } = wanted.x
      ? backward(emitter, operands, attributes, { x: true, weight: false })
      : { dx: undefined };
    const seen = { dy, weight, x: everyStride(emitter, x, dy.shape, attributes) };
    const dense = { stride: 1, padding: 0, dilation: 1, groups: 1 };
    return { dx, dWeight: backward(emitter, seen, dense, { x: false, weight: true }).dWeight };
  }
  const [dx, dWeight] = emitter.callMany(
    'convolution_backward',
    [...[dy, x, weight].map(tensor), NONE, ...geometry(attributes), bools([wanted.x, wanted.weight, false])],
    [wanted.x ? x : undefined, wanted.weight ? weight : undefined, undefined],
  );
  return { dx, dWeight };
}

/** Channels below which oneDNN's kernel for strided 1×1 convolutions goes wrong; 4 crash, 8 do not. */
const SAFE_CHANNELS = 16;

/**
 * Whether oneDNN would write beyond the end of its memory: the weight gradient of a strided 1×1 convolution of few
 * channels, with the channels innermost (PyTorch 2.15 crashes on it from Python, too).
 */
function overflows(weight: Shape, { target }: TorchEmitter, { stride, groups }: Conv2dAttributes): boolean {
  const [, channels, height, width] = weight;
  return (
    target.device === 'cpu' && height * width === 1 && stride > 1 && groups === 1 && channels < SAFE_CHANNELS
  );
}

/** The places of an image that a strided 1×1 convolution looks at. */
function everyStride(
  emitter: TorchEmitter,
  x: TorchValue,
  response: Shape,
  { stride, padding }: Conv2dAttributes,
): TorchValue {
  const padded = padding === 0 ? x : zeroPadded(emitter, x, padding);
  return [2, 3].reduce((image, axis) => {
    const shape = image.shape.map((length, i) => (i === axis ? response[axis] : length));
    const end = (response[axis] - 1) * stride + 1;
    const args = [tensor(image), int(axis), someInt(0), someInt(end), int(stride)];
    return emitter.call('slice.Tensor', args, { shape, dtype: image.dtype }, { views: image });
  }, padded);
}

function zeroPadded(emitter: TorchEmitter, x: TorchValue, padding: number): TorchValue {
  const [n, c, height, width] = x.shape;
  const shape = [n, c, height + 2 * padding, width + 2 * padding];
  const margins = ints([padding, padding, padding, padding]);
  return emitter.call('pad', [tensor(x), margins, text('constant'), NONE], { shape, dtype: x.dtype });
}

/** The weight gradient of the same convolution, which the graph has beside the image's. */
function twin(node: Node, weight: Shape, graph: Surroundings): Node | undefined {
  const { inputShape, ...own } = node.attributes as Conv2dAttributes & { readonly inputShape: Shape };
  return graph.readers(node.inputs[0]).find((other) => {
    if (other.op !== 'conv2dWeightGradient' || other.inputs[1] !== node.inputs[0]) return false;
    const { weightShape, ...theirs } = other.attributes as Conv2dAttributes & { readonly weightShape: Shape };
    return (
      sameShape(other.inputs[0].shape, inputShape) &&
      sameShape(weightShape, weight) &&
      (Object.keys(own) as (keyof Conv2dAttributes)[]).every((key) => own[key] === theirs[key])
    );
  });
}

/** What is added to a response channel by channel, `[C]`, where the addition can be left to the convolution. */
function biasOf(node: Node, emitter: TorchEmitter, graph: Surroundings): TorchValue | undefined {
  const adder = biasAdder(node, graph);
  const value = adder?.inputs[1];
  const channels = node.outputs[0].shape[1];
  const flat = value && flatBias(value, graph);
  return flat && emitter.compute(reshaped(emitter, flat, [channels]));
}

/** The only reader of a response, where it adds one number a channel that is there before the convolution. */
function biasAdder(node: Node, graph: Surroundings): Node | undefined {
  const [response] = node.outputs;
  const [only, ...others] = graph.readers(response);
  if (only?.op !== 'add' || others.length > 0 || graph.isOutput(response)) return undefined;
  const [first, second] = only.inputs;
  const perChannel = sameShape(second.shape, [1, response.shape[1], 1, 1]);
  return first === response && perChannel && flatBias(second, graph) ? only : undefined;
}

function flatBias(value: Value, graph: Surroundings): TorchValue | undefined {
  const { source } = value;
  if (source.kind !== 'node') return graph.find(value);
  const [inner] = source.node.inputs;
  return source.node.op === 'reshape' && inner.source.kind !== 'node' ? graph.find(inner) : undefined;
}

/** Whether an addition has been left to the convolution before it. */
export function isBiasAddition(node: Node, graph: Surroundings): boolean {
  const { source } = node.inputs[0];
  return source.kind === 'node' && source.node.op === 'conv2d' && biasAdder(source.node, graph) === node;
}

type Convolution = 'conv2d' | 'conv2dInputGradient' | 'conv2dWeightGradient';

export const convolution: Pick<TorchTable, Convolution> = {
  conv2d: ({ emitter, inputs, attributes, node, graph }) => {
    const [x, weight] = inputs.map((value) => emitter.compute(value));
    const bias = biasOf(node, emitter, graph);
    const type = { shape: node.outputs[0].shape, dtype: x.dtype };
    const args = [tensor(x), tensor(weight), someTensor(bias), ...geometry(attributes)];
    return [emitter.call('convolution', args, type)];
  },
  conv2dInputGradient: ({ emitter, inputs, attributes, node, graph }) => {
    const [dy, weight] = inputs.map((value) => emitter.compute(value));
    const other = twin(node, weight.shape, graph);
    const image = other && graph.find(other.inputs[0]);
    if (other && image) {
      const operands = { dy, weight, x: emitter.compute(image) };
      const { dx, dWeight } = backward(emitter, operands, attributes, { x: true, weight: true });
      graph.settle(other.outputs[0], dWeight!);
      return [dx!];
    }
    const x = emitter.placeholder(attributes.inputShape, dy.dtype);
    return [backward(emitter, { dy, x, weight }, attributes, { x: true, weight: false }).dx!];
  },
  conv2dWeightGradient: ({ emitter, inputs, attributes }) => {
    const [x, dy] = inputs.map((value) => emitter.compute(value));
    const weight = emitter.placeholder(attributes.weightShape, x.dtype);
    return [backward(emitter, { dy, x, weight }, attributes, { x: false, weight: true }).dWeight!];
  },
};
