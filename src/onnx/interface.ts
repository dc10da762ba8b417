/** What a model takes and gives: names, element types and axes, read off the file. */
import type { GraphProto, NodeProto, ValueInfoProto } from './model.ts';

/** Names of `TensorProto.DataType` (onnx.proto), by number. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

/** One input or output of a model. */
export interface Port {
  readonly name: string;
  /** Such as `float32`; `sequence`, `map` or `type 17` for what is no tensor of a usual type. */
  readonly dtype: string;
  /** An axis of free length has a name, or ''; undefined where the file does not tell. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** The inputs that a caller has to feed: those without a default value in the file. */
export function requiredInputs(graph: GraphProto): Port[] {
  const defaults = new Set(graph.initializer.map(({ name }) => name));
  return graph.input.filter(({ name }) => !defaults.has(name)).map(portOf);
}

export function outputsOf(graph: GraphProto): Port[] {
  return graph.output.map(portOf);
}

function portOf({ name, type }: ValueInfoProto): Port {
  // A model without types for its outputs is wrong, but ONNX Runtime infers them.
  if (!type) return { name, dtype: 'unknown', shape: undefined };
  const { tensorType } = type;
  if (!tensorType) {
    const kind = type.sequenceType ? 'sequence' : type.mapType ? 'map' : 'unknown';
    return { name, dtype: kind, shape: undefined };
  }
  const { elemType, shape } = tensorType;
  return {
    name,
    dtype: TYPE_NAMES[elemType] ?? `type ${elemType}`,
    shape: shape?.dim.map(({ dimValue, dimParam }) => {
      const length = Number(dimValue ?? 0);
      return length > 0 ? length : (dimParam ?? '');
    }),
  };
}

/** `images: float32 [N, 3, 224, 224]`, for messages. */
export function describePort({ name, dtype, shape }: Port): string {
  if (!shape) return `${name}: ${dtype} of unknown shape`;
  return `${name}: ${dtype} [${shape.map((length) => (length === '' ? '?' : length)).join(', ')}]`;
}

/** What hands on the values that it is given, in their order along the classes. */
const CARRIERS = new Set([
  'Cast',
  'DequantizeLinear',
  'Flatten',
  'Identity',
  'QuantizeLinear',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
]);

/** The node that computes a tensor, seen through what only changes its form. */
export function sourceOf({ node }: GraphProto, tensor: string): NodeProto | undefined {
  const producers = new Map(node.flatMap((each) => each.output.map((name) => [name, each] as const)));
  let producer = producers.get(tensor);
  // A damaged file may have a cycle.
  for (let steps = node.length; producer && CARRIERS.has(producer.opType) && steps > 0; steps--) {
    producer = producers.get(producer.input[0]);
  }
  return producer;
}
