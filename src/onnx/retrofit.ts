/** Surgery on a finished model: its first convolution becomes a push-pull unit. */
import { UserError } from '../errors.ts';
import { type Constant, floatTensor, rounded } from './constants.ts';
import { Emitter } from './emitter.ts';
import { type FirstConvolution, findFirstConvolution } from './first-convolution.ts';
import { liveNodes, namesIn, reads } from './liveness.ts';
import type { GraphProto, ModelProto, NodeProto, ValueInfoProto } from './model.ts';
import { ELEMENT_TYPE } from './schema.ts';

/** The unit that takes the convolution's place. */
export interface PushPullUnit {
  /** Size of the average pooling of the pull response, odd; 0 leaves it out. */
  readonly avg: number;
  /** Inhibition strength: one number for all filters, or one a filter `[Cout]`. */
  readonly alpha: number | readonly number[];
}

export interface RetrofitOptions extends PushPullUnit {
  /** Factor of each filter's response `[Cout]`, above 0. Default: 1. */
  readonly scale?: ArrayLike<number>;
  /** Added to each filter's response `[Cout]`. Default: the bias of the convolution. */
  readonly shift?: ArrayLike<number>;
  /** On what `scale` and `shift` were estimated; noted in the model. */
  readonly estimatedOn?: EstimationSource;
}

/** The clean images from which scale and shift of the responses come. */
export interface EstimationSource {
  readonly data: string;
  readonly split: 'train' | 'test';
  readonly images: number;
  readonly seed: number;
}

/** What a retrofitted model says of it. Stored as JSON in the ONNX metadata under `pushpull.retrofit`. */
export interface RetrofitNote extends PushPullUnit {
  readonly schema: 'pushpull.retrofit/1';
  /** Name of the convolution that was replaced. */
  readonly layer: string;
  /** Null when scale and shift were not estimated: then they are 1 and the bias of the convolution. */
  readonly estimatedOn: EstimationSource | null;
}

export const RETROFIT_KEY = 'pushpull.retrofit';

/**
 * The model with its first convolution replaced by
 *
 *     y = scale · (relu(x * w) - alpha · relu(avg(x * w_pull))) + shift,   w_pull = -w + max(w) + min(w)
 *
 * (Bennabhaktula, Alegre, Strisciuglio, Azzopardi 2024, Eq. 2-5), maximum and minimum over each filter. The convolution
 * keeps its geometry, `y` its name, and all else of the model stays as it is. As in `PushPullConv2d`, the pull response
 * is `(max + min) · (x * 1) - x * w`, which costs one more channel (one a group) instead of `Cout`. Scaling the weights
 * by a positive number scales the unit's response alike, so the scale is taken into them.
 *
 * @param file How messages name the model.
 * @throws UserError when there is no such convolution, see `findFirstConvolution`, or it was replaced before
 * @throws RangeError on an even pooling size, or numbers that do not fit the filters
 */
export function retrofit(model: ModelProto, options: RetrofitOptions, file = 'the model'): ModelProto {
  const { avg, alpha, scale, shift, estimatedOn = null } = options;
  if (model.metadataProps.some(({ key }) => key === RETROFIT_KEY)) {
    throw new UserError(
      `${file}: expected a plain convolution, found a push-pull unit that took its place before; retrofit the original model`,
    );
  }
  const convolution = findFirstConvolution(model, file);
  const { node, name: layer, bias } = convolution;
  const [output] = node.output;
  const { nodes, initializers } = unitNodes(model, convolution, { ...options, shift: shift ?? bias, output });
  if (scale && Array.from(scale).some((factor) => !(factor > 0))) {
    throw new RangeError('scale: expected numbers above 0');
  }
  const note: RetrofitNote = { schema: 'pushpull.retrofit/1', avg, alpha, layer, estimatedOn };
  const graph = {
    ...model.graph,
    node: model.graph.node.flatMap((candidate) => (candidate === node ? nodes : [candidate])),
  };
  return {
    ...model,
    graph: withoutOrphans(withConstants(model, graph, initializers), model.graph),
    metadataProps: [...model.metadataProps, { key: RETROFIT_KEY, value: JSON.stringify(note) }],
  };
}

/** Outputs of {@link responseModel}. */
export const RESPONSES = { convolution: 'response/convolution', unit: 'response/unit' } as const;

/**
 * The part of a model up to its first convolution, to compare what is replaced with what replaces it. Outputs, float32
 * `[N, Cout, H', W']`: the response of the convolution with its bias, and that of the unit with scale 1 and shift 0.
 */
export function responseModel(model: ModelProto, unit: PushPullUnit, file = 'the model'): ModelProto {
  const convolution = findFirstConvolution(model, file);
  const { node, weight } = convolution;
  const plain = 'response/unit/plain';
  const { nodes, initializers } = unitNodes(model, convolution, { ...unit, output: plain });
  const outputs = [
    { name: RESPONSES.convolution, from: node.output[0] },
    { name: RESPONSES.unit, from: plain },
  ];
  const casts = new Emitter({ device: 'portable' });
  for (const { name, from } of outputs) {
    casts.emit('Cast', [from], { to: ELEMENT_TYPE.float32 });
    casts.nodes.at(-1)!.output = [name];
  }
  const before = liveNodes(model.graph, reads(node));
  const graph: GraphProto = {
    ...model.graph,
    node: [...model.graph.node.filter((each) => before.has(each)), node, ...nodes, ...casts.nodes],
    output: outputs.map(({ name }) => ({
      name,
      type: {
        tensorType: {
          elemType: ELEMENT_TYPE.float32,
          shape: { dim: [{}, { dimValue: weight.dims[0] }, {}, {}] },
        },
      },
    })),
  };
  return { ...model, graph: withoutOrphans(withConstants(model, graph, initializers), model.graph) };
}

interface UnitOptions extends PushPullUnit {
  readonly scale?: ArrayLike<number>;
  readonly shift?: ArrayLike<number>;
  /** Name of the unit's response. */
  readonly output: string;
}

/** The nodes of a push-pull unit with the geometry of a convolution, and the constants that they read. */
function unitNodes(
  { graph }: ModelProto,
  { node, name, weight, groups }: FirstConvolution,
  { avg, alpha, scale, shift, output }: UnitOptions,
): Emitter {
  if (!Number.isInteger(avg) || avg < 0 || (avg > 0 && avg % 2 === 0)) {
    throw new RangeError(`avg: expected an odd pooling size, or 0 for none, found ${avg}`);
  }
  const [filters, ...window] = weight.dims;
  const emitter = new Emitter({ device: 'portable' });
  for (const taken of namesIn(graph)) emitter.unique(taken);
  emitter.scope = name;
  const store = (what: string, dims: readonly number[], values: Float64Array): string => {
    const stored = emitter.unique(`${name}/${what}`);
    emitter.initializers.push(floatTensor(stored, { dims, dataType: weight.dataType, values }));
    return stored;
  };
  const perChannel = [1, filters, 1, 1];
  /** The convolution with another weight, and no bias. */
  const convolve = (kernel: string, what: string): string => {
    const response = emitter.unique(`${name}/${what}`);
    const { input, attribute, opType } = node;
    emitter.nodes.push({ opType, name: response, input: [input[0], kernel], output: [response], attribute });
    return response;
  };

  const kernels = scale ? scaled(weight, perFilter('scale', scale, filters)) : weight;
  const push = convolve(scale ? store('weight', weight.dims, kernels.values) : node.input[1], 'push');
  const ones = new Float64Array(groups * window.reduce((product, length) => product * length, 1)).fill(1);
  const box = convolve(store('box', [groups, ...window], ones), 'sum');
  const levels = levelsOf(kernels);
  const level =
    groups === 1
      ? emitter.emit('Mul', [box, store('level', perChannel, levels)])
      : emitter.emit('Conv', [box, store('level', [filters, 1, 1, 1], levels)], { group: groups });
  let pull = emitter.emit('Sub', [level, push]);
  if (avg > 1) {
    const margin = (avg - 1) / 2;
    pull = emitter.emit('AveragePool', [pull], {
      kernel_shape: [avg, avg],
      strides: [1, 1],
      pads: [margin, margin, margin, margin],
      count_include_pad: 0,
    });
  }
  pull = emitter.emit('Relu', [pull]);
  const strengths = perFilter('alpha', alpha, filters);
  if (strengths.some((strength) => strength !== 1)) {
    pull = emitter.emit('Mul', [pull, store('alpha', perChannel, strengths)]);
  }
  const difference = emitter.emit('Sub', [emitter.emit('Relu', [push]), pull]);
  const added = perFilter('shift', shift ?? 0, filters);
  if (added.some((value) => value !== 0)) {
    emitter.emit('Add', [difference, store('shift', perChannel, added)]);
  }
  emitter.nodes.at(-1)!.output = [output];
  return emitter;
}

/** One number a filter, from one for all or from a list. */
function perFilter(what: string, given: number | ArrayLike<number>, filters: number): Float64Array {
  const values = typeof given === 'number' ? new Float64Array(filters).fill(given) : Float64Array.from(given);
  if (values.length === filters && values.every(Number.isFinite)) return values;
  const found = values.length === filters ? 'some that are not finite' : values.length;
  throw new RangeError(`${what}: expected one number or ${filters}, one a filter, found ${found}`);
}

/** Each filter times its factor, as the weight's element type holds it. */
function scaled(weight: Constant, factors: Float64Array): Constant {
  const size = weight.values.length / factors.length;
  const values = weight.values.map((value, i) => value * factors[Math.floor(i / size)]);
  return { ...weight, values: rounded(values, weight.dataType) };
}

/** `max(w) + min(w)` of each filter. */
function levelsOf({ dims, values }: Constant): Float64Array {
  const size = values.length / dims[0];
  return Float64Array.from({ length: dims[0] }, (_, filter) => {
    const kernel = values.subarray(filter * size, (filter + 1) * size);
    return Math.max(...kernel) + Math.min(...kernel);
  });
}

/** The graph with more initializers, which files before IR version 4 list among the inputs as well. */
function withConstants(
  { irVersion }: ModelProto,
  graph: GraphProto,
  initializers: Emitter['initializers'],
): GraphProto {
  const listed: ValueInfoProto[] = initializers.map(({ name, dims, dataType }) => ({
    name,
    type: {
      tensorType: { elemType: dataType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } },
    },
  }));
  return {
    ...graph,
    initializer: [...graph.initializer, ...initializers],
    input: Number(irVersion) < 4 ? [...graph.input, ...listed] : graph.input,
  };
}

/** Without the nodes and initializers that had a reader in `before` and have none any more. */
function withoutOrphans(graph: GraphProto, before: GraphProto): GraphProto {
  const [wasLive, isLive] = [before, graph].map((each) => liveNodes(each));
  const orphaned = (node: NodeProto): boolean => wasLive.has(node) && !isLive.has(node);
  const node = graph.node.filter((each) => !orphaned(each));
  const gone = new Set(before.node.filter(orphaned).flatMap(({ output }) => output));
  for (const name of node.flatMap(({ output }) => output)) gone.delete(name);
  const [wasUsed, isUsed] = [before.node, node].map((nodes) => new Set(nodes.flatMap(reads)));
  for (const { name } of graph.output) isUsed.add(name);
  const initializer = graph.initializer.filter(({ name }) => isUsed.has(name) || !wasUsed.has(name));
  const kept = new Set(initializer.map(({ name }) => name));
  for (const { name } of graph.initializer) if (!kept.has(name)) gone.add(name);
  const remains = ({ name }: ValueInfoProto): boolean => !gone.has(name);
  return {
    ...graph,
    node,
    initializer,
    input: graph.input.filter(remains),
    ...(graph.valueInfo && { valueInfo: graph.valueInfo.filter(remains) }),
  };
}
