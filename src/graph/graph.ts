import type { OpAttributes, OpName } from './ops/attributes.ts';
import { inferOutputs } from './ops/index.ts';
import type { DType, Shape, Tensor } from './tensor.ts';
import { formatShape } from './tensor.ts';
import type { Node, Source, Value, ValueGraph, ValueType } from './value.ts';

/**
 * A static graph under construction.
 *
 * Values are made by `input`, `constant` and `apply` and never change; a node can only refer to
 * values that exist, so the list of nodes is always in an order in which it can be run. Shapes and
 * types are checked as each node is added.
 */
export class Graph implements ValueGraph {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  private readonly scopes: string[] = [];
  private nextId = 0;

  /** A named input that is fed at every run. */
  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.inputs.some((value) => value.source.kind === 'input' && value.source.name === name)) {
      throw new Error(`internal: the graph has an input "${name}" already`);
    }
    const value = this.value({ dtype, shape }, { kind: 'input', name });
    this.inputs.push(value);
    return value;
  }

  /** A tensor that is part of the graph. A name, where given, is kept in the lowered file. */
  constant(tensor: Tensor, name?: string): Value {
    return this.value(tensor, { kind: 'constant', tensor, name });
  }

  /** Add a node. Throws when the inputs do not fit the op, naming op, module path and shapes. */
  apply<K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): readonly Value[] {
    for (const value of inputs) {
      if (value.graph !== this) throw new Error(`internal: an input of ${op} belongs to another graph`);
    }
    const outputs: Value[] = [];
    const node: Node<K> = { op, inputs, attributes, outputs, scope: this.scope };
    let types: readonly ValueType[];
    try {
      types = inferOutputs(op, inputs, attributes);
    } catch (error) {
      const at = this.scope ? ` in ${this.scope}` : '';
      const found = inputs.map((value) => `${value.dtype}${formatShape(value.shape)}`).join(', ');
      throw new Error(`${op}${at}: ${(error as Error).message} (inputs: ${found})`, { cause: error });
    }
    types.forEach((type, output) => {
      outputs.push(this.value(type, { kind: 'node', node: node as unknown as Node, output }));
    });
    this.nodes.push(node as unknown as Node);
    return outputs;
  }

  /** Run `build` with every node it adds filed under `scope` appended to the current path. */
  within<T>(scope: string, build: () => T): T {
    this.scopes.push(scope);
    try {
      return build();
    } finally {
      this.scopes.pop();
    }
  }

  get scope(): string {
    return this.scopes.filter((part) => part !== '').join('.');
  }

  private value(type: ValueType, source: Source): Value {
    return { graph: this, id: this.nextId++, dtype: type.dtype, shape: [...type.shape], source };
  }
}

/** The nodes that `outputs` depend on, in running order. */
export function reachableNodes(graph: ValueGraph, outputs: readonly Value[]): Node[] {
  const needed = new Set<Node>();
  const pending = [...outputs];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (value.source.kind === 'node' && !needed.has(value.source.node)) {
      needed.add(value.source.node);
      pending.push(...value.source.node.inputs);
    }
  }
  return graph.nodes.filter((node) => needed.has(node));
}

/** The graph as text, one node a line; the same graph always prints the same. */
export function printGraph(graph: ValueGraph, outputs: readonly Value[]): string {
  const names = new Map<Value, string>();
  const name = (value: Value): string => {
    if (value.source.kind === 'input') return value.source.name;
    const known = names.get(value);
    if (known) return known;
    if (value.source.kind === 'constant') {
      const { tensor } = value.source;
      return tensor.data.length === 1 ? String(tensor.data[0]) : `const${formatShape(tensor.shape)}`;
    }
    const fresh = `%${names.size}`;
    names.set(value, fresh);
    return fresh;
  };
  const lines = reachableNodes(graph, outputs).map((node) => {
    const attributes = Object.entries(node.attributes)
      .map(([key, value]) => ` ${key}=${JSON.stringify(value)}`)
      .join('');
    const inputs = node.inputs.map(name).join(', ');
    const results = node.outputs.map((value) => `${name(value)}:${value.dtype}${formatShape(value.shape)}`);
    return `${results.join(', ')} = ${node.op}(${inputs})${attributes}`;
  });
  return [...lines, `return ${outputs.map(name).join(', ')}`].join('\n');
}
