/** Graphs of tensors and their derivatives. Loads in a browser: `import { Graph } from 'pushpull-net/graph'`. */
export { gradients } from './autodiff.ts';
export { foldConstants } from './fold.ts';
export * as functional from './functional.ts';
export { Graph, printGraph } from './graph.ts';
export { type DType, float32, floats, int32, type Shape, type Tensor } from './tensor.ts';
export type { Value } from './value.ts';
