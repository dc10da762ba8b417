/** Values that an ONNX graph holds, as numbers: initializers, and what simple nodes make of them. */
import { floatToHalf, halfToFloat } from '../graph/float16.ts';
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from './model.ts';
import { ELEMENT_TYPE, FLOAT16, FLOAT64 } from './schema.ts';

/** A tensor whose values are known, whatever the file stores them as. */
export interface Constant {
  readonly dims: readonly number[];
  /** `TensorProto.DataType` that it has in the graph. */
  readonly dataType: number;
  /** Row-major. */
  readonly values: Float64Array;
}

/** Reads one element of `rawData`, which is little endian. */
const RAW: Readonly<Record<number, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  [ELEMENT_TYPE.float32]: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  [ELEMENT_TYPE.uint8]: { bytes: 1, read: (view, at) => view.getUint8(at) },
  3: { bytes: 1, read: (view, at) => view.getInt8(at) },
  4: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  5: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  [ELEMENT_TYPE.int32]: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  [ELEMENT_TYPE.int64]: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  [FLOAT16]: { bytes: 2, read: (view, at) => halfToFloat(view.getUint16(at, true)) },
  [FLOAT64]: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

/** Whether weights of this element type can be read and written. */
export function isFloat(dataType: number): boolean {
  return dataType === ELEMENT_TYPE.float32 || dataType === FLOAT16 || dataType === FLOAT64;
}

/** The values of a stored tensor; undefined when its type is not supported or the values are not all there. */
export function readTensor(tensor: TensorProto): Constant | undefined {
  const type = RAW[tensor.dataType];
  const dims = tensor.dims.map(Number);
  const count = dims.reduce((product, length) => product * length, 1);
  const { rawData } = tensor;
  if (!type) return undefined;
  let values: Float64Array;
  if (rawData && rawData.length > 0) {
    if (rawData.length !== count * type.bytes) return undefined;
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    values = Float64Array.from({ length: count }, (_, i) => type.read(view, i * type.bytes));
  } else {
    values = Float64Array.from(listed(tensor) ?? [], Number);
    // float16 is listed as the bits of each number.
    if (tensor.dataType === FLOAT16) values = values.map(halfToFloat);
  }
  return values.length === count ? { dims, dataType: tensor.dataType, values } : undefined;
}

function listed(tensor: TensorProto): readonly number[] | undefined {
  if (tensor.dataType === ELEMENT_TYPE.float32) return tensor.floatData;
  if (tensor.dataType === FLOAT64) return tensor.doubleData;
  if (tensor.dataType === ELEMENT_TYPE.int64) return tensor.int64Data;
  return tensor.int32Data;
}

/** A tensor to store: values in the float type `dataType`, rounded to it. */
export function floatTensor(name: string, { dims, dataType, values }: Constant): TensorProto {
  const stored =
    dataType === FLOAT16
      ? Uint16Array.from(values, floatToHalf)
      : dataType === FLOAT64
        ? values.slice()
        : Float32Array.from(values);
  return { name, dims: [...dims], dataType, rawData: new Uint8Array(stored.buffer) };
}

/** The values as the float type holds them. Other types' values come back as they are. */
export function rounded(values: Float64Array, dataType: number): Float64Array {
  if (dataType === FLOAT16) return values.map((value) => halfToFloat(floatToHalf(value)));
  return dataType === ELEMENT_TYPE.float32 ? values.map(Math.fround) : values;
}

/** An attribute of a node by name. */
export function attributeOf(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((attribute) => attribute.name === name);
}

/** Finds out the values of tensors that do not depend on the model's input. */
export class Constants {
  readonly #initializers: ReadonlyMap<string, TensorProto>;
  readonly #producers: ReadonlyMap<string, NodeProto>;

  constructor(graph: GraphProto) {
    this.#initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    this.#producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  }

  /**
   * The value of an initializer or a `Constant` node, also behind `Identity`, `Cast` to a float type and
   * `DequantizeLinear`; or a phrase that says why it is not known.
   */
  evaluate(name: string): Constant | string {
    const tensor = this.#initializers.get(name);
    if (tensor) return readTensor(tensor) ?? `is stored as element type ${tensor.dataType} of ONNX`;
    const node = this.#producers.get(name);
    if (!node) return 'is no constant of the file';
    switch (node.opType) {
      case 'Constant':
        return constantOf(node) ?? 'is stored in a form that is not supported';
      case 'Identity':
        return this.evaluate(node.input[0]);
      case 'Cast':
        return this.#cast(node);
      case 'DequantizeLinear':
        return this.#dequantize(node);
      default:
        return `is worked out by ${node.opType} when the model runs`;
    }
  }

  #cast(node: NodeProto): Constant | string {
    const x = this.evaluate(node.input[0]);
    if (typeof x === 'string') return x;
    const dataType = Number(attributeOf(node, 'to')?.i);
    if (!isFloat(dataType)) return `is cast to element type ${dataType} of ONNX`;
    return { ...x, dataType, values: rounded(x.values, dataType) };
  }

  /** `(x - zeroPoint) * scale`, with one scale for all or one for each place of an axis. */
  #dequantize(node: NodeProto): Constant | string {
    const [x, scale, zeroPoint] = node.input.filter((name) => name !== '').map((name) => this.evaluate(name));
    for (const value of [x, scale, zeroPoint]) if (typeof value === 'string') return value;
    const { dims, values } = x as Constant;
    const { values: scales, dataType } = scale as Constant;
    const zeros = (zeroPoint as Constant | undefined)?.values;
    const given = Number(attributeOf(node, 'axis')?.i ?? 1);
    const axis = given < 0 ? given + dims.length : given;
    if (scales.length !== 1 && scales.length !== dims[axis]) return 'is quantised in blocks';
    const inner = dims.slice(axis + 1).reduce((product, length) => product * length, 1);
    const place = (i: number) => (scales.length === 1 ? 0 : Math.floor(i / inner) % scales.length);
    const plain = values.map((value, i) => (value - (zeros?.[place(i)] ?? 0)) * scales[place(i)]);
    return { dims, dataType, values: rounded(plain, dataType) };
  }
}

function constantOf(node: NodeProto): Constant | undefined {
  const [attribute] = node.attribute;
  switch (attribute?.name) {
    case 'value':
      return attribute.t && readTensor(attribute.t);
    case 'value_float':
      return { dims: [], dataType: ELEMENT_TYPE.float32, values: Float64Array.of(attribute.f ?? 0) };
    case 'value_floats':
      return listConstant(ELEMENT_TYPE.float32, attribute.floats);
    case 'value_int':
      return { dims: [], dataType: ELEMENT_TYPE.int64, values: Float64Array.of(Number(attribute.i ?? 0)) };
    case 'value_ints':
      return listConstant(ELEMENT_TYPE.int64, attribute.ints);
    default:
      return undefined;
  }
}

function listConstant(dataType: number, values: readonly number[] = []): Constant {
  return { dims: [values.length], dataType, values: Float64Array.from(values, Number) };
}
