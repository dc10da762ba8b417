/**
 * The ONNX file format as a protobuf description: field names and numbers of onnx.proto
 * (IR version 10), complete, so that a model read and written again loses nothing.
 */
import protobuf from 'protobufjs/light.js';

type Field = { type: string; id: number; rule?: 'repeated'; keyType?: never; options?: { packed: boolean } };

const one = (type: string, id: number): Field => ({ type, id });
const many = (type: string, id: number): Field => ({ type, id, rule: 'repeated' });
/** Repeated numbers in one block; onnx.proto packs exactly the `*_data` fields of tensors. */
const packed = (type: string, id: number): Field => ({ ...many(type, id), options: { packed: true } });
const loose = (type: string, id: number): Field => ({ ...many(type, id), options: { packed: false } });

const description = {
  nested: {
    AttributeProto: {
      fields: {
        name: one('string', 1),
        refAttrName: one('string', 21),
        docString: one('string', 13),
        type: one('int32', 20),
        f: one('float', 2),
        i: one('int64', 3),
        s: one('bytes', 4),
        t: one('TensorProto', 5),
        g: one('GraphProto', 6),
        sparseTensor: one('SparseTensorProto', 22),
        tp: one('TypeProto', 14),
        floats: loose('float', 7),
        ints: loose('int64', 8),
        strings: many('bytes', 9),
        tensors: many('TensorProto', 10),
        graphs: many('GraphProto', 11),
        sparseTensors: many('SparseTensorProto', 23),
        typeProtos: many('TypeProto', 15),
      },
    },
    ValueInfoProto: {
      fields: {
        name: one('string', 1),
        type: one('TypeProto', 2),
        docString: one('string', 3),
        metadataProps: many('StringStringEntryProto', 4),
      },
    },
    NodeProto: {
      fields: {
        input: many('string', 1),
        output: many('string', 2),
        name: one('string', 3),
        opType: one('string', 4),
        attribute: many('AttributeProto', 5),
        docString: one('string', 6),
        domain: one('string', 7),
        overload: one('string', 8),
        metadataProps: many('StringStringEntryProto', 9),
      },
    },
    ModelProto: {
      fields: {
        irVersion: one('int64', 1),
        producerName: one('string', 2),
        producerVersion: one('string', 3),
        domain: one('string', 4),
        modelVersion: one('int64', 5),
        docString: one('string', 6),
        graph: one('GraphProto', 7),
        opsetImport: many('OperatorSetIdProto', 8),
        metadataProps: many('StringStringEntryProto', 14),
        trainingInfo: many('TrainingInfoProto', 20),
        functions: many('FunctionProto', 25),
      },
    },
    StringStringEntryProto: { fields: { key: one('string', 1), value: one('string', 2) } },
    GraphProto: {
      fields: {
        node: many('NodeProto', 1),
        name: one('string', 2),
        initializer: many('TensorProto', 5),
        docString: one('string', 10),
        input: many('ValueInfoProto', 11),
        output: many('ValueInfoProto', 12),
        valueInfo: many('ValueInfoProto', 13),
        quantizationAnnotation: many('TensorAnnotation', 14),
        sparseInitializer: many('SparseTensorProto', 15),
        metadataProps: many('StringStringEntryProto', 16),
      },
    },
    TensorProto: {
      fields: {
        dims: loose('int64', 1),
        dataType: one('int32', 2),
        segment: one('Segment', 3),
        floatData: packed('float', 4),
        int32Data: packed('int32', 5),
        stringData: many('bytes', 6),
        int64Data: packed('int64', 7),
        name: one('string', 8),
        rawData: one('bytes', 9),
        doubleData: packed('double', 10),
        uint64Data: packed('uint64', 11),
        docString: one('string', 12),
        externalData: many('StringStringEntryProto', 13),
        dataLocation: one('int32', 14),
        metadataProps: many('StringStringEntryProto', 16),
      },
      nested: { Segment: { fields: { begin: one('int64', 1), end: one('int64', 2) } } },
    },
    SparseTensorProto: {
      fields: { values: one('TensorProto', 1), indices: one('TensorProto', 2), dims: loose('int64', 3) },
    },
    TensorShapeProto: {
      fields: { dim: many('Dimension', 1) },
      nested: {
        Dimension: {
          oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
          fields: { dimValue: one('int64', 1), dimParam: one('string', 2), denotation: one('string', 3) },
        },
      },
    },
    TypeProto: {
      oneofs: {
        value: { oneof: ['tensorType', 'sequenceType', 'mapType', 'optionalType', 'sparseTensorType'] },
      },
      fields: {
        tensorType: one('Tensor', 1),
        sequenceType: one('Sequence', 4),
        mapType: one('Map', 5),
        denotation: one('string', 6),
        sparseTensorType: one('SparseTensor', 8),
        optionalType: one('Optional', 9),
      },
      nested: {
        Tensor: { fields: { elemType: one('int32', 1), shape: one('TensorShapeProto', 2) } },
        Sequence: { fields: { elemType: one('TypeProto', 1) } },
        Map: { fields: { keyType: one('int32', 1), valueType: one('TypeProto', 2) } },
        Optional: { fields: { elemType: one('TypeProto', 1) } },
        SparseTensor: { fields: { elemType: one('int32', 1), shape: one('TensorShapeProto', 2) } },
      },
    },
    OperatorSetIdProto: { fields: { domain: one('string', 1), version: one('int64', 2) } },
    FunctionProto: {
      fields: {
        name: one('string', 1),
        input: many('string', 4),
        output: many('string', 5),
        attribute: many('string', 6),
        node: many('NodeProto', 7),
        docString: one('string', 8),
        opsetImport: many('OperatorSetIdProto', 9),
        domain: one('string', 10),
        attributeProto: many('AttributeProto', 11),
        valueInfo: many('ValueInfoProto', 12),
        overload: one('string', 13),
        metadataProps: many('StringStringEntryProto', 14),
      },
    },
    TrainingInfoProto: {
      fields: {
        initialization: one('GraphProto', 1),
        algorithm: one('GraphProto', 2),
        initializationBinding: many('StringStringEntryProto', 3),
        updateBinding: many('StringStringEntryProto', 4),
      },
    },
    TensorAnnotation: {
      fields: {
        tensorName: one('string', 1),
        quantParameterTensorNames: many('StringStringEntryProto', 2),
      },
    },
  },
};

// onnx.proto is proto2, where a field that is zero is written and is not the same as one left out: OpenCV refuses an
// attribute without its value.
const messages = Object.entries(description.nested).map(([name, message]) => [
  name,
  { ...message, edition: 'proto2' },
]);
const root = protobuf.Root.fromJSON({ nested: Object.fromEntries(messages) });

/** The message at the root of every ONNX file. */
export const ModelMessage: protobuf.Type = root.lookupType('ModelProto');

/** `TensorProto.DataType` for the element types used here. */
export const ELEMENT_TYPE = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;

/** `TensorProto.DataType` of floats of other widths, which models from elsewhere hold. */
export const FLOAT16 = 10;
export const FLOAT64 = 11;

/** `AttributeProto.AttributeType`. */
export const ATTRIBUTE_TYPE = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
} as const;

/** Bits of an element in `rawData`, by `TensorProto.DataType`; what is not listed has no fixed size (text) or is not known. */
const ELEMENT_BITS: Readonly<Record<number, number>> = {
  ...Object.fromEntries([1, 6, 12].map((type) => [type, 32])),
  ...Object.fromEntries([2, 3, 9, 17, 18, 19, 20, 24].map((type) => [type, 8])),
  ...Object.fromEntries([4, 5, 10, 16].map((type) => [type, 16])),
  ...Object.fromEntries([7, 11, 13, 14].map((type) => [type, 64])),
  15: 128,
  ...Object.fromEntries([21, 22, 23].map((type) => [type, 4])),
  ...Object.fromEntries([25, 26].map((type) => [type, 2])),
};

/** Bytes that the values of a tensor take; undefined where its type does not tell. Sizes may be any numbers. */
export function storageBytes({
  dataType,
  dims,
}: {
  readonly dataType: number;
  readonly dims: readonly unknown[];
}): number | undefined {
  const bits = ELEMENT_BITS[dataType];
  if (bits === undefined) return undefined;
  return Math.ceil(((dims ?? []).reduce<number>((product, size) => product * Number(size), 1) * bits) / 8);
}
