import type { Shape } from '../../graph/tensor.ts';
import { numElements } from '../../graph/tensor.ts';
import type { Emitter } from '../emitter.ts';

/** Fewest positions for which a group of a convolution costs less than a pass over them. */
const LEAST_POSITIONS = 128;

/**
 * `Σ a · b` over the positions of each channel and image: `[N, C, …]` twice to `[N, C]`.
 *
 * On the CPU large planes are the kernels of one convolution, each over its own plane: no product is written and read
 * again, and it takes half as long. It adds in 16 partial sums, `ReduceSumSquare` one square after the other.
 */
export function planeProducts(emitter: Emitter, a: string, b: string, shape: Shape): string {
  const [n, channels, ...rest] = shape;
  const positions = numElements(rest);
  if (emitter.target.device !== 'cpu' || positions < LEAST_POSITIONS) {
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
