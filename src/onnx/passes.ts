import type { ModelProto, NodeProto } from './model.ts';

/**
 * Give each convolution the bias that is added to its response: `Add(Conv(x, W), b[1, C, 1, 1])` becomes
 * `Conv(x, W, b[C])`, as readers of a deployed model expect it.
 */
export function fuseConvBias(model: ModelProto): ModelProto {
  const { node: nodes, initializer } = model.graph;
  const producers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const constants = new Map(initializer.map((tensor) => [tensor.name, tensor]));
  const uses = new Map<string, number>();
  for (const name of nodes.flatMap((node) => node.input)) uses.set(name, (uses.get(name) ?? 0) + 1);

  const dropped = new Set<NodeProto>();
  for (const node of nodes) {
    if (node.opType !== 'Add') continue;
    const conv = producers.get(node.input[0]);
    const bias = constants.get(node.input[1]);
    const weight = conv && constants.get(conv.input[1]);
    if (conv?.opType !== 'Conv' || conv.input.length !== 2 || !weight || !bias) continue;
    const channels = weight.dims[0];
    if (bias.dims.join() !== [1, channels, 1, 1].join()) continue;
    // Either value may have another reader, which would then see the wrong one.
    if (uses.get(node.input[0]) !== 1 || uses.get(node.input[1]) !== 1) continue;
    bias.dims = [channels];
    conv.input = [...conv.input, bias.name];
    conv.output = node.output;
    dropped.add(node);
  }
  return { ...model, graph: { ...model.graph, node: nodes.filter((node) => !dropped.has(node)) } };
}
