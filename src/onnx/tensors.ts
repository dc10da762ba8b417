/** Every tensor that a model file stores, wherever it does: initializers, nodes' attributes, and graphs inside nodes. */
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from './model.ts';

/** Graphs in graphs, at most; a damaged file must not exhaust the stack. */
const MAX_DEPTH = 32;

/** Each stored tensor, in the file's order. */
export function* storedTensors({ graph, functions = [] }: ModelProto): Generator<TensorProto> {
  yield* ofGraph(graph, 0);
  for (const { node = [] } of functions) yield* ofNodes(node, 0);
}

function* ofGraph(graph: GraphProto, depth: number): Generator<TensorProto> {
  if (depth > MAX_DEPTH) return;
  yield* graph.initializer ?? [];
  for (const { values, indices } of graph.sparseInitializer ?? []) {
    if (values) yield values;
    if (indices) yield indices;
  }
  yield* ofNodes(graph.node ?? [], depth);
}

function* ofNodes(nodes: readonly NodeProto[], depth: number): Generator<TensorProto> {
  for (const { attribute = [] } of nodes) {
    for (const each of attribute) yield* ofAttribute(each, depth);
  }
}

function* ofAttribute(attribute: AttributeProto, depth: number): Generator<TensorProto> {
  const { t, tensors = [], sparseTensor, sparseTensors = [], g, graphs = [] } = attribute;
  if (t) yield t;
  yield* tensors;
  for (const sparse of [...(sparseTensor ? [sparseTensor] : []), ...sparseTensors]) {
    if (sparse.values) yield sparse.values;
    if (sparse.indices) yield sparse.indices;
  }
  for (const graph of [...(g ? [g] : []), ...graphs]) yield* ofGraph(graph, depth + 1);
}

/** The same model with other tensors in place of some; what is not replaced is shared. */
export function withTensors(
  model: ModelProto,
  replacements: ReadonlyMap<TensorProto, TensorProto>,
): ModelProto {
  const swap = <T>(value: T): T => {
    if (value === undefined || replacements.size === 0) return value;
    return (replacements.get(value as TensorProto) as T | undefined) ?? value;
  };
  const sparse = <T extends { values?: TensorProto; indices?: TensorProto }>(each: T): T => ({
    ...each,
    values: swap(each.values),
    indices: swap(each.indices),
  });
  const attribute = (each: AttributeProto): AttributeProto => {
    const { t, tensors, sparseTensor, sparseTensors, g, graphs } = each;
    if (!t && !tensors?.length && !sparseTensor && !sparseTensors?.length && !g && !graphs?.length)
      return each;
    return {
      ...each,
      ...(t && { t: swap(t) }),
      ...(tensors?.length && { tensors: tensors.map(swap) }),
      ...(sparseTensor && { sparseTensor: sparse(sparseTensor) }),
      ...(sparseTensors?.length && { sparseTensors: sparseTensors.map(sparse) }),
      ...(g && { g: graph(g) }),
      ...(graphs?.length && { graphs: graphs.map(graph) }),
    };
  };
  const node = (each: NodeProto): NodeProto => ({
    ...each,
    attribute: (each.attribute ?? []).map(attribute),
  });
  function graph(each: GraphProto): GraphProto {
    return {
      ...each,
      initializer: (each.initializer ?? []).map(swap),
      node: (each.node ?? []).map(node),
      ...(each.sparseInitializer?.length && { sparseInitializer: each.sparseInitializer.map(sparse) }),
    };
  }
  return {
    ...model,
    graph: graph(model.graph),
    ...(model.functions?.length && {
      functions: model.functions.map((each) => ({ ...each, node: (each.node ?? []).map(node) })),
    }),
  };
}
