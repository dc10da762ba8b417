/** Who reads what in an ONNX graph, and what of it matters to the outputs. */
import type { GraphProto, NodeProto } from './model.ts';

/** Graphs inside a node: the branches of an `If`, the body of a `Loop`. */
function subgraphs({ attribute }: NodeProto): GraphProto[] {
  return attribute.flatMap(({ g, graphs = [] }) => (g ? [g, ...graphs] : graphs));
}

/** Names that the graphs inside a node use; those of the graphs around them are among these. */
export function captures(node: NodeProto): string[] {
  return subgraphs(node).flatMap((graph) => [
    ...graph.node.flatMap(reads),
    ...graph.output.map(({ name }) => name),
  ]);
}

/** Names of all tensors that a node may read, those of graphs inside it included. */
export function reads(node: NodeProto): string[] {
  return [...node.input.filter((name) => name !== ''), ...captures(node)];
}

/** Every name that a graph gives to a tensor or a node, inner graphs included. */
export function namesIn(graph: GraphProto): string[] {
  return [
    ...[...graph.input, ...graph.output, ...graph.initializer].map(({ name }) => name),
    ...graph.node.flatMap((node) => [node.name, ...node.output, ...subgraphs(node).flatMap(namesIn)]),
  ];
}

/** The nodes that `outputs` (by default those of the graph) depend on. */
export function liveNodes(
  graph: GraphProto,
  outputs: readonly string[] = graph.output.map(({ name }) => name),
): Set<NodeProto> {
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const live = new Set<NodeProto>();
  const open = [...outputs];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = producers.get(name);
    if (!node || live.has(node)) continue;
    live.add(node);
    open.push(...reads(node));
  }
  return live;
}
