/** How parameters start, under PyTorch's names. */
import type { Shape } from '../graph/tensor.ts';
import { numElements } from '../graph/tensor.ts';
import type { Initializer } from './module.ts';

export const constant =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(numElements(shape)).fill(value);

/** Uniform in `[low, high)`. */
export const uniform =
  (low: number, high: number): Initializer =>
  (shape, random) =>
    random.fillUniform(new Float32Array(numElements(shape)), low, high);

/** Inputs that reach one output, `Cin/groups · kH · kW`, of a weight `[out, in, …]`. */
export const fanIn = (shape: Shape): number => numElements(shape.slice(1));
/** Outputs that one input reaches, `Cout · kH · kW`. */
export const fanOut = (shape: Shape): number => shape[0] * numElements(shape.slice(2));

/** He et al. 2015, gain of ReLU: normal with variance 2 / fan-out. */
export const kaimingNormalFanOut: Initializer = (shape, random) =>
  random.fillNormal(new Float32Array(numElements(shape)), 0, Math.sqrt(2 / fanOut(shape)));

/** PyTorch's default for the biases of convolutions and linear layers, and for linear weights. */
export const uniformFanIn = (fan: number): Initializer => uniform(-1 / Math.sqrt(fan), 1 / Math.sqrt(fan));

/** PyTorch's default for the weights of convolutions (`kaiming_uniform_` with a = √5): within ±1/√(fan-in). */
export const kaimingUniform: Initializer = (shape, random) => uniformFanIn(fanIn(shape))(shape, random);

/** Within ±1/√(fan-out), as torchvision starts EfficientNet's classifier. */
export const uniformFanOut: Initializer = (shape, random) => uniformFanIn(fanOut(shape))(shape, random);

/** How a layer's parameters start where they shall not start as usual. */
export interface LayerInit {
  readonly weight?: Initializer;
  readonly bias?: Initializer;
}
