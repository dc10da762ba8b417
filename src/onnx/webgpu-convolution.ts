import { attributeOf, type Constant, Constants, floatTensor } from './constants.ts';
import type { ModelProto, NodeProto, TensorProto } from './model.ts';
import { ATTRIBUTE_TYPE } from './schema.ts';

/**
 * Whether ONNX Runtime's WebGPU provider (1.30) computes a convolution wrongly, and without a word: one group, a
 * multiple of 4 output channels, and a multiple of 3 input channels that is neither 3 itself nor a multiple of 4. Found
 * by comparing with the CPU over small channel counts.
 */
export function isWrongOnWebgpu(inChannels: number, outChannels: number, groups: number): boolean {
  const threes = inChannels % 3 === 0 && inChannels > 3 && inChannels % 4 !== 0;
  return groups === 1 && threes && outChannels % 4 === 0;
}

/**
 * Split the convolutions of a model that WebGPU would compute wrongly into two with output channels that are no
 * multiple of 4. Only those whose weights are constants of the file are found; the lowering avoids all others.
 *
 * @returns undefined when there are none
 */
export function splitWrongConvolutions(model: ModelProto): ModelProto | undefined {
  const { graph } = model;
  const shapes = new Map(graph.initializer.map(({ name, dims }) => [name, dims.map(Number)]));
  const constants = new Constants(graph);
  const added: TensorProto[] = [];
  const nodes = graph.node.flatMap((node) => {
    if (node.opType !== 'Conv' || node.domain) return [node];
    // Values are read only where the shape, if it is known, does not clear the convolution.
    const [outChannels, inChannels] = shapes.get(node.input[1]) ?? [];
    const right = outChannels && !isWrongOnWebgpu(inChannels, outChannels, groupsOf(node));
    return right ? [node] : splitIfWrong(node, constants, added);
  });
  if (added.length === 0) return undefined;
  return {
    ...model,
    graph: { ...model.graph, node: nodes, initializer: [...model.graph.initializer, ...added] },
  };
}

const groupsOf = (node: NodeProto): number => Number(attributeOf(node, 'group')?.i ?? 1);

function splitIfWrong(node: NodeProto, constants: Constants, added: TensorProto[]): NodeProto[] {
  const [x, ...parameters] = node.input;
  const tensors = parameters.filter((name) => name !== '').map((name) => constants.evaluate(name));
  const known = tensors.filter((tensor) => typeof tensor !== 'string');
  const [weight] = known;
  if (!weight || known.length < tensors.length) return [node];
  const [outChannels, inChannels] = weight.dims;
  if (!isWrongOnWebgpu(inChannels, outChannels, groupsOf(node))) return [node];
  const [result] = node.output;
  const parts = [
    [0, 1],
    [1, outChannels],
  ].map(([from, to], part): NodeProto => {
    const name = `${result}:part${part}`;
    const inputs = known.map((tensor, i) => {
      const stored = floatTensor(`${name}:${i === 0 ? 'weight' : 'bias'}`, rows(tensor, from, to));
      added.push(stored);
      return stored.name;
    });
    return { ...node, name, input: [x, ...inputs], output: [name] };
  });
  const joined: NodeProto = {
    opType: 'Concat',
    name: `${result}:joined`,
    input: parts.map(({ output }) => output[0]),
    output: [result],
    attribute: [{ name: 'axis', type: ATTRIBUTE_TYPE.INT, i: 1 }],
  };
  return [...parts, joined];
}

/** Places `from` up to, not including, `to` of the first axis. */
function rows({ dims: [length, ...rest], dataType, values }: Constant, from: number, to: number): Constant {
  const size = values.length / length;
  return { dims: [to - from, ...rest], dataType, values: values.slice(from * size, to * size) };
}
