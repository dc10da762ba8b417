/** Ops for which ONNX has one node, or nearly. */
import type { OpName, ReduceAttributes } from '../../graph/ops/attributes.ts';
import { numElements, type Shape } from '../../graph/tensor.ts';
import type { Emitter } from '../emitter.ts';
import { ELEMENT_TYPE } from '../schema.ts';
import type { LoweringContext, LoweringRule, LoweringTable } from './rules.ts';

const direct =
  (opType: string): LoweringRule<unknown> =>
  ({ emitter, inputs }) => [emitter.emit(opType, inputs)];

/**
 * A scalar as an operand beside a tensor of a shape. ONNX Runtime's CPU kernels look for the trailing axes that need no
 * broadcasting and take the rest one piece at a time; in `[1024, 256, 1, 1]` by a scalar they find pieces of one element,
 * 20 times as slow as with the scalar given all the axes.
 */
function withAllAxes(emitter: Emitter, scalar: string, shape: Shape): string {
  if (emitter.target.device !== 'cpu' || shape[shape.length - 1] !== 1) return scalar;
  return emitter.emit('Reshape', [scalar, emitter.ints(shape.map(() => 1))]);
}

/** An elementwise op of two inputs. */
const binary =
  (opType: string): LoweringRule<unknown> =>
  ({ emitter, inputs, inputTypes, outputTypes: [{ shape }] }) => {
    const operands = inputs.map((name, i) => {
      const { shape: own } = inputTypes[i];
      const scalar = own.length < shape.length && numElements(own) === 1;
      return scalar ? withAllAxes(emitter, name, shape) : name;
    });
    return [emitter.emit(opType, operands)];
  };

// Until opset 18 only ReduceSum takes its axes as an input.
const reduceByAttribute =
  (opType: string): LoweringRule<ReduceAttributes> =>
  ({ emitter, inputs, attributes: { axes, keepDims } }) =>
    axes.length === 0 ? [...inputs] : [emitter.emit(opType, inputs, { axes, keepdims: keepDims ? 1 : 0 })];

const onLastAxis =
  (opType: string): LoweringRule<unknown> =>
  ({ emitter, inputs }) => [emitter.emit(opType, inputs, { axis: -1 })];

/** `Slice` along one axis. */
export function sliceAxis(
  { emitter }: Pick<LoweringContext<unknown>, 'emitter'>,
  input: string,
  axis: number,
  start: number,
  end: number,
  step: number,
): string {
  return emitter.emit('Slice', [
    input,
    emitter.ints([start]),
    emitter.ints([end]),
    emitter.ints([axis]),
    emitter.ints([step]),
  ]);
}

type Simple = Exclude<
  OpName,
  | 'conv2d'
  | 'conv2dInputGradient'
  | 'conv2dWeightGradient'
  | 'avgPool2d'
  | 'avgPool2dGradient'
  | 'maxPool2d'
  | 'maxPool2dGradient'
  | 'batchNorm'
  | 'batchNormTraining'
  | 'batchNormTrainingGradient'
  | 'runningStatistics'
>;

export const simple: Pick<LoweringTable, Simple> = {
  add: binary('Add'),
  sub: binary('Sub'),
  mul: binary('Mul'),
  div: binary('Div'),
  greater: binary('Greater'),
  equal: binary('Equal'),
  neg: direct('Neg'),
  relu: direct('Relu'),
  sign: direct('Sign'),
  // The mask in one pass: a ramp so steep that every normal number is beyond it. Comparing and casting takes two and
  // longer ones, Sign on the CPU three times as long.
  reluGradient: ({ emitter, inputs: [y, dy] }) => {
    const mask =
      emitter.target.device === 'cpu'
        ? emitter.emit('HardSigmoid', [y], { alpha: { float: 3e38 }, beta: { float: 0 } })
        : emitter.emit('Cast', [emitter.emit('Greater', [y, emitter.floats(0)])], {
            to: ELEMENT_TYPE.float32,
          });
    return [emitter.emit('Mul', [dy, mask])];
  },
  siluGradient: ({ emitter, inputs: [x, y, dy] }) => {
    const slope = emitter.emit('Sigmoid', [x]);
    const rest = emitter.emit('Sub', [emitter.floats(1), slope]);
    const total = emitter.emit('Add', [slope, emitter.emit('Mul', [y, rest])]);
    return [emitter.emit('Mul', [dy, total])];
  },
  sqrt: direct('Sqrt'),
  exp: direct('Exp'),
  log: direct('Log'),
  sigmoid: direct('Sigmoid'),
  silu: ({ emitter, inputs: [x] }) => [emitter.emit('Mul', [x, emitter.emit('Sigmoid', [x])])],
  cast: ({ emitter, inputs, attributes: { to } }) => [emitter.emit('Cast', inputs, { to: ELEMENT_TYPE[to] })],
  reduceSum: ({ emitter, inputs, attributes: { axes, keepDims } }) =>
    axes.length === 0
      ? [...inputs]
      : [emitter.emit('ReduceSum', [...inputs, emitter.ints(axes)], { keepdims: keepDims ? 1 : 0 })],
  reduceMean: reduceByAttribute('ReduceMean'),
  reduceMax: reduceByAttribute('ReduceMax'),
  reduceMin: reduceByAttribute('ReduceMin'),
  // A first axis that stays is written as 0, "as it was": deployed graphs have a free batch axis.
  reshape: ({ emitter, inputs, inputTypes: [x], attributes: { shape } }) => [
    emitter.emit('Reshape', [
      ...inputs,
      emitter.ints(shape[0] === x.shape[0] ? [0, ...shape.slice(1)] : shape),
    ]),
  ],
  transpose: ({ emitter, inputs, attributes: { permutation } }) => [
    emitter.emit('Transpose', inputs, { perm: permutation }),
  ],
  expand: ({ emitter, inputs, attributes: { shape } }) => [
    emitter.emit('Expand', [...inputs, emitter.ints(shape)]),
  ],
  slice: (context) => {
    const { axis, start, end, step } = context.attributes;
    return [sliceAxis(context, context.inputs[0], axis, start, end, step)];
  },
  // From the last element down to, and past, the first: no index names "before 0", so the end is
  // far below any.
  flip: (context) => [sliceAxis(context, context.inputs[0], context.attributes.axis, -1, -(2 ** 31), -1)],
  pad: ({ emitter, inputs, inputTypes: [{ shape }], attributes: { axis, before, after, mode } }) => {
    const pads = new Array<number>(2 * shape.length).fill(0);
    pads[axis] = before;
    pads[shape.length + axis] = after;
    return [emitter.emit('Pad', [...inputs, emitter.ints(pads)], { mode })];
  },
  concat: ({ emitter, inputs, attributes: { axis } }) => [emitter.emit('Concat', inputs, { axis })],
  matmul: ({ emitter, inputs, inputTypes, attributes: { transposeA, transposeB } }) => {
    if (inputTypes.every(({ shape }) => shape.length === 2)) {
      return [emitter.emit('Gemm', inputs, { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 })];
    }
    const operands = [transposeA, transposeB].map((transposed, i) => {
      if (!transposed) return inputs[i];
      const axes = inputTypes[i].shape.map((_, axis) => axis);
      return emitter.emit('Transpose', [inputs[i]], {
        perm: [...axes.slice(0, -2), ...axes.slice(-2).reverse()],
      });
    });
    return [emitter.emit('MatMul', operands)];
  },
  softmax: onLastAxis('Softmax'),
  logSoftmax: (context) => {
    const { emitter, inputs, inputTypes } = context;
    // WebGPU has no LogSoftmax; its parts, with the maximum taken off first so that exp cannot overflow.
    if (emitter.target.device !== 'webgpu') return onLastAxis('LogSoftmax')(context);
    const last = inputTypes[0].shape.length - 1;
    const top = emitter.emit('ReduceMax', inputs, { axes: [last], keepdims: 1 });
    const shifted = emitter.emit('Sub', [inputs[0], top]);
    const sum = emitter.emit('ReduceSum', [emitter.emit('Exp', [shifted]), emitter.ints([last])], {
      keepdims: 1,
    });
    return [emitter.emit('Sub', [shifted, emitter.emit('Log', [sum])])];
  },
  // Comparing with 0, 1, … instead of the OneHot op: that one is missing on WebGPU.
  sgd: ({ emitter, inputs: [parameter, gradient, velocity, rate, momentum], attributes, outputTypes }) => {
    const { weightDecay } = attributes;
    const by = (tensor: string, scalar: string): string =>
      emitter.emit('Mul', [tensor, withAllAxes(emitter, scalar, outputTypes[0].shape)]);
    const decay = weightDecay === 0 ? undefined : by(parameter, emitter.floats(weightDecay));
    const decayed = decay ? emitter.emit('Add', [gradient, decay]) : gradient;
    const moved = emitter.emit('Add', [by(velocity, momentum), decayed]);
    return [emitter.emit('Sub', [parameter, by(moved, rate)]), moved];
  },
  oneHot: ({ emitter, inputs, attributes: { classes } }) => {
    const range = Int32Array.from({ length: classes }, (_, i) => i);
    const column = emitter.emit('Unsqueeze', [inputs[0], emitter.ints([-1])]);
    const same = emitter.emit('Equal', [
      column,
      emitter.constant({ dtype: 'int32', shape: [classes], data: range }),
    ]);
    return [emitter.emit('Cast', [same], { to: ELEMENT_TYPE.float32 })];
  },
};
