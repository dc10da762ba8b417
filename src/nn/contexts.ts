import type { Shape, Tensor } from '../graph/tensor.ts';
import { formatShape, sameShape } from '../graph/tensor.ts';
import type { Value, ValueGraph } from '../graph/value.ts';
import { randomStream } from '../random/random.ts';
import type { ForwardContext, Module, Parameter } from './module.ts';

/** Weights of a module by full name: parameters and buffers. */
export type Weights = ReadonlyMap<string, Tensor>;

/** Initial weights. Each tensor has a stream of its own, keyed by seed and name. */
export function initialWeights(module: Module, seed: number): Map<string, Tensor> {
  const weights = new Map<string, Tensor>();
  for (const [name, parameter] of module.namedParameters()) {
    const data = parameter.initialize(parameter.shape, randomStream(seed, 'init', name));
    weights.set(name, { dtype: 'float32', shape: parameter.shape, data });
  }
  return weights;
}

/** Differences between given weights and what a module expects, one line each; empty when none. */
export function weightMismatches(module: Module, weights: Weights): string[] {
  const problems: string[] = [];
  const expected = new Map(module.namedParameters());
  for (const [name, { shape }] of expected) {
    const found = weights.get(name);
    if (!found) problems.push(`missing: ${name} ${formatShape(shape)}`);
    else if (!sameShape(found.shape, shape) || found.dtype !== 'float32') {
      problems.push(
        `wrong: ${name} is ${found.dtype}${formatShape(found.shape)}, expected float32${formatShape(shape)}`,
      );
    }
  }
  for (const name of weights.keys()) if (!expected.has(name)) problems.push(`unexpected: ${name}`);
  return problems;
}

const NOISE = 'noise/';

/** Parameters as inputs of the graph; updates of buffers are collected. */
export class TrainingContext implements ForwardContext {
  readonly training = true;
  /** Trained parameters by name, in order. */
  readonly parameters = new Map<string, Value>();
  /** Buffers by name: the value before the step and, once recorded, after it. */
  readonly buffers = new Map<string, { before: Value; after: Value | undefined }>();
  /**
   * Random numbers by name, `noise/<module path>`: inputs of the graph, so that whoever runs it decides them and
   * a step can be repeated bit for bit.
   */
  readonly noise = new Map<string, Value>();
  readonly statisticsRate?: Value;
  private readonly values = new Map<Parameter, Value>();
  private readonly names = new Map<Parameter, string>();

  /** @param options.statisticsRate a scalar that takes the place of every batch norm's momentum */
  constructor(
    readonly graph: ValueGraph,
    module: Module,
    options: { readonly statisticsRate?: Value } = {},
  ) {
    this.statisticsRate = options.statisticsRate;
    for (const [name, parameter] of module.namedParameters()) {
      const value = graph.input(name, 'float32', parameter.shape);
      this.values.set(parameter, value);
      this.names.set(parameter, name);
      if (parameter.trainable) this.parameters.set(name, value);
      else this.buffers.set(name, { before: value, after: undefined });
    }
  }

  value(parameter: Parameter): Value {
    return this.values.get(parameter)!;
  }

  update(buffer: Parameter, value: Value): void {
    this.buffers.get(this.names.get(buffer)!)!.after = value;
  }

  uniform(shape: Shape): Value {
    const path = `${NOISE}${this.graph.scope}`;
    const name = this.noise.has(path) ? `${path}.${this.noise.size}` : path;
    const value = this.graph.input(name, 'float32', shape);
    this.noise.set(name, value);
    return value;
  }
}

/** The network as it is deployed: nothing is updated, nothing is random. */
abstract class DeployedContext implements ForwardContext {
  readonly training = false;
  private readonly values: ReadonlyMap<Parameter, Value>;

  constructor(
    readonly graph: ValueGraph,
    module: Module,
    make: (name: string, parameter: Parameter) => Value,
  ) {
    const named = [...module.namedParameters()];
    this.values = new Map(named.map(([name, parameter]) => [parameter, make(name, parameter)]));
  }

  value(parameter: Parameter): Value {
    return this.values.get(parameter)!;
  }

  update(): never {
    throw new Error('internal: nothing is updated at inference');
  }

  uniform(): never {
    throw new Error('internal: nothing is random at inference');
  }
}

/** Parameters as named constants of the graph. */
export class InferenceContext extends DeployedContext {
  constructor(graph: ValueGraph, module: Module, weights: Weights) {
    const problems = weightMismatches(module, weights);
    if (problems.length > 0) throw new Error(`the weights do not fit the model:\n  ${problems.join('\n  ')}`);
    super(graph, module, (name) => graph.constant(weights.get(name)!, name));
  }
}

/** Parameters as inputs: the deployed form without any weights, to look at its graph and count what it does. */
export class OutlineContext extends DeployedContext {
  constructor(graph: ValueGraph, module: Module) {
    super(graph, module, (name, { shape }) => graph.input(name, 'float32', shape));
  }
}
