import type { Conv2dAttributes } from '../../graph/ops/attributes.ts';
import type { Shape } from '../../graph/tensor.ts';
import type { Attribute, Emitter } from '../emitter.ts';
import { isWrongOnWebgpu } from '../webgpu-convolution.ts';
import type { LoweringContext, LoweringTable } from './rules.ts';
import { sliceAxis } from './simple.ts';
import { weightGradient } from './weight-gradient.ts';

function windows(
  weight: Shape,
  { stride, padding, dilation, groups }: Conv2dAttributes,
): Record<string, Attribute> {
  return {
    kernel_shape: [weight[2], weight[3]],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    dilations: [dilation, dilation],
    group: groups,
  };
}

/** `Conv` of an image and a weight of these shapes. */
function conv(
  emitter: Emitter,
  [x, weight]: readonly string[],
  weightShape: Shape,
  attributes: Conv2dAttributes,
): string {
  const { groups } = attributes;
  const [outChannels, inChannels] = weightShape;
  if (emitter.target.device === 'webgpu' && isWrongOnWebgpu(inChannels, outChannels, groups)) {
    // Channels of zeros up to the next multiple of 4 lead to a kernel that is right.
    const zeros = emitter.ints([0, 0, 0, 0, 0, 4 - (inChannels % 4), 0, 0]);
    const widened = [x, weight].map((value) => emitter.emit('Pad', [value, zeros]));
    return emitter.emit('Conv', widened, windows(weightShape, attributes));
  }
  return emitter.emit('Conv', [x, weight], windows(weightShape, attributes));
}

/** `[Cout, Cin/g, kH, kW]` to `[Cin, Cout/g, kH, kW]` with both kernel axes reversed. */
function transposedFlipped(emitter: Emitter, weight: string, shape: Shape, groups: number): string {
  const [outChannels, perGroup, kernelHeight, kernelWidth] = shape;
  let name = weight;
  if (groups === 1) {
    name = emitter.emit('Transpose', [name], { perm: [1, 0, 2, 3] });
  } else {
    const split = [groups, outChannels / groups, perGroup, kernelHeight, kernelWidth];
    const joined = [groups * perGroup, outChannels / groups, kernelHeight, kernelWidth];
    name = emitter.emit('Reshape', [name, emitter.ints(split)]);
    name = emitter.emit('Transpose', [name], { perm: [0, 2, 1, 3, 4] });
    name = emitter.emit('Reshape', [name, emitter.ints(joined)]);
  }
  if (kernelHeight === 1 && kernelWidth === 1) return name;
  const past = -(2 ** 31);
  return emitter.emit('Slice', [
    name,
    emitter.ints([-1, -1]),
    emitter.ints([past, past]),
    emitter.ints([2, 3]),
    emitter.ints([-1, -1]),
  ]);
}

function inputGradient({
  emitter,
  inputs: [dy, weight],
  inputTypes,
  attributes,
}: LoweringContext<Conv2dAttributes & { inputShape: Shape }>): string {
  const { stride, padding, dilation, groups, inputShape } = attributes;
  const [dyShape, weightShape] = inputTypes.map((type) => type.shape);
  const [, , kernelHeight, kernelWidth] = weightShape;
  const around = dilation * (kernelHeight - 1) - padding;
  if (stride === 1 && kernelHeight === kernelWidth && around >= 0) {
    // The transpose of a stride-1 correlation is the correlation with the reversed kernel.
    const flipped = transposedFlipped(emitter, weight, weightShape, groups);
    const [outChannels, perGroup] = weightShape;
    const transposed = [perGroup * groups, outChannels / groups, kernelHeight, kernelWidth];
    return conv(emitter, [dy, flipped], transposed, { stride: 1, padding: around, dilation, groups });
  }
  const rest = (axis: 2 | 3): number =>
    inputShape[axis] + 2 * padding - ((dyShape[axis] - 1) * stride + dilation * (weightShape[axis] - 1) + 1);
  const spread = (dyPart: string, weightPart: string, parts: number): string =>
    emitter.emit('ConvTranspose', [dyPart, weightPart], {
      ...windows(weightShape, { ...attributes, groups: groups / parts }),
      output_padding: [rest(2), rest(3)],
    });
  const perGroup = weightShape[0] / groups;
  if (emitter.target.device !== 'webgpu' || groups === 1 || perGroup === 1) return spread(dy, weight, 1);
  // ONNX Runtime's WebGPU provider (1.30) is wrong, without a word, where a group has several filters.
  const images = Array.from({ length: groups }, (_, g) => {
    const [from, to] = [g * perGroup, (g + 1) * perGroup];
    const [dyPart, weightPart] = [
      sliceAxis({ emitter }, dy, 1, from, to, 1),
      sliceAxis({ emitter }, weight, 0, from, to, 1),
    ];
    return spread(dyPart, weightPart, groups);
  });
  return emitter.emit('Concat', images, { axis: 1 });
}

type Convolution = 'conv2d' | 'conv2dInputGradient' | 'conv2dWeightGradient';

export const convolution: Pick<LoweringTable, Convolution> = {
  conv2d: ({ emitter, inputs, inputTypes, attributes }) => [
    conv(emitter, inputs, inputTypes[1].shape, attributes),
  ],
  conv2dInputGradient: (context) => [inputGradient(context)],
  conv2dWeightGradient: (context) => [weightGradient(context)],
};
