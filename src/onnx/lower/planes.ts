import type { Shape } from '../../graph/tensor.ts';
import { numElements } from '../../graph/tensor.ts';
import type { Emitter } from '../emitter.ts';

/**
 * The positions of one channel in one image are a plane. ONNX Runtime's CPU kernels of some passes over planes use one
 * thread, or write what is only summed; a convolution in which each plane is a group does the same in all threads.
 */

/** Fewest positions for which a group of a convolution costs less than a pass over them. */
const LEAST_POSITIONS = 128;

const worthGroups = (emitter: Emitter, positions: number): boolean =>
  emitter.target.device === 'cpu' && positions >= LEAST_POSITIONS;

/** `x · scale + shift` with one scale and one shift a channel: `[N, C, …]` and twice `[C]`. */
export function affine(emitter: Emitter, x: string, scale: string, shift: string, shape: Shape): string {
  const [n, channels, ...rest] = shape;
  const positions = numElements(rest);
  if (!worthGroups(emitter, positions)) {
    // One pass as well, but in one thread on the CPU.
    const zero = emitter.floats(new Float32Array(channels), [channels]);
    const unit = emitter.floats(new Float32Array(channels).fill(1), [channels]);
    return emitter.emit('BatchNormalization', [x, scale, shift, zero, unit], { epsilon: { float: 0 } });
  }
  const image = emitter.emit('Reshape', [x, emitter.ints([n, channels, 1, positions])]);
  const kernels = emitter.emit('Reshape', [scale, emitter.ints([channels, 1, 1, 1])]);
  const y = emitter.emit('Conv', [image, kernels, shift], { kernel_shape: [1, 1], group: channels });
  return emitter.emit('Reshape', [y, emitter.ints(shape)]);
}

/**
 * `Σ a · b` over the positions of each channel and image: `[N, C, …]` twice to `[N, C]`.
 *
 * On the CPU large planes are the kernels of one convolution, each over its own plane: no product is written and read
 * again, and it takes half as long. It adds in 16 partial sums, `ReduceSumSquare` one square after the other.
 */
export function planeProducts(emitter: Emitter, a: string, b: string, shape: Shape): string {
  const [n, channels, ...rest] = shape;
  const positions = numElements(rest);
  if (!worthGroups(emitter, positions)) {
    const axes = rest.map((_, axis) => axis + 2);
    if (axes.length === 0) return emitter.emit('Mul', [a, b]);
    if (a === b) return emitter.emit('ReduceSumSquare', [a], { axes, keepdims: 0 });
    return emitter.emit('ReduceSum', [emitter.emit('Mul', [a, b]), emitter.ints(axes)], { keepdims: 0 });
  }
  const planes = n * channels;
  const images = emitter.emit('Reshape', [a, emitter.ints([1, planes, 1, positions])]);
  const kernels = emitter.emit('Reshape', [b, emitter.ints([planes, 1, 1, positions])]);
  const sums = emitter.emit('Conv', [images, kernels], { kernel_shape: [1, positions], group: planes });
  return emitter.emit('Reshape', [sums, emitter.ints([n, channels])]);
}
