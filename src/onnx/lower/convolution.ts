import type { Conv2dAttributes } from '../../graph/ops/spec.ts';
import type { Shape } from '../../graph/tensor.ts';
import type { Attribute, Emitter } from '../emitter.ts';
import type { LoweringContext, LoweringTable } from './rules.ts';
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
    const mirrored = windows(weightShape, { stride: 1, padding: around, dilation, groups });
    return emitter.emit('Conv', [dy, flipped], mirrored);
  }
  const rest = (axis: 2 | 3): number =>
    inputShape[axis] + 2 * padding - ((dyShape[axis] - 1) * stride + dilation * (weightShape[axis] - 1) + 1);
  return emitter.emit('ConvTranspose', [dy, weight], {
    ...windows(weightShape, attributes),
    output_padding: [rest(2), rest(3)],
  });
}

type Convolution = 'conv2d' | 'conv2dInputGradient' | 'conv2dWeightGradient';

export const convolution: Pick<LoweringTable, Convolution> = {
  conv2d: ({ emitter, inputs, inputTypes, attributes }) => [
    emitter.emit('Conv', inputs, windows(inputTypes[1].shape, attributes)),
  ],
  conv2dInputGradient: (context) => [inputGradient(context)],
  conv2dWeightGradient: (context) => [weightGradient(context)],
};
