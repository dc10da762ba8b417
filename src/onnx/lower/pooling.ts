import type { Pool2dAttributes } from '../../graph/ops/attributes.ts';
import type { Shape } from '../../graph/tensor.ts';
import { numElements } from '../../graph/tensor.ts';
import type { Attribute, Emitter } from '../emitter.ts';
import { ELEMENT_TYPE } from '../schema.ts';
import type { LoweringContext, LoweringTable } from './rules.ts';

const windows = ({ kernelSize: k, stride: s, padding: p }: Pool2dAttributes): Record<string, Attribute> => ({
  kernel_shape: [k, k],
  strides: [s, s],
  pads: [p, p, p, p],
});

/** For each window along one axis: how many of its places lie inside the image. */
function insideCounts(length: number, outputs: number, { kernelSize, stride, padding }: Pool2dAttributes) {
  return Array.from({ length: outputs }, (_, o) => {
    const start = o * stride - padding;
    return Math.min(start + kernelSize, length) - Math.max(start, 0);
  });
}

/** `scale / count` for each window of an average pooling, `[1, 1, Ho, Wo]`. */
function reciprocalCounts(
  emitter: Emitter,
  [, , height, width]: Shape,
  [, , outHeight, outWidth]: Shape,
  geometry: Pool2dAttributes,
  scale: number,
): string {
  const rows = insideCounts(height, outHeight, geometry);
  const columns = insideCounts(width, outWidth, geometry);
  const values = rows.flatMap((row) => columns.map((column) => scale / (row * column)));
  return emitter.floats(values, [1, 1, outHeight, outWidth]);
}

/** Spread window gradients over the windows' places: the transpose of a strided box sum. */
function spreadWindows(
  emitter: Emitter,
  dy: string,
  [n, c, outHeight, outWidth]: Shape,
  inputShape: Shape,
  kernel: { readonly name: string; readonly channels: number },
  { kernelSize: k, stride: s, padding: p }: Pool2dAttributes,
): string {
  const rest = (length: number, out: number): number => length + 2 * p - ((out - 1) * s + k);
  // Every channel is treated alike, so channels become images and one filter serves them all.
  const images = emitter.emit('Reshape', [dy, emitter.ints([n * c, kernel.channels, outHeight, outWidth])]);
  const spread = emitter.emit('ConvTranspose', [images, kernel.name], {
    ...windows({ kernelSize: k, stride: s, padding: p }),
    output_padding: [rest(inputShape[2], outHeight), rest(inputShape[3], outWidth)],
  });
  return emitter.emit('Reshape', [spread, emitter.ints(inputShape)]);
}

/** The arg-max index of ONNX's MaxPool and a scattered sum: one pass each on CPU and CUDA. */
function maxGradientByIndex({ emitter, inputs, inputTypes, attributes }: LoweringContext<Pool2dAttributes>) {
  const [x, , dy] = inputs;
  const { shape } = inputTypes[0];
  const size = numElements(shape);
  const [, indices] = emitter.emitMany('MaxPool', [x], windows(attributes), 2);
  const flat = (name: string): string => emitter.emit('Reshape', [name, emitter.ints([-1])]);
  const zeros = emitter.emit('Expand', [emitter.floats(0), emitter.ints([size])]);
  const sums = emitter.emit('ScatterElements', [zeros, flat(indices), flat(dy)], {
    axis: 0,
    reduction: 'add',
  });
  return emitter.emit('Reshape', [sums, emitter.ints(shape)]);
}

/**
 * The same without indices or scattering, which WebGPU lacks: for each place of the window, in scan
 * order, a mask of the windows whose first maximum lies there; the masked gradients are then put in
 * place by one transposed convolution with a one-hot filter a place.
 */
function maxGradientByMasks({ emitter, inputs, inputTypes, attributes }: LoweringContext<Pool2dAttributes>) {
  const { kernelSize: k, stride: s, padding: p } = attributes;
  const [x, y, dy] = inputs;
  const [n, c, height, width] = inputTypes[0].shape;
  const [, , outHeight, outWidth] = inputTypes[1].shape;
  const float = (mask: string): string => emitter.emit('Cast', [mask], { to: ELEMENT_TYPE.float32 });
  // Strided windows may reach past the image on the far side, so pad for the last of them.
  const far = (length: number, out: number): number => Math.max(0, (out - 1) * s + k - p - length);
  const margins = [0, 0, p, p, 0, 0, far(height, outHeight), far(width, outWidth)];
  const lowest = emitter.floats(-3.4028234663852886e38);
  const padded = emitter.emit('Pad', [x, emitter.ints(margins), lowest]);
  let open: string | undefined;
  const parts: string[] = [];
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      const shifted = emitter.emit('Slice', [
        padded,
        emitter.ints([i, j]),
        emitter.ints([i + (outHeight - 1) * s + 1, j + (outWidth - 1) * s + 1]),
        emitter.ints([2, 3]),
        emitter.ints([s, s]),
      ]);
      const hit = float(emitter.emit('Equal', [shifted, y]));
      const first = open ? emitter.emit('Mul', [hit, open]) : hit;
      const others = emitter.emit('Sub', [emitter.floats(1), hit]);
      open = open ? emitter.emit('Mul', [open, others]) : others;
      const part = emitter.emit('Mul', [dy, first]);
      parts.push(emitter.emit('Reshape', [part, emitter.ints([n * c, 1, outHeight, outWidth])]));
    }
  }
  const oneHot = new Float32Array(k * k * k * k);
  for (let place = 0; place < k * k; place++) oneHot[place * k * k + place] = 1;
  const name = emitter.floats(oneHot, [k * k, 1, k, k]);
  const stacked = emitter.emit('Concat', parts, { axis: 1 });
  return spreadWindows(
    emitter,
    stacked,
    [n, c, outHeight, outWidth],
    inputTypes[0].shape,
    { name, channels: k * k },
    attributes,
  );
}

type Pooling = 'avgPool2d' | 'avgPool2dGradient' | 'maxPool2d' | 'maxPool2dGradient';

export const pooling: Pick<LoweringTable, Pooling> = {
  avgPool2d: ({ emitter, inputs, attributes }) => [
    emitter.emit('AveragePool', inputs, { ...windows(attributes), count_include_pad: 0 }),
  ],
  avgPool2dGradient: ({ emitter, inputs, inputTypes, attributes }) => {
    const { kernelSize: k, stride, padding } = attributes;
    const weigh = (scale: number): string => {
      const counts = reciprocalCounts(emitter, attributes.inputShape, inputTypes[0].shape, attributes, scale);
      return emitter.emit('Mul', [inputs[0], counts]);
    };
    if (stride === 1) {
      // A box sum of stride 1 is its own transpose; AveragePool over all places is that sum / k².
      const around = k - 1 - padding;
      const mirrored = windows({ kernelSize: k, stride: 1, padding: around });
      return [emitter.emit('AveragePool', [weigh(k * k)], { ...mirrored, count_include_pad: 1 })];
    }
    const name = emitter.floats(new Float32Array(k * k).fill(1), [1, 1, k, k]);
    const kernel = { name, channels: 1 };
    return [spreadWindows(emitter, weigh(1), inputTypes[0].shape, attributes.inputShape, kernel, attributes)];
  },
  maxPool2d: ({ emitter, inputs, attributes }) => [emitter.emit('MaxPool', inputs, windows(attributes))],
  maxPool2dGradient: (context) => [
    context.emitter.target.device === 'webgpu' ? maxGradientByMasks(context) : maxGradientByIndex(context),
  ],
};
