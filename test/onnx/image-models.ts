/** Small ONNX models around a first convolution, made node by node. */
import { floatTensor } from '../../src/onnx/constants.ts';
import { type Attribute, Emitter, valueInfo } from '../../src/onnx/emitter.ts';
import type { AttributeProto, ModelProto } from '../../src/onnx/model.ts';
import { ATTRIBUTE_TYPE, ELEMENT_TYPE } from '../../src/onnx/schema.ts';
import { generated } from '../support/generated.ts';

export type Shape = readonly (number | string)[];

/** Builds a graph with the input `image`; every method returns the name of the tensor that it made. */
export class GraphBuilder {
  readonly emitter = new Emitter({ device: 'portable' });
  readonly inputs = [] as ReturnType<typeof valueInfo>[];

  constructor(image: Shape = ['N', 3, 'H', 'W'], dtype: 'float32' | 'uint8' = 'float32') {
    this.input('image', image, dtype);
  }

  input(name: string, shape: Shape, dtype: 'float32' | 'uint8' = 'float32'): string {
    this.inputs.push(valueInfo(this.emitter.unique(name), dtype, shape));
    return name;
  }

  emit(opType: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    return this.emitter.emit(opType, inputs, attributes);
  }

  /** An initializer of a float type with given or made-up values. */
  floats(
    name: string,
    dims: readonly number[],
    values: ArrayLike<number> = generated(
      name,
      dims.reduce((a, b) => a * b, 1),
    ),
    dataType: number = ELEMENT_TYPE.float32,
  ): string {
    const unique = this.emitter.unique(name);
    const stored = { dims, dataType, values: Float64Array.from(values) };
    this.emitter.initializers.push(floatTensor(unique, stored));
    return unique;
  }

  ints(...values: number[]): string {
    return this.emitter.ints(values);
  }

  /** A convolution with made-up weights `[filters, channels, 3, 3]`. */
  conv(input: string, filters = 4, channels = 3, name = 'weight'): string {
    return this.emit('Conv', [input, this.floats(name, [filters, channels, 3, 3])], { pads: [1, 1, 1, 1] });
  }

  /** The model whose outputs are these tensors. */
  model(outputs: readonly string[], { opset = 13, irVersion = 8 } = {}): ModelProto {
    return {
      irVersion,
      opsetImport: [{ domain: '', version: opset }],
      metadataProps: [],
      graph: {
        name: 'test',
        node: this.emitter.nodes,
        initializer: this.emitter.initializers,
        input: this.inputs,
        output: outputs.map((name) => ({ name, type: { tensorType: { elemType: ELEMENT_TYPE.float32 } } })),
      },
    };
  }
}

/** An attribute that holds a graph, as those of `If` and `Loop` do. */
export function graphAttribute(name: string, body: GraphBuilder, outputs: readonly string[]): AttributeProto {
  const { graph } = body.model(outputs);
  return { name, type: ATTRIBUTE_TYPE.GRAPH, g: { ...graph, input: [] } };
}
