import type { Emitter } from '../emitter.ts';
import { depthwise } from './depthwise-weight-gradient.ts';
import { type WeightGradientContext as Context, padded, shifts } from './shifted-images.ts';

/**
 * The weight gradient of a convolution, `dW[o, c, i, j] = Σ dy[n, o, h, w] · x[n, c, h·s + i·d, w·s + j·d]`.
 *
 * ONNX has no op for it. For each place (i, j) of the kernel it is one matrix product over all
 * images and positions, of the response gradient with the image shifted to that place.
 */
export function weightGradient(context: Context): string {
  const { emitter, attributes, inputs, inputTypes } = context;
  const { groups, weightShape } = attributes;
  if (groups === 1) return dense(context, inputs[0], inputs[1]);
  const [, perGroup] = weightShape;
  const outPerGroup = weightShape[0] / groups;
  if (perGroup === 1 && outPerGroup === 1) return depthwise(context);
  const parts = Array.from({ length: groups }, (_, g) => {
    const x = channelSlice(emitter, inputs[0], g * perGroup, (g + 1) * perGroup);
    const dy = channelSlice(emitter, inputs[1], g * outPerGroup, (g + 1) * outPerGroup);
    const [xShape, dyShape] = inputTypes.map((type) => type.shape);
    return dense(
      {
        ...context,
        attributes: { ...attributes, groups: 1, weightShape: [outPerGroup, ...weightShape.slice(1)] },
        inputTypes: [
          { dtype: 'float32', shape: [xShape[0], perGroup, xShape[2], xShape[3]] },
          { dtype: 'float32', shape: [dyShape[0], outPerGroup, dyShape[2], dyShape[3]] },
        ],
      },
      x,
      dy,
    );
  });
  return emitter.emit('Concat', parts, { axis: 0 });
}

function channelSlice(emitter: Emitter, value: string, start: number, end: number): string {
  return emitter.emit('Slice', [value, emitter.ints([start]), emitter.ints([end]), emitter.ints([1])]);
}

/** Fewest channels for which rows of pixels are worth gathering: below, a gathered piece is too short. */
const GATHER_CHANNELS = 8;

function dense(context: Context, x: string, dy: string): string {
  const { emitter, attributes } = context;
  const [, inChannels, kernelHeight, kernelWidth] = attributes.weightShape;
  if (emitter.target.device !== 'cpu') return byShiftedImages(context, x, dy);
  if (kernelHeight === 1 && kernelWidth === 1 && attributes.padding === 0) return pointwise(context, x, dy);
  return inChannels < GATHER_CHANNELS ? byPatches(context, x, dy) : byGatheredRows(context, x, dy);
}

/** The 1×1 kernel: one product of the response gradient with the pixels under it. */
function pointwise(context: Context, x: string, dy: string): string {
  const { emitter, attributes, inputTypes } = context;
  const { stride, weightShape } = attributes;
  const [outChannels, inChannels] = weightShape;
  const [, , ...response] = inputTypes[1].shape;
  // Every stride-th place; a pooling of one place is a strided slice that runs in all threads.
  const seen =
    stride === 1
      ? x
      : emitter.emit('MaxPool', [x], { kernel_shape: [1, 1], strides: [stride, stride], pads: [0, 0, 0, 0] });
  const positions = response[0] * response[1];
  // One product an image spares turning both operands, which have (Cin + Cout) · positions values an image, and writes
  // Cin · Cout values an image more.
  if (inChannels * outChannels >= positions * (inChannels + outChannels)) {
    const [n, , ...rest] = inputTypes[1].shape;
    const under = { dtype: 'float32', shape: [n, inChannels, ...rest] } as const;
    const plain = {
      ...context,
      attributes: { ...attributes, stride: 1 },
      inputTypes: [under, inputTypes[1]],
    };
    return byShiftedImages(plain, seen, dy);
  }
  const product = sumOfImageProducts(context, dy, seen, inChannels);
  return emitter.emit('Reshape', [product, emitter.ints(weightShape)]);
}

/**
 * For each image the product of the response gradient `[N, Cout, H', W']` with `columns` `[N, count, H', W']` over
 * their positions, and the sum of these: `[Cout, count]`.
 */
function sumOfImageProducts(
  { emitter, attributes, inputTypes }: Context,
  dy: string,
  columns: string,
  count: number,
): string {
  const [outChannels] = attributes.weightShape;
  const [n, , outHeight, outWidth] = inputTypes[1].shape;
  const rows = (value: string, channels: number): string =>
    emitter.emit('Reshape', [value, emitter.ints([n, channels, outHeight * outWidth])]);
  const operands = [rows(dy, outChannels), rows(columns, count)];
  // The operand that is transposed is copied piece by piece, so let it be the smaller one.
  const swapped = count > outChannels;
  const [left, right] = swapped ? operands.toReversed() : operands;
  const products = emitter.emitContrib('FusedMatMul', [left, right], { transB: 1 });
  const sum = emitter.emit('ReduceSum', [products, emitter.ints([0])], { keepdims: 0 });
  return swapped ? emitter.emit('Transpose', [sum], { perm: [1, 0] }) : sum;
}

/**
 * Few channels: a convolution whose filters are each 1 at one place lays the patch under each position out along the
 * channels, in all threads, and the rest is one product an image.
 */
function byPatches(context: Context, x: string, dy: string): string {
  const { emitter, attributes } = context;
  const { stride, padding, dilation, weightShape } = attributes;
  const [, inChannels, kernelHeight, kernelWidth] = weightShape;
  const places = kernelHeight * kernelWidth;
  const oneHot = new Float32Array(inChannels * places * places);
  for (let filter = 0; filter < inChannels * places; filter++)
    oneHot[filter * places + (filter % places)] = 1;
  const filters = emitter.floats(oneHot, [inChannels * places, 1, kernelHeight, kernelWidth]);
  const patches = emitter.emit('Conv', [x, filters], {
    kernel_shape: [kernelHeight, kernelWidth],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    dilations: [dilation, dilation],
    group: inChannels,
  });
  const product = sumOfImageProducts(context, dy, patches, inChannels * places);
  return emitter.emit('Reshape', [product, emitter.ints(weightShape)]);
}

/**
 * One product for each row of the kernel, with the image's pixels gathered to `[positions, kW · Cin]`.
 *
 * On the CPU `Gather` copies with all threads, where `Slice` and `Concat` use one, and a row of the
 * kernel at a time keeps the gathered matrix a third of the whole.
 */
function byGatheredRows(context: Context, x: string, dy: string): string {
  const { emitter, attributes, inputTypes } = context;
  const { padding, weightShape } = attributes;
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weightShape;
  const [n, , height, width] = inputTypes[0].shape;
  const image = padded(context, emitter.emit('Transpose', [x], { perm: [0, 2, 3, 1] }), 1);
  const pixels = emitter.emit('Reshape', [
    image,
    emitter.ints([n * (height + 2 * padding) * (width + 2 * padding), inChannels]),
  ]);
  const product = rowProduct(context, dy);
  const rows = Array.from({ length: kernelHeight }, (_, row) =>
    product(emitter.emit('Gather', [pixels, rowIndices(context, row)], { axis: 0 })),
  );
  const joined = rows.length === 1 ? rows[0] : emitter.emit('Concat', rows, { axis: 1 });
  const places = emitter.emit('Reshape', [
    joined,
    emitter.ints([outChannels, kernelHeight, kernelWidth, inChannels]),
  ]);
  return emitter.emit('Transpose', [places], { perm: [0, 3, 1, 2] });
}

/**
 * The product of the response gradient with gathered pixels `[N · positions, kW, Cin]`, summed over images
 * and positions: `[Cout, kW · Cin]`.
 *
 * Small responses of many channels are one product over all images. Large responses of few channels are
 * one product an image and a sum: the long product walks rows that lie a power of two apart, which
 * evicts its own cache lines (64 channels at 32×32: 116 ms against 70).
 */
function rowProduct(context: Context, dy: string): (gathered: string) => string {
  const { emitter, attributes, inputTypes } = context;
  const [outChannels, inChannels, , kernelWidth] = attributes.weightShape;
  const [n, , outHeight, outWidth] = inputTypes[1].shape;
  const positions = outHeight * outWidth;
  const columns = kernelWidth * inChannels;
  if (positions >= 2 * outChannels) {
    const planes = emitter.emit('Reshape', [dy, emitter.ints([n, outChannels, positions])]);
    return (gathered) => {
      const matrices = emitter.emit('Reshape', [gathered, emitter.ints([n, positions, columns])]);
      const products = emitter.emit('MatMul', [planes, matrices]);
      return emitter.emit('ReduceSum', [products, emitter.ints([0])], { keepdims: 0 });
    };
  }
  const rows = emitter.emit('Reshape', [
    emitter.emit('Transpose', [dy], { perm: [1, 0, 2, 3] }),
    emitter.ints([outChannels, n * positions]),
  ]);
  return (gathered) => {
    const matrix = emitter.emit('Reshape', [gathered, emitter.ints([n * positions, columns])]);
    return emitter.emit('Gemm', [rows, matrix]);
  };
}

/** For each position of the response and each place of one kernel row: the pixel of the padded image. */
function rowIndices({ emitter, attributes, inputTypes }: Context, row: number): string {
  const { stride, dilation, padding, weightShape } = attributes;
  const [, , height, width] = inputTypes[0].shape;
  const [n, , outHeight, outWidth] = inputTypes[1].shape;
  const kernelWidth = weightShape[3];
  const [fullHeight, fullWidth] = [height + 2 * padding, width + 2 * padding];
  const key = `pixels_${n}x${height}x${width}_k${kernelWidth}s${stride}d${dilation}p${padding}_row${row}`;
  return emitter.sharedConstant(key, () => {
    const data = new Int32Array(n * outHeight * outWidth * kernelWidth);
    let at = 0;
    for (let image = 0; image < n; image++) {
      for (let y = 0; y < outHeight; y++) {
        const line = (image * fullHeight + y * stride + row * dilation) * fullWidth;
        for (let x = 0; x < outWidth; x++) {
          for (let j = 0; j < kernelWidth; j++) data[at++] = line + x * stride + j * dilation;
        }
      }
    }
    return { dtype: 'int32', shape: [n * outHeight * outWidth, kernelWidth], data };
  });
}

/** One product for each place of the kernel, with the whole image, channels outermost, shifted to it. */
function byShiftedImages(context: Context, x: string, dy: string): string {
  const { emitter, attributes, inputTypes } = context;
  const [outChannels, inChannels, kernelHeight, kernelWidth] = attributes.weightShape;
  const [n, , outHeight, outWidth] = inputTypes[1].shape;
  const positions = n * outHeight * outWidth;
  const rows = (value: string, channels: number): string =>
    emitter.emit('Reshape', [value, emitter.ints([channels, positions])]);
  const dyRows = rows(emitter.emit('Transpose', [dy], { perm: [1, 0, 2, 3] }), outChannels);
  const channelsFirst = emitter.emit('Transpose', [x], { perm: [1, 0, 2, 3] });
  const products = shifts(context, channelsFirst, 2).map((part) =>
    emitter.emit('Gemm', [dyRows, rows(part, inChannels)], { transB: 1 }),
  );
  if (products.length === 1) {
    return emitter.emit('Reshape', [products[0], emitter.ints(attributes.weightShape)]);
  }
  const last = emitter.ints([-1]);
  const places = emitter.emit(
    'Concat',
    products.map((product) => emitter.emit('Unsqueeze', [product, last])),
    { axis: 2 },
  );
  return emitter.emit('Reshape', [
    places,
    emitter.ints([outChannels, inChannels, kernelHeight, kernelWidth]),
  ]);
}
