import { reachableNodes } from '../../graph/graph.ts';
import { formatShape } from '../../graph/tensor.ts';
import type { Node, Value } from '../../graph/value.ts';
import type { Plan, PlanOutput, Slot } from '../plan.ts';
import { convolution, isBiasAddition } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { TorchEmitter, type TorchTarget } from './emitter.ts';
import { linear } from './linear.ts';
import { settle } from './liveness.ts';
import { movement } from './movement.ts';
import { normalization } from './normalization.ts';
import { moveAll, optimizer } from './optimizer.ts';
import { pooling } from './pooling.ts';
import type { Surroundings, TorchRule, TorchTable } from './rules.ts';
import type { TorchValue } from './values.ts';

const RULES: TorchTable = {
  ...elementwise,
  ...movement,
  ...linear,
  ...convolution,
  ...pooling,
  ...normalization,
  ...optimizer,
};

export interface TorchLoweringOptions {
  readonly target: TorchTarget;
  /** What the graph does, for messages. */
  readonly name: string;
  /** Inputs that are kept between runs, and the outputs that take their places. */
  readonly bindings?: readonly { readonly input: string; readonly output?: string }[];
}

/**
 * Write a graph as a list of libtorch's calls.
 *
 * Values are kept in the precision that is asked for between convolutions, matrix products and what lies between them;
 * losses, statistics, parameters and what is given out are float32, as under PyTorch's autocast.
 *
 * @param outputs the values to yield, under the names by which they will be fetched
 */
export function lowerToTorch(outputs: ReadonlyMap<string, Value>, options: TorchLoweringOptions): Plan {
  const values = [...outputs.values()];
  const { graph } = values[0];
  const nodes = reachableNodes(graph, values);
  const emitter = new TorchEmitter(options.target);
  const made = new Map<Value, TorchValue>();
  for (const value of graph.inputs) made.set(value, emitter.place(value));
  const surroundings = new GraphAround(nodes, outputs, options.bindings ?? [], made, emitter);

  for (const node of nodes) {
    if (node.outputs.every((value) => made.has(value))) continue;
    emitter.purpose = describe(node);
    const inputs = node.inputs.map((value) => surroundings.find(value)!);
    const results =
      node.op === 'add' && isBiasAddition(node, surroundings)
        ? [inputs[0]]
        : ruleOf(node)({ emitter, attributes: node.attributes, inputs, node, graph: surroundings });
    node.outputs.forEach((value, i) => {
      made.set(value, results[i]);
    });
  }
  emitter.purpose = 'the outputs';
  const given = [...outputs].map(([name, value]): PlanOutput => {
    const found = surroundings.find(value)!;
    const { slot } = value.dtype === 'float32' ? emitter.float(found) : found;
    return { name, dtype: value.dtype, shape: value.shape, slot };
  });
  moveAll(emitter, emitter.moved);

  const inputs = graph.inputs.map((value) => ({
    name: value.source.kind === 'input' ? value.source.name : '',
    dtype: value.dtype,
    shape: value.shape,
    slot: made.get(value)!.slot,
  }));
  const outside = new Set<Slot>([...inputs, ...emitter.constants].map(({ slot }) => slot));
  for (const slot of emitter.fixed) outside.add(slot);
  const kept = new Set<Slot>(given.map(({ slot }) => slot));
  return {
    name: options.name,
    slots: emitter.slotCount,
    inputs,
    constants: emitter.constants,
    preparation: settle(emitter.preparation, outside, kept),
    calls: settle(emitter.calls, outside, kept),
    outputs: given,
  };
}

/** `conv2d in layer1.0.conv1 (float32[64, 64, 32, 32], float32[64, 64, 3, 3])`, for messages. */
function describe({ op, scope, inputs }: Node): string {
  const types = inputs.map(({ dtype, shape }) => `${dtype}${formatShape(shape)}`).join(', ');
  return `${op}${scope ? ` in ${scope}` : ''} (${types})`;
}

function ruleOf(node: Node): TorchRule<Node['attributes']> {
  // The table is typed op by op; a node pairs its op with that op's attributes by construction.
  return RULES[node.op] as TorchRule<Node['attributes']>;
}

class GraphAround implements Surroundings {
  private readonly reading = new Map<Value, Node[]>();
  private readonly given: ReadonlyMap<string, Value>;
  /** Output that takes the place of an input, by the input's name. */
  private readonly bound: ReadonlyMap<string, string | undefined>;

  constructor(
    nodes: readonly Node[],
    outputs: ReadonlyMap<string, Value>,
    bindings: NonNullable<TorchLoweringOptions['bindings']>,
    private readonly made: Map<Value, TorchValue>,
    private readonly emitter: TorchEmitter,
  ) {
    this.given = outputs;
    this.bound = new Map(bindings.map(({ input, output }) => [input, output]));
    for (const node of nodes) {
      for (const value of new Set(node.inputs)) {
        const readers = this.reading.get(value);
        if (readers) readers.push(node);
        else this.reading.set(value, [node]);
      }
    }
  }

  readers(value: Value): readonly Node[] {
    return this.reading.get(value) ?? [];
  }

  find(value: Value): TorchValue | undefined {
    const known = this.made.get(value);
    if (known || value.source.kind !== 'constant') return known;
    const constant = this.emitter.constant(value.source.tensor);
    this.made.set(value, constant);
    return constant;
  }

  settle(value: Value, tensor: TorchValue): void {
    this.made.set(value, tensor);
  }

  isOutput(value: Value): boolean {
    return [...this.given.values()].includes(value);
  }

  replaces(before: Value, after: Value): boolean {
    if (before.source.kind !== 'input') return false;
    const output = this.bound.get(before.source.name);
    if (output === undefined || this.given.get(output) !== after) return false;
    const names = [...this.given.values()].filter((value) => value === after);
    return names.length === 1 && this.readers(after).length === 0;
  }

  fedInput(value: Value): string | undefined {
    const { source } = value;
    return source.kind === 'input' && !this.bound.has(source.name) ? source.name : undefined;
  }
}
