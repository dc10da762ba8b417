/** Small ONNX classifiers whose answers can be worked out by hand. */
import { encodeModel, type NodeProto, type ValueInfoProto } from '../../src/onnx/model.ts';
import { ATTRIBUTE_TYPE, ELEMENT_TYPE } from '../../src/onnx/schema.ts';

export interface TinyModelOptions {
  /** Shape of the input; text for a free axis, empty for one without a name. */
  readonly input?: readonly (number | string)[];
  readonly dtype?: keyof typeof ELEMENT_TYPE;
  /** `[3, K]`, row-major: logits = channel means × weight. */
  readonly weight?: readonly number[];
  readonly metadata?: Record<string, string>;
  /** A second output beside `logits`: the channel means `[N, 3]`. */
  readonly features?: boolean;
  /** A second input that nothing reads. */
  readonly extraInput?: boolean;
}

/** Logits = mean of each channel over the image, times `weight` `[3, K]` (the identity by default). */
export function tinyModel(options: TinyModelOptions = {}): Uint8Array {
  const { input = ['N', 3, 8, 8], dtype = 'float32', weight = [1, 0, 0, 0, 1, 0, 0, 0, 1] } = options;
  const spatial = input.length < 4 ? [2] : input[3] === 3 ? [1, 2] : [2, 3];
  const channels = input[1] === 1 ? 1 : 3;
  const classes = weight.length / channels;
  const cast = dtype === 'float32' ? [] : [node('Cast', ['images'], 'floats', { to: ELEMENT_TYPE.float32 })];
  const nodes = [
    ...cast,
    node('ReduceMean', [cast.length > 0 ? 'floats' : 'images'], 'means', { axes: spatial, keepdims: 0 }),
    node('MatMul', ['means', 'weight'], 'logits', {}),
  ];
  const inputs = [valueInfo('images', dtype, input)];
  if (options.extraInput) inputs.push(valueInfo('other', 'float32', [1]));
  const outputs = [valueInfo('logits', 'float32', [input[0], classes])];
  if (options.features) outputs.push(valueInfo('means', 'float32', [input[0], 3]));
  return encodeModel({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 13 }],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'tiny',
      node: nodes,
      initializer: [
        {
          name: 'weight',
          dims: [channels, classes],
          dataType: ELEMENT_TYPE.float32,
          rawData: new Uint8Array(Float32Array.from(weight).buffer),
        },
      ],
      input: inputs,
      output: outputs,
    },
  });
}

function node(
  opType: string,
  input: string[],
  output: string,
  attributes: Record<string, number | number[]>,
): NodeProto {
  return {
    opType,
    name: output,
    input,
    output: [output],
    attribute: Object.entries(attributes).map(([name, value]) =>
      Array.isArray(value)
        ? { name, type: ATTRIBUTE_TYPE.INTS, ints: value }
        : { name, type: ATTRIBUTE_TYPE.INT, i: value },
    ),
  };
}

function valueInfo(
  name: string,
  dtype: keyof typeof ELEMENT_TYPE,
  shape: readonly (number | string)[],
): ValueInfoProto {
  const dim = shape.map((size) =>
    typeof size === 'number' ? { dimValue: size } : size === '' ? {} : { dimParam: size },
  );
  return { name, type: { tensorType: { elemType: ELEMENT_TYPE[dtype], shape: { dim } } } };
}
