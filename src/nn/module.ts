import type { Shape } from '../graph/tensor.ts';
import type { Value, ValueGraph } from '../graph/value.ts';
import type { Random } from '../random/random.ts';

/** Makes the first values of a tensor. */
export type Initializer = (shape: Shape, random: Random) => Float32Array;

/** A tensor that belongs to a module: trained, or (a buffer) kept beside what is trained. */
export class Parameter {
  readonly shape: Shape;
  readonly initialize: Initializer;
  /** Buffers, such as running statistics, are part of the weights but are not trained. */
  readonly trainable: boolean;

  constructor(shape: Shape, initialize: Initializer, trainable = true) {
    this.shape = shape;
    this.initialize = initialize;
    this.trainable = trainable;
  }
}

/**
 * What a module needs to write itself into a graph.
 *
 * One definition of a network serves training and deployment: in training, parameters are inputs of
 * the graph; in deployment they are constants in it.
 */
export interface ForwardContext {
  readonly graph: ValueGraph;
  /** Training uses the batch's statistics and records updates of buffers. */
  readonly training: boolean;
  /** Weight of this batch in running statistics, where it shall not be the layers' own momentum. */
  readonly statisticsRate?: Value;
  /** The value of a parameter or buffer in this graph. */
  value(parameter: Parameter): Value;
  /** Record what a buffer shall hold after the step. */
  update(buffer: Parameter, value: Value): void;
  /** Uniform random numbers in [0, 1), new at every training step; dropout and its kin draw from them. */
  uniform(shape: Shape): Value;
}

/**
 * A part of a network: parameters, child modules, and a forward pass that adds nodes to a graph.
 *
 * Parameters and children are found by the names of their fields, as in PyTorch; the children of an
 * array field are numbered (`layer1.0.conv1.weight`).
 */
export abstract class Module {
  /** Local name within the parent; set when the parent is walked. */
  private localName = '';

  /** Add this module's nodes. Called through `call`, which files them under the module's path. */
  protected abstract forward(x: Value, context: ForwardContext): Value;

  /** Apply the module to a value. */
  call(x: Value, context: ForwardContext): Value {
    this.nameChildren();
    return context.graph.within(this.localName, () => this.forward(x, context));
  }

  /** Direct children with their local names. */
  *children(): Generator<[name: string, child: Module]> {
    for (const [field, value] of Object.entries(this)) {
      if (value instanceof Module) yield [field, value];
      else if (Array.isArray(value)) {
        for (const [i, item] of value.entries()) if (item instanceof Module) yield [`${field}.${i}`, item];
      }
    }
  }

  /** All parameters and buffers with their full names, in the order of definition. */
  *namedParameters(prefix = ''): Generator<[name: string, parameter: Parameter]> {
    for (const [field, value] of Object.entries(this)) {
      if (value instanceof Parameter) yield [`${prefix}${field}`, value];
    }
    for (const [name, child] of this.children()) yield* child.namedParameters(`${prefix}${name}.`);
  }

  private nameChildren(): void {
    for (const [name, child] of this.children()) child.localName = name;
  }
}
