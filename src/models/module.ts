import { foldConstants } from '../graph/fold.ts';
import { Graph } from '../graph/graph.ts';
import type { Shape } from '../graph/tensor.ts';
import { InferenceContext, type Module, type Weights } from '../nn/index.ts';
import { lowerGraph } from '../onnx/lower/index.ts';
import { encodeModel } from '../onnx/model.ts';

/**
 * A layer on its own as an ONNX model, to try it or to put it into another program: input `x`, output `y`.
 *
 * @param weights parameters and buffers by name, as `initialWeights` gives them
 * @param shape of `x`, `[N, C, H, W]`
 * @returns the bytes of the `.onnx` file
 */
export function exportModule(module: Module, weights: Weights, shape: Shape): Uint8Array {
  const graph = new Graph();
  const x = graph.input('x', 'float32', shape);
  const y = module.call(x, new InferenceContext(graph, module, weights));
  const [folded] = foldConstants(graph, [y]);
  return encodeModel(lowerGraph(new Map([['y', folded]]), { target: { device: 'portable' }, name: 'layer' }));
}
