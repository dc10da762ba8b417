/** Where a network from elsewhere first looks at its image. */
import { UserError } from '../errors.ts';
import { attributeOf, type Constant, Constants, isFloat } from './constants.ts';
import { captures, liveNodes, reads } from './liveness.ts';
import type { ModelProto, NodeProto } from './model.ts';

/** The convolution that reads the image, with its constants. */
export interface FirstConvolution {
  readonly node: NodeProto;
  /** Name of the node, or of its output where it has none. */
  readonly name: string;
  /** `[Cout, Cin/groups, kh, kw]`; float32, float16 or double. */
  readonly weight: Constant;
  /** `[Cout]`; undefined when it has none. */
  readonly bias: Float64Array | undefined;
  readonly groups: number;
  /** Vertical, horizontal. */
  readonly stride: readonly [number, number];
  /** Whether neighbouring windows share no pixel, as those of a patch embedding. */
  readonly disjoint: boolean;
}

/**
 * What may happen to the image before the first convolution, and at which inputs of a node the image may come in;
 * all other inputs must not depend on it.
 */
const PREPARATION: Readonly<Record<string, 'first' | 'any'>> = {
  Add: 'any',
  BatchNormalization: 'first',
  Cast: 'first',
  Clip: 'first',
  Concat: 'any',
  DequantizeLinear: 'first',
  Div: 'first',
  Gather: 'first',
  Identity: 'first',
  Mul: 'any',
  Neg: 'first',
  Pad: 'first',
  QuantizeLinear: 'first',
  Reshape: 'first',
  Resize: 'first',
  Slice: 'first',
  Split: 'first',
  Squeeze: 'first',
  Sub: 'any',
  Transpose: 'first',
  Unsqueeze: 'first',
  Upsample: 'first',
};

/** Reads the shape of the image, not its pixels. */
const SHAPE_READERS: readonly string[] = ['Shape', 'Size'];
/** The first operator set whose arithmetic broadcasts and whose pooling can leave the padding out. */
const LEAST_OPSET = 7;
/** `TensorProto.DataLocation.EXTERNAL` (onnx.proto). */
const EXTERNAL = 1;

/**
 * Follows the image from the model's input through its preparation (normalisation, channel order, padding, resizing) to
 * the one convolution that reads it.
 *
 * @param file How messages name the model.
 * @throws UserError when something else reads the image first, when several convolutions do, when the convolution is
 *   not two-dimensional, or when its weights are not constants of the file.
 */
export function findFirstConvolution(model: ModelProto, file: string): FirstConvolution {
  const { convolutions, others } = imageReaders(model, file);
  if (others.length > 0 || convolutions.length !== 1) {
    throw unsuitable(model, file, [...convolutions, ...others]);
  }
  return describeConvolution(convolutions[0], new Constants(model.graph), file);
}

/**
 * All nodes that read the image, prepared or not.
 *
 * @throws UserError when the file is too old, in parts, or has no input that could be the image
 */
export function imageReaders(model: ModelProto, file: string): Readers {
  checkFile(model, file);
  return readersOfImage(model, imageName(model, file));
}

function checkFile({ graph, opsetImport }: ModelProto, file: string): void {
  const opset = Number(opsetImport.find(({ domain }) => isStandard(domain))?.version ?? 0);
  if (opset < LEAST_OPSET) {
    throw new UserError(
      `${file}: expected ONNX operator set ${LEAST_OPSET} or later, found ${opset}; convert the model with ` +
        'onnx.version_converter',
    );
  }
  if (graph.initializer.some(({ dataLocation }) => dataLocation === EXTERNAL)) {
    throw new UserError(
      `${file}: expected an ONNX model in one file, found one whose weights lie in another file; save it with its ` +
        'weights inside (onnx.save_model without save_as_external_data)',
    );
  }
}

/** The one input of a model; weights that are listed as inputs do not count. */
function imageName({ graph }: ModelProto, file: string): string {
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.map(({ name }) => name).filter((name) => !stored.has(name));
  if (inputs.length === 1) return inputs[0];
  throw new UserError(
    `${file}: expected one input, a batch of images, found ${inputs.length} (${inputs.join(', ') || 'none'}); ` +
      'give an image classifier',
  );
}

export interface Readers {
  /** Convolutions of the image. */
  readonly convolutions: NodeProto[];
  /** All else that reads it, save its preparation. */
  readonly others: NodeProto[];
}

function readersOfImage({ graph }: ModelProto, image: string): Readers {
  const constants = new Constants(graph);
  const live = liveNodes(graph);
  /** The image, at any stage of its preparation. */
  const images = new Set([image]);
  /** All that depends on it. */
  const dependent = new Set([image]);
  const convolutions: NodeProto[] = [];
  const others: NodeProto[] = [];
  for (const node of graph.node) {
    const inputs = reads(node);
    if (!live.has(node) || SHAPE_READERS.includes(node.opType)) continue;
    if (!inputs.some((name) => dependent.has(name))) continue;
    for (const name of node.output) dependent.add(name);
    if (!inputs.some((name) => images.has(name))) continue;
    const [first, ...rest] = node.input;
    if (isConvolution(node) && images.has(first) && !rest.some((name) => dependent.has(name))) {
      convolutions.push(node);
    } else if (prepares(node, images, dependent, constants)) {
      for (const name of node.output) images.add(name);
    } else {
      others.push(node);
    }
  }
  return { convolutions, others };
}

function prepares(
  node: NodeProto,
  images: ReadonlySet<string>,
  dependent: ReadonlySet<string>,
  constants: Constants,
): boolean {
  const place = isStandard(node.domain) ? PREPARATION[node.opType] : undefined;
  if (place === undefined || captures(node).length > 0) return false;
  const taken = node.input.flatMap((name, index) => (dependent.has(name) ? [index] : []));
  if (place === 'first' && (taken.length !== 1 || taken[0] !== 0)) return false;
  if (taken.some((index) => !images.has(node.input[index]))) return false;
  // The product of two images is no longer one.
  if (node.opType === 'Mul') return taken.length === 1;
  return node.opType !== 'Reshape' || keepsChannels(constants.evaluate(node.input[1]));
}

/** Whether a reshaped image is still a batch of images: four axes, one of them that of the colours. */
function keepsChannels(target: Constant | string): boolean {
  if (typeof target === 'string' || target.values.length !== 4) return false;
  const [, second, , last] = target.values;
  return [0, 1, 3].includes(second) || [1, 3].includes(last);
}

/** @throws UserError when it is not two-dimensional, reads no image, or its weights are not constants of the file */
export function describeConvolution(node: NodeProto, constants: Constants, file: string): FirstConvolution {
  const name = node.name || node.output[0];
  const refuse = (found: string, cure: string): never => {
    throw new UserError(`${file}: the first convolution, "${name}", ${found}; ${cure}`);
  };
  const constant = (input: string, what: string): Constant => {
    const value = constants.evaluate(input);
    if (typeof value === 'string') {
      return refuse(
        `has ${what} that ${value} ("${input}")`,
        'store it in the file as a constant (export with constant folding, or run onnxsim on the model)',
      );
    }
    if (isFloat(value.dataType)) return value;
    return refuse(
      `has ${what} of element type ${value.dataType} of ONNX`,
      'give a float32, float16 or double model',
    );
  };
  const weight = constant(node.input[1], 'a weight');
  const bias = node.input[2] ? constant(node.input[2], 'a bias').values : undefined;
  const groups = Number(attributeOf(node, 'group')?.i ?? 1);
  const { dims } = weight;
  if (dims.length !== 4) {
    refuse(
      `is ${dims.length - 2}-dimensional, its weight [${dims.join(', ')}]`,
      'push-pull is defined for images, whose convolutions have two dimensions',
    );
  }
  const channels = dims[1] * groups;
  if (channels !== 3 && channels !== 1) {
    refuse(
      `reads ${channels} channels`,
      'expected one that reads the 3 channels of a colour image, or 1 of a grey one',
    );
  }
  const { ints = [] } = attributeOf(node, 'strides') ?? {};
  const stride = [Number(ints[0] ?? 1), Number(ints[1] ?? 1)] as const;
  const disjoint = stride[0] >= dims[2] && stride[1] >= dims[3];
  return { node, name, weight, bias, groups, stride, disjoint };
}

function unsuitable(model: ModelProto, file: string, readers: readonly NodeProto[]): UserError {
  const local = new Set(model.functions?.map(({ domain, name }) => `${domain}:${name}`));
  const listed = readers.slice(0, 4).map((node) => `${node.opType} "${node.name || node.output[0]}"`);
  const more = readers.length > listed.length ? ` and ${readers.length - listed.length} more` : '';
  const found = readers.length === 0 ? 'nothing that reads it' : `${listed.join(', ')}${more}`;
  const hints = new Set(readers.flatMap((node) => hintFor(node, local) ?? []));
  return new UserError(
    `${file}: expected one convolution that reads the image, and nothing else that does, found ${found}` +
      `${hints.size > 0 ? `: ${[...hints].join('; ')}` : '; push-pull can replace a first convolution only'}`,
  );
}

/** What it means that a node of this kind reads the image, and what to do. */
function hintFor(node: NodeProto, functions: ReadonlySet<string>): string | undefined {
  const { opType, domain = '' } = node;
  if (isConvolution(node)) return undefined;
  if (functions.has(`${domain}:${opType}`)) {
    return `${opType} is a function inside the file; inline functions first (onnx.inliner)`;
  }
  if (captures(node).length > 0) {
    return `what ${opType} holds is a graph of its own, in which nothing is replaced; simplify the model first (onnxsim)`;
  }
  if (/^(QLinear|ConvInteger|MatMulInteger)/.test(opType)) {
    return 'the model is quantised; retrofit it before that';
  }
  if (/Conv$/.test(opType) && !isStandard(domain)) {
    return `${opType} is ONNX Runtime's own; retrofit the model as it was before it was optimised`;
  }
  if (opType === 'MatMul' || opType === 'Gemm' || opType === 'Einsum') {
    return 'the first layer is fully connected, or embeds patches as a matrix product';
  }
  if (opType === 'Reshape' || opType === 'Flatten') {
    return `${opType} takes the image apart, or to a shape that is worked out when the model runs`;
  }
  return undefined;
}

function isConvolution({ opType, domain }: NodeProto): boolean {
  return opType === 'Conv' && isStandard(domain);
}

/** The operator set of ONNX itself, whose domain has two names. */
function isStandard(domain: string | undefined): boolean {
  return domain === undefined || domain === '' || domain === 'ai.onnx';
}
