import { numElements } from '../../graph/tensor.ts';
import type { ValueType } from '../../graph/value.ts';
import { affine, planeProducts } from './planes.ts';
import type { LoweringContext, LoweringTable } from './rules.ts';

const otherAxes = ({ shape }: ValueType): number[] =>
  shape.map((_, axis) => axis).filter((axis) => axis !== 1);

/** 1 / sqrt(variance + epsilon), one a channel. */
function inverseDeviation({ emitter, attributes }: LoweringContext<{ epsilon: number }>, variance: string) {
  const shifted = emitter.emit('Add', [variance, emitter.floats(attributes.epsilon)]);
  return emitter.emit('Reciprocal', [emitter.emit('Sqrt', [shifted])]);
}

type Normalization = 'batchNorm' | 'batchNormTraining' | 'batchNormTrainingGradient' | 'runningStatistics';

export const normalization: Pick<LoweringTable, Normalization> = {
  batchNorm: ({ emitter, inputs, attributes: { epsilon } }) => [
    emitter.emit('BatchNormalization', inputs, { epsilon: { float: epsilon } }),
  ],

  /*
   * ONNX Runtime's inference builds have no training mode of BatchNormalization. The variance is
   * taken from the centred values, not as E[x²] - E[x]², which loses all digits when the mean is
   * large against the deviation; the centred values then serve the gradient in place of x.
   */
  batchNormTraining: (context) => {
    const { emitter, inputs, inputTypes } = context;
    const [x, weight, bias] = inputs;
    const { shape } = inputTypes[0];
    const axes = otherAxes(inputTypes[0]);
    const channels = shape[1];
    const meanKept = emitter.emit('ReduceMean', [x], { axes, keepdims: 1 });
    const mean = emitter.emit('Reshape', [meanKept, emitter.ints([channels])]);
    const centered = emitter.emit('Sub', [x, meanKept]);
    // In two stages, by image and then over images: one number after the other, over all images at once, costs five
    // digits (measured at 64 images of 32×32: relative error 1e-5, in two stages 3e-7).
    const perImage = planeProducts(emitter, centered, centered, shape);
    const squares = emitter.emit('ReduceSum', [perImage, emitter.ints([0])], { keepdims: 0 });
    const count = numElements(shape) / channels;
    const variance = emitter.emit('Mul', [squares, emitter.floats(1 / count)]);
    const scale = emitter.emit('Mul', [weight, inverseDeviation(context, variance)]);
    const y = affine(emitter, centered, scale, bias, shape);
    return [y, mean, variance, centered];
  },

  /*
   * With c = x - mean, i = 1/deviation, m elements a channel:
   *   dBias = Σ dy,  dWeight = i Σ dy·c,
   *   dx = weight·i · (dy - dBias/m - c·i·dWeight/m): two passes for what is in brackets.
   */
  batchNormTrainingGradient: (context) => {
    const { emitter, inputs, inputTypes } = context;
    const [dy, centered, weight, variance] = inputs;
    const { shape } = inputTypes[0];
    const axes = emitter.ints(otherAxes(inputTypes[0]));
    const channels = shape[1];
    const perElement = emitter.floats(-channels / numElements(shape));
    const inverse = inverseDeviation(context, variance);
    const dBias = emitter.emit('ReduceSum', [dy, axes], { keepdims: 0 });
    const products = planeProducts(emitter, dy, centered, shape);
    const dot = emitter.emit('ReduceSum', [products, emitter.ints([0])], { keepdims: 0 });
    const dWeight = emitter.emit('Mul', [dot, inverse]);
    const slope = emitter.emit('Mul', [emitter.emit('Mul', [dWeight, inverse]), perElement]);
    const shift = emitter.emit('Mul', [dBias, perElement]);
    const direction = emitter.emit('Add', [dy, affine(emitter, centered, slope, shift, shape)]);
    return [direction, emitter.emit('Mul', [weight, inverse]), dWeight, dBias];
  },

  runningStatistics: ({ emitter, inputs, attributes: { count, rate: fixed } }) => {
    const [mean, variance, batchMean, batchVariance, given] = inputs;
    const rate = fixed === undefined ? given : emitter.floats(fixed);
    const rest =
      fixed === undefined ? emitter.emit('Sub', [emitter.floats(1), rate]) : emitter.floats(1 - fixed);
    const unbiased = emitter.emit('Mul', [batchVariance, emitter.floats(count / (count - 1))]);
    const blend = (running: string, measured: string): string =>
      emitter.emit('Add', [emitter.emit('Mul', [running, rest]), emitter.emit('Mul', [measured, rate])]);
    return [blend(mean, batchMean), blend(variance, unbiased)];
  },
};
