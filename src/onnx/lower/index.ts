import { reachableNodes } from '../../graph/graph.ts';
import type { Node, Value } from '../../graph/value.ts';
import type { Target } from '../emitter.ts';
import { CONTRIB_DOMAIN, Emitter, valueInfo } from '../emitter.ts';
import type { ModelProto } from '../model.ts';
import { convolution } from './convolution.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import type { LoweringRule, LoweringTable } from './rules.ts';
import { simple } from './simple.ts';

const LOWERINGS: LoweringTable = { ...simple, ...convolution, ...pooling, ...normalization };

/** Operator set of every file written: the newest that has reductions with axes as attributes. */
export const OPSET = 17;

export interface LoweringOptions {
  readonly target: Target;
  /** Name of the graph in the file. */
  readonly name: string;
  /** Write the first axis of every input and output as this free dimension. */
  readonly freeBatch?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Write a graph as an ONNX model.
 *
 * @param outputs the values to yield, under the names by which they will be fetched
 * @returns the model; inputs keep their names, nodes are named `module.path/OpType`
 */
export function lowerGraph(outputs: ReadonlyMap<string, Value>, options: LoweringOptions): ModelProto {
  const values = [...outputs.values()];
  const { graph } = values[0];
  const emitter = new Emitter(options.target);
  const names = new Map<Value, string>();
  for (const value of graph.inputs) {
    if (value.source.kind === 'input') names.set(value, emitter.unique(value.source.name));
  }
  const reserved = [...outputs.keys()].map((name) => {
    if (emitter.unique(name) !== name)
      throw new Error(`internal: an output has the name of the input "${name}"`);
    return name;
  });

  const nameOf = (value: Value): string => {
    const known = names.get(value);
    if (known) return known;
    if (value.source.kind !== 'constant') throw new Error('internal: a value is used before it is made');
    const name = emitter.constant(value.source.tensor, value.source.name);
    names.set(value, name);
    return name;
  };

  for (const node of reachableNodes(graph, values)) {
    emitter.scope = node.scope;
    const made = ruleOf(node)({
      emitter,
      attributes: node.attributes,
      inputs: node.inputs.map(nameOf),
      inputTypes: node.inputs,
      outputTypes: node.outputs,
    });
    node.outputs.forEach((value, i) => {
      names.set(value, made[i]);
    });
  }
  emitter.scope = '';
  const sources = values.map(nameOf);
  const info = (name: string, { dtype, shape }: Value): ReturnType<typeof valueInfo> =>
    valueInfo(name, dtype, options.freeBatch ? [options.freeBatch, ...shape.slice(1)] : shape);
  renameOutputs(emitter, reserved, sources);

  return {
    irVersion: 8,
    producerName: 'pushpull',
    opsetImport: [
      { domain: '', version: OPSET },
      ...(emitter.usesContrib ? [{ domain: CONTRIB_DOMAIN, version: 1 }] : []),
    ],
    graph: {
      name: options.name,
      node: emitter.nodes,
      initializer: emitter.initializers,
      input: graph.inputs.map((value) => info(nameOf(value), value)),
      output: reserved.map((name, i) => info(name, values[i])),
    },
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
  };
}

/** Let the producing nodes write to the outputs' public names; copy only where that cannot be. */
function renameOutputs(emitter: Emitter, outputs: readonly string[], sources: readonly string[]): void {
  const renamed = new Map<string, string>();
  const made = new Set(emitter.nodes.flatMap((node) => node.output));
  outputs.forEach((output, i) => {
    const source = sources[i];
    if (made.has(source) && !renamed.has(source)) renamed.set(source, output);
  });
  for (const node of emitter.nodes) {
    node.input = node.input.map((name) => renamed.get(name) ?? name);
    node.output = node.output.map((name) => renamed.get(name) ?? name);
  }
  outputs.forEach((output, i) => {
    const source = sources[i];
    if (renamed.get(source) === output) return;
    emitter.nodes.push({
      opType: 'Identity',
      name: output,
      input: [renamed.get(source) ?? source],
      output: [output],
      attribute: [],
    });
  });
}

function ruleOf(node: Node): LoweringRule<Node['attributes']> {
  // The table is typed op by op; a node pairs its op with that op's attributes by construction.
  return LOWERINGS[node.op] as LoweringRule<Node['attributes']>;
}
