import type { DType, Shape, Tensor } from '../graph/tensor.ts';
import type { AttributeProto, NodeProto, TensorProto, ValueInfoProto } from './model.ts';
import { ATTRIBUTE_TYPE, ELEMENT_TYPE } from './schema.ts';

/** Attribute of an ONNX node: whole numbers, text, or a number marked as float. */
export type Attribute = number | readonly number[] | string | { readonly float: number };

/** What the lowering aims at; rules may choose another form for another target. */
export interface Target {
  /** Which kernels will run the graph. `portable` is plain ONNX for deployment anywhere. */
  readonly device: 'cpu' | 'webgpu' | 'cuda' | 'portable';
}

/** Where ONNX Runtime keeps the ops that are its own. */
export const CONTRIB_DOMAIN = 'com.microsoft';

/** Values of the largest constant that is worth comparing with others; the zeros of a batch norm, say. */
const LARGEST_SHARED = 4096;

/** Collects the nodes and constants of an ONNX graph and gives them readable, unique names. */
export class Emitter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly target: Target;
  /** Module path that new nodes are named after. */
  scope = '';
  /** Whether a node is of ONNX Runtime's own ops, which a model has to say. */
  usesContrib = false;
  private readonly names = new Set<string>();
  private readonly constants = new Map<string, string>();
  /** The nodes so far, by what they compute. */
  private readonly computed = new Map<string, NodeProto>();

  constructor(target: Target) {
    this.target = target;
  }

  /**
   * Add a node with one output and return the output's name. No op here has a memory or draws at random, so what is
   * asked for twice is computed once. ONNX Runtime would find that too, but a handful a pass, and a pass over the
   * training graph of ResNet-152 takes it two seconds.
   */
  emit(opType: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    return this.emitMany(opType, inputs, attributes, 1)[0];
  }

  /** Add a node of an op that ONNX Runtime has and ONNX has not: not for deployed models, nor for every device. */
  emitContrib(opType: string, inputs: readonly string[], attributes: Record<string, Attribute>): string {
    this.usesContrib = true;
    return this.emitMany(opType, inputs, attributes, 1, CONTRIB_DOMAIN)[0];
  }

  /** Add a node with several outputs and return their names. */
  emitMany(
    opType: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute>,
    outputs: number,
    domain?: string,
  ): string[] {
    const key = JSON.stringify([opType, inputs, attributes]);
    let node = this.computed.get(key);
    if (!node) {
      node = {
        opType,
        ...(domain && { domain }),
        name: this.unique(this.scope === '' ? opType : `${this.scope}/${opType}`),
        input: [...inputs],
        output: [],
        attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
      };
      this.nodes.push(node);
      this.computed.set(key, node);
    }
    // Outputs beyond the first are optional in ONNX, and wanted by some readers only.
    for (let i = node.output.length; i < outputs; i++)
      node.output.push(i === 0 ? node.name : `${node.name}:${i}`);
    return node.output.slice(0, outputs);
  }

  /** A tensor stored in the file. Equal unnamed constants are stored once. */
  constant(tensor: Tensor, name?: string): string {
    const { data } = tensor;
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key =
      name === undefined && data.length <= LARGEST_SHARED
        ? `${tensor.dtype}[${tensor.shape}]:${data}`
        : undefined;
    const known = key && this.constants.get(key);
    if (known) return known;
    const fresh = this.unique(name ?? `constant_${tensor.shape.join('x') || 'scalar'}`);
    if (key) this.constants.set(key, fresh);
    this.initializers.push({
      name: fresh,
      dims: [...tensor.shape],
      dataType: ELEMENT_TYPE[tensor.dtype],
      rawData,
    });
    return fresh;
  }

  /** A large constant that is computed once and shared by all who ask for it under the same key. */
  sharedConstant(key: string, make: () => Tensor): string {
    const known = this.constants.get(key);
    if (known) return known;
    const name = this.constant(make(), key);
    this.constants.set(key, name);
    return name;
  }

  /** A one-axis int64 constant, as shapes and axes are given to ONNX ops. */
  ints(values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.constant({ dtype: 'int64', shape: [values.length], data });
  }

  /** A float32 constant; a scalar when no shape is given. */
  floats(values: readonly number[] | Float32Array | number, shape: Shape = []): string {
    const data = typeof values === 'number' ? Float32Array.of(values) : Float32Array.from(values);
    return this.constant({ dtype: 'float32', shape, data });
  }

  /** Reserve a name, with a number behind it where it is taken. */
  unique(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.names.has(name); i++) name = `${wanted}_${i}`;
    this.names.add(name);
    return name;
  }
}

/** Name, element type and axes of a graph input or output; a text axis is a free one. */
export function valueInfo(name: string, dtype: DType, shape: readonly (number | string)[]): ValueInfoProto {
  const dim = shape.map((length) =>
    typeof length === 'number' ? { dimValue: length } : { dimParam: length },
  );
  return { name, type: { tensorType: { elemType: ELEMENT_TYPE[dtype], shape: { dim } } } };
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'string') {
    return { name, type: ATTRIBUTE_TYPE.STRING, s: new TextEncoder().encode(value) };
  }
  if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.INT, i: value };
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.FLOAT, f: value.float };
  return { name, type: ATTRIBUTE_TYPE.INTS, ints: [...value] };
}
