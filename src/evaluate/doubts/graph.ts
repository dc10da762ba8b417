/** What a model's graph says against its outputs: that they are no scores of classes, or that they depend on more than the image. */
import { attributeOf, Constants } from '../../onnx/constants.ts';
import { liveNodes } from '../../onnx/liveness.ts';
import type { GraphProto, ModelProto, NodeProto, TensorProto } from '../../onnx/model.ts';

/** Works value by value, or only changes the form: what comes out stands for what went in. */
const CARRIERS = new Set([
  ...[
    'Abs',
    'Cast',
    'Clip',
    'DequantizeLinear',
    'Elu',
    'Exp',
    'Flatten',
    'HardSigmoid',
    'Identity',
    'LeakyRelu',
  ],
  ...[
    'Log',
    'LogSoftmax',
    'Neg',
    'QuantizeLinear',
    'Reciprocal',
    'Relu',
    'Reshape',
    'Round',
    'Sigmoid',
    'Slice',
  ],
  ...['Softmax', 'Split', 'Sqrt', 'Squeeze', 'Tanh', 'Transpose', 'Unsqueeze', 'ZipMap'],
]);
/** With a constant on the other side. */
const ARITHMETIC = new Set(['Add', 'Div', 'Max', 'Min', 'Mul', 'Pow', 'Sub']);
/** Take some values by their numbers. */
const GATHERS = new Set(['Gather', 'GatherElements', 'GatherND', 'ArrayFeatureExtractor']);

/** Looks for nodes behind an output that make something else than a score for each class. */
export class ScoreOrigin {
  readonly #producers: ReadonlyMap<string, NodeProto>;
  readonly #initializers: ReadonlySet<string>;
  readonly #constants: Constants;
  readonly #size: number;

  constructor(graph: GraphProto) {
    this.#producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
    this.#initializers = new Set(graph.initializer.map(({ name }) => name));
    this.#constants = new Constants(graph);
    this.#size = graph.node.length;
  }

  /**
   * Why an output is no score for each class, whatever its shape; undefined where the graph says nothing against it.
   *
   * @param count numbers that it has for an image
   */
  against(output: string, count: number): string | undefined {
    return this.#against(output, count, this.#size);
  }

  #against(name: string, count: number, steps: number): string | undefined {
    const node = this.#producers.get(name);
    // A damaged file may have a cycle.
    if (!node || steps === 0) return undefined;
    const follow = (input: string) => this.#against(input, count, steps - 1);
    const { opType, input } = node;
    if (opType === 'ArgMax' || opType === 'ArgMin')
      return `${opType} makes it: the number of a class, no scores`;
    if (opType === 'TopK') return this.#topK(node, name, count);
    if (opType === 'ReduceMax' || opType === 'ReduceMin') return this.#extreme(node, count);
    if (opType === 'NonMaxSuppression' || opType === 'NonZero' || opType === 'Unique') {
      return `${opType} makes it: numbers of places, no scores`;
    }
    if (GATHERS.has(opType))
      return follow(input[0]) ?? (this.#isConstant(input[1]) ? undefined : follow(input[1]));
    if (opType === 'Concat') return input.map(follow).find((why) => why !== undefined);
    if (ARITHMETIC.has(opType)) {
      const free = input.filter((each) => !this.#isConstant(each));
      return free.length === 1 ? follow(free[0]) : undefined;
    }
    return CARRIERS.has(opType) ? follow(input[0]) : undefined;
  }

  #isConstant(name: string): boolean {
    return this.#initializers.has(name) || this.#producers.get(name)?.opType === 'Constant';
  }

  /** The k largest along the classes; along another axis, as pooling has it, more than k are left of an image. */
  #topK(node: NodeProto, name: string, count: number): string | undefined {
    if (name === node.output[1]) return 'TopK makes it: the numbers of the likeliest classes, no scores';
    const told = attributeOf(node, 'k')?.i ?? this.#numbers(node.input[1])?.[0];
    const k = told === undefined ? undefined : Number(told);
    if (k !== undefined && count > k) return undefined;
    return `TopK makes it: the ${k ?? ''} largest scores in their order, not one for each class`.replace(
      '  ',
      ' ',
    );
  }

  /** The largest score of all classes; over the places of a picture it is pooling. */
  #extreme(node: NodeProto, count: number): string | undefined {
    if (count !== 1) return undefined;
    const axes = attributeOf(node, 'axes')?.ints?.map(Number) ?? this.#numbers(node.input[1]);
    if (axes?.length === 2) return undefined;
    const which = node.opType === 'ReduceMax' ? 'largest' : 'smallest';
    return `${node.opType} makes it: the ${which} score alone, not one for each class`;
  }

  #numbers(name: string | undefined): number[] | undefined {
    const found = name === undefined ? 'none' : this.#constants.evaluate(name);
    return typeof found === 'string' ? undefined : [...found.values];
  }
}

/** What makes an answer depend on more than its image. */
export interface BatchDependence {
  /** In words, with how many nodes and the name of the first. */
  readonly what: string;
  /** What to do about it. */
  readonly cure: string;
  /** Whether it shows in every answer, so that it is told even where a sample shows nothing. */
  readonly always: boolean;
}

const EVALUATION_MODE =
  'export the model in evaluation mode (model.eval() in PyTorch, training=False in Keras)';
const RANDOM = new Set([
  ...['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike'],
  ...['Bernoulli', 'Multinomial'],
]);
const DYNAMIC = new Set(['DynamicQuantizeLinear', 'DynamicQuantizeMatMul', 'DynamicQuantizeLSTM']);

/** Nodes that an output depends on and that look at the whole batch, or draw random numbers. */
export function batchDependence({ graph }: ModelProto, output: string): BatchDependence[] {
  const nodes = [...liveNodes(graph, [output])].flatMap(withInner);
  const booleans = new Map<string, TensorProto>(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const node of graph.node) {
    const value = node.opType === 'Constant' ? attributeOf(node, 'value')?.t : undefined;
    if (value) booleans.set(node.output[0], value);
  }
  const isTrue = (name: string | undefined) => {
    const value = name === undefined ? undefined : booleans.get(name);
    return Number(value?.rawData?.[0] ?? value?.int32Data?.[0] ?? 0) !== 0;
  };
  const constants = new Constants(graph);
  const isZero = (name: string | undefined) => {
    const found = name ? constants.evaluate(name) : 'half';
    return typeof found !== 'string' && found.values[0] === 0;
  };
  const training = (node: NodeProto) =>
    Number(attributeOf(node, 'training_mode')?.i ?? 0) === 1 ||
    node.output.filter((name) => name !== '').length > 1;
  return [
    told(
      nodes.filter((node) => node.opType === 'BatchNormalization' && training(node)),
      () => 'BatchNormalization in training mode, which takes mean and variance from the batch',
      EVALUATION_MODE,
    ),
    told(
      nodes.filter(({ opType, input }) => opType === 'Dropout' && isTrue(input[2]) && !isZero(input[1])),
      () => 'Dropout in training mode, which leaves values out at random',
      EVALUATION_MODE,
    ),
    told(
      nodes.filter(({ opType }) => RANDOM.has(opType)),
      ({ opType }) => `${opType}, which draws random numbers`,
      'export the model without it: each run gives other figures',
    ),
    told(
      nodes.filter(({ opType }) => DYNAMIC.has(opType)),
      ({ opType }) => `${opType}, which takes the range of its numbers from the whole batch`,
      'compare it at one --batch alone, or quantise it statically',
      false,
    ),
  ].filter((found) => found !== undefined);
}

function told(
  nodes: readonly NodeProto[],
  what: (node: NodeProto) => string,
  cure: string,
  always = true,
): BatchDependence | undefined {
  if (nodes.length === 0) return undefined;
  const [first] = nodes;
  const name = first.name || first.output[0];
  const which = nodes.length === 1 ? `node "${name}"` : `${nodes.length} nodes, the first "${name}"`;
  return { what: `${what(first)} (${which})`, cure, always };
}

/** A node and those of the graphs inside it. */
function withInner(node: NodeProto): NodeProto[] {
  const graphs = node.attribute.flatMap(({ g, graphs = [] }) => (g ? [g, ...graphs] : graphs));
  return [node, ...graphs.flatMap((inner) => inner.node.flatMap(withInner))];
}
