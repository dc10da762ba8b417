import { UserError } from '../errors.ts';
import { ModelMessage } from './schema.ts';

// The parts of an ONNX file as plain objects, in protobufjs' camel case: the fields that this project reads or writes.
// A decoded file has the others too and keeps them. Whole numbers of 64 bits then are objects, which `Number()` reads.

export interface AttributeProto {
  name: string;
  type: number;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  sparseTensor?: SparseTensorProto;
  floats?: number[];
  ints?: number[];
  strings?: Uint8Array[];
  tensors?: TensorProto[];
  graphs?: GraphProto[];
  sparseTensors?: SparseTensorProto[];
}

export interface NodeProto {
  opType: string;
  domain?: string;
  name: string;
  input: string[];
  output: string[];
  attribute: AttributeProto[];
}

export interface TensorProto {
  name: string;
  dims: number[];
  dataType: number;
  rawData?: Uint8Array;
  floatData?: number[];
  int32Data?: number[];
  int64Data?: number[];
  doubleData?: number[];
  /** 1 where the values lie in another file. */
  dataLocation?: number;
  /** Which file, and where in it. */
  externalData?: { key: string; value: string }[];
}

export interface SparseTensorProto {
  values?: TensorProto;
  indices?: TensorProto;
  /** Of the tensor with all its zeros. */
  dims?: number[];
}

export interface Dimension {
  dimValue?: number;
  dimParam?: string;
}

export interface ValueInfoProto {
  name: string;
  type: {
    tensorType?: { elemType: number; shape?: { dim: Dimension[] } };
    sequenceType?: unknown;
    mapType?: unknown;
  };
}

export interface GraphProto {
  name: string;
  node: NodeProto[];
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo?: ValueInfoProto[];
  sparseInitializer?: SparseTensorProto[];
}

export interface ModelProto {
  irVersion: number;
  producerName?: string;
  producerVersion?: string;
  docString?: string;
  graph: GraphProto;
  opsetImport: { domain: string; version: number }[];
  metadataProps: { key: string; value: string }[];
  functions?: { name: string; domain: string; node?: NodeProto[] }[];
}

/** The bytes of an `.onnx` file. */
export function encodeModel(model: ModelProto): Uint8Array {
  return ModelMessage.encode(ModelMessage.create({ ...model })).finish();
}

/**
 * Read the bytes of an `.onnx` file.
 *
 * @param name how to call the file in messages
 * @throws UserError when the bytes are no ONNX model
 */
export function decodeModel(bytes: Uint8Array, name: string): ModelProto {
  let model: ModelProto;
  try {
    model = ModelMessage.decode(bytes) as unknown as ModelProto;
  } catch (error) {
    throw new UserError(
      `${name}: expected an ONNX model, found bytes that do not decode as one (${(error as Error).message}). Export the model again.`,
    );
  }
  if (!model.graph || model.opsetImport.length === 0 || model.graph.node.length === 0) {
    throw new UserError(`${name}: expected an ONNX model, found no graph in it. Export the model again.`);
  }
  return model;
}
