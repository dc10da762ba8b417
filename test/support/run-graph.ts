import type { Engine, Feeds, OnnxEngine } from '../../src/engine/engine.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import * as F from '../../src/graph/functional.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { Value } from '../../src/graph/value.ts';
import type { Target } from '../../src/onnx/emitter.ts';
import { lowerGraph } from '../../src/onnx/lower/index.ts';
import { encodeModel } from '../../src/onnx/model.ts';

/**
 * Compile a graph, run it once and return its outputs.
 *
 * @param target whose ONNX to run where it is not the engine's own device's
 */
export async function runGraph(
  engine: Engine,
  outputs: ReadonlyMap<string, Value>,
  feeds: Feeds,
  target?: Target,
): Promise<Record<string, Tensor>> {
  const session =
    target && target.device !== engine.device && engine.name === 'onnxruntime'
      ? await (engine as OnnxEngine).loadModel(encodeModel(lowerGraph(outputs, { target, name: 'test' })))
      : await engine.loadGraph(outputs, { name: 'test' });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

/** One graph input for each tensor, under its name. */
export function inputsFor(graph: Graph, tensors: ReadonlyMap<string, Tensor>): Map<string, Value> {
  return new Map([...tensors].map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]));
}

/** Gradients of sum(upstream · y), named `gradient of …`. */
export function gradientsOf(y: Value, upstream: Tensor, wrt: ReadonlyMap<string, Value>): Map<string, Value> {
  const weighted = F.mul(y, y.graph.constant(upstream));
  const axes = y.shape.map((_, axis) => axis);
  const loss = axes.length === 0 ? weighted : F.reduceSum(weighted, axes);
  const found = gradients(loss, [...wrt.values()]);
  return new Map([...wrt.keys()].map((name, i) => [`gradient of ${name}`, found[i]]));
}
