import { float32 } from '../../graph/tensor.ts';
import type { Emitter } from '../emitter.ts';
import { shifts, type WeightGradientContext } from './shifted-images.ts';

/** Widest image whose columns are shifted by a product, which multiplies each value as often as the image is wide. */
const WIDEST_SHIFTED = 128;

/** One filter a channel: no matrix product is left, only sums over positions and images. */
export function depthwise(context: WeightGradientContext): string {
  const { emitter, attributes, inputTypes } = context;
  if (emitter.target.device !== 'cpu') return byShiftedProducts(context);
  const { stride, dilation } = attributes;
  const narrow = inputTypes[0].shape[3] <= WIDEST_SHIFTED;
  return stride === 1 && dilation === 1 && narrow ? byShiftedColumns(context) : byResponseAsKernel(context);
}

/**
 * For each column of the kernel one `Conv` in which each channel of each image is a group and the response gradient its
 * kernel, as wide as the image, over the image shifted sideways to that column: plain sums of products, without
 * patches. A product with a matrix of ones shifts the image, in all threads, where `Slice` and `Pad` use one.
 */
function byShiftedColumns({ emitter, inputs, inputTypes, attributes }: WeightGradientContext): string {
  const { padding, weightShape } = attributes;
  const [[n, channels, height, width], [, , outHeight, outWidth]] = inputTypes.map(({ shape }) => shape);
  const [, , kernelHeight, kernelWidth] = weightShape;
  const groups = n * channels;
  const image = emitter.emit('Reshape', [inputs[0], emitter.ints([1, groups, height, width])]);
  const margins = emitter.ints([0, 0, padding, 0, 0, 0, padding, 0]);
  const rows = padding === 0 ? image : emitter.emit('Pad', [image, margins]);
  const kernels = emitter.emit('Reshape', [inputs[1], emitter.ints([groups, 1, outHeight, outWidth])]);
  const columns = Array.from({ length: kernelWidth }, (_, column) => {
    const offset = column - padding;
    const inPlace = offset === 0 && width === outWidth;
    const shifted = inPlace
      ? rows
      : emitter.emit('MatMul', [rows, shiftMatrix(emitter, width, outWidth, offset)]);
    return emitter.emit('Conv', [shifted, kernels], { kernel_shape: [outHeight, outWidth], group: groups });
  });
  const places = columns.length === 1 ? columns[0] : emitter.emit('Concat', columns, { axis: 3 });
  const perImage = emitter.emit('Reshape', [
    places,
    emitter.ints([n, channels, 1, kernelHeight, kernelWidth]),
  ]);
  return emitter.emit('ReduceSum', [perImage, emitter.ints([0])], { keepdims: 0 });
}

/** `[width, outWidth]`: column `x` has its one at row `x + offset`, if there is such a row. */
function shiftMatrix(emitter: Emitter, width: number, outWidth: number, offset: number): string {
  return emitter.sharedConstant(`shift_${width}x${outWidth}_by${offset}`, () => {
    const data = new Float32Array(width * outWidth);
    for (let x = 0; x < outWidth; x++) {
      if (x + offset >= 0 && x + offset < width) data[(x + offset) * outWidth + x] = 1;
    }
    return float32(data, [width, outWidth]);
  });
}

/**
 * One `Conv` in which each channel of each image is a group, the response gradient its kernel, stride and dilation
 * have changed places, and the response is the gradient of one image.
 */
function byResponseAsKernel({ emitter, inputs, inputTypes, attributes }: WeightGradientContext): string {
  const { stride, dilation, padding, weightShape } = attributes;
  const [[n, channels, ...image], [, , ...response]] = inputTypes.map(({ shape }) => shape);
  const kernel = weightShape.slice(2);
  const reach = response.map((length) => (length - 1) * stride + 1);
  // Past the image as far as the last place of the kernel asks; strides may also leave a rest of it unseen.
  const after = image.map((length, axis) =>
    Math.max(0, (kernel[axis] - 1) * dilation + reach[axis] - padding - length),
  );
  const places = image.map(
    (length, axis) => Math.floor((padding + length + after[axis] - reach[axis]) / dilation) + 1,
  );
  const groups = n * channels;
  let sums = emitter.emit(
    'Conv',
    [
      emitter.emit('Reshape', [inputs[0], emitter.ints([1, groups, ...image])]),
      emitter.emit('Reshape', [inputs[1], emitter.ints([groups, 1, ...response])]),
    ],
    {
      kernel_shape: response,
      strides: [dilation, dilation],
      pads: [padding, padding, ...after],
      dilations: [stride, stride],
      group: groups,
    },
  );
  if (places.some((length, axis) => length !== kernel[axis])) {
    sums = emitter.emit('Slice', [sums, emitter.ints([0, 0]), emitter.ints(kernel), emitter.ints([2, 3])]);
  }
  const perImage = emitter.emit('Reshape', [sums, emitter.ints([n, ...weightShape])]);
  return emitter.emit('ReduceSum', [perImage, emitter.ints([0])], { keepdims: 0 });
}

/** A product and a sum for each place of the kernel, with the image shifted there. */
function byShiftedProducts(context: WeightGradientContext): string {
  const { emitter, inputs, attributes } = context;
  const sums = shifts(context, inputs[0], 2).map((part) => {
    const product = emitter.emit('Mul', [part, inputs[1]]);
    return emitter.emit('ReduceSum', [product, emitter.ints([0, 2, 3])], { keepdims: 0 });
  });
  const last = emitter.ints([-1]);
  const columns = sums.map((sum) => emitter.emit('Unsqueeze', [sum, last]));
  const places = columns.length === 1 ? columns[0] : emitter.emit('Concat', columns, { axis: 1 });
  return emitter.emit('Reshape', [places, emitter.ints(attributes.weightShape)]);
}
