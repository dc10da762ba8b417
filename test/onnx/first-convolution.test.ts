import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { floatTensor } from '../../src/onnx/constants.ts';
import { findFirstConvolution } from '../../src/onnx/first-convolution.ts';
import { encodeModel, type ModelProto } from '../../src/onnx/model.ts';
import { retrofit } from '../../src/onnx/retrofit.ts';
import { ATTRIBUTE_TYPE, ELEMENT_TYPE, FLOAT16 } from '../../src/onnx/schema.ts';
import { generated } from '../support/generated.ts';
import { GraphBuilder, graphAttribute } from './image-models.ts';

let engine: OnnxEngine;
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 });
});
afterAll(() => engine.close());

const find = (model: ModelProto) => findFirstConvolution(model, 'net.onnx');

/** A model from a function that gets a builder and returns the name of the output. */
function modelOf(
  make: (builder: GraphBuilder) => string,
  builder = new GraphBuilder(),
  settings = {},
): ModelProto {
  return builder.model([make(builder)], settings);
}

const NHWC = ['N', 8, 8, 3] as const;

describe('the way from the image to the convolution may lead through', () => {
  const preparations: Record<string, (b: GraphBuilder) => string> = {
    nothing: () => 'image',
    'a normalisation': (b) =>
      b.emit('Div', [
        b.emit('Sub', [b.emit('Mul', ['image', b.floats('k', [1])]), b.floats('m', [3, 1, 1])]),
        b.floats('s', [3, 1, 1], [1, 2, 3]),
      ]),
    'a subtraction from a constant': (b) =>
      b.emit('Sub', [b.floats('one', [1]), b.emit('Identity', ['image'])]),
    'a batch norm': (b) =>
      b.emit('BatchNormalization', [
        'image',
        ...['scale', 'bias', 'mean', 'variance'].map((name) => b.floats(name, [3], [1, 2, 3])),
      ]),
    'a frame and a limit': (b) =>
      b.emit('Clip', [b.emit('Pad', ['image', b.ints(0, 0, 1, 1, 0, 0, 1, 1)]), b.floats('low', [], [0])]),
    'a size worked out from its shape': (b) => {
      const whole = b.emit('Shape', ['image']);
      const batch = b.emit('Slice', [whole, b.ints(0), b.ints(2)]);
      const size = b.emit('Concat', [batch, b.ints(16, 16)], { axis: 0 });
      return b.emit('Resize', ['image', '', '', size], { mode: 'nearest' });
    },
    'exchanged colours': (b) => b.emit('Gather', ['image', b.ints(2, 1, 0)], { axis: 1 }),
    'colours one at a time, as in GoogLeNet': (b) => {
      const colours = [0, 1, 2].map((colour) => {
        const one = b.emit('Slice', ['image', b.ints(colour), b.ints(colour + 1), b.ints(1)]);
        return b.emit('Add', [
          b.emit('Mul', [one, b.floats(`k${colour}`, [1])]),
          b.floats(`m${colour}`, [1]),
        ]);
      });
      return b.emit('Concat', colours, { axis: 1 });
    },
    float16: (b) =>
      b.emit('Cast', [b.emit('Cast', ['image'], { to: FLOAT16 })], { to: ELEMENT_TYPE.float32 }),
    'eight bits and back': (b) => {
      const scale = b.floats('step', [], [1 / 64]);
      return b.emit('DequantizeLinear', [b.emit('QuantizeLinear', ['image', scale]), scale]);
    },
    'another order of axes of the same image': (b) =>
      b.emit('Reshape', [b.emit('Unsqueeze', ['image', b.ints(0)]), b.ints(-1, 3, 8, 8)]),
  };

  test.each(Object.entries(preparations))('%s', async (_, prepare) => {
    const builder = new GraphBuilder(['N', 3, 8, 8]);
    const model = modelOf((b) => b.conv(prepare(b)), builder);
    expect(find(model)).toMatchObject({ groups: 1, stride: [1, 1], disjoint: false });
    expect(find(model).weight.dims).toEqual([4, 3, 3, 3]);
    await loads(retrofit(model, { avg: 3, alpha: 1 }));
  });

  test.each(['float32', 'uint8'] as const)('channels last, %s, as in TensorFlow', async (dtype) => {
    const builder = new GraphBuilder(NHWC, dtype);
    const model = modelOf((b) => {
      const image = b.emit('Cast', ['image'], { to: ELEMENT_TYPE.float32 });
      return b.conv(b.emit('Transpose', [image], { perm: [0, 3, 1, 2] }));
    }, builder);
    await loads(retrofit(model, { avg: 3, alpha: 1 }));
  });

  test('a part of the graph that no output needs does not matter', () => {
    const model = modelOf((b) => {
      b.emit('MatMul', ['image', b.floats('head', [8, 2])]);
      return b.conv('image');
    });
    expect(find(model).name).toBe('Conv');
  });

  async function loads(model: ModelProto): Promise<void> {
    const session = await engine.loadModel(encodeModel(model));
    const [{ dtype, shape }] = session.inputs;
    const sizes = shape.map((length) => (typeof length === 'number' ? length : 2));
    const count = sizes.reduce((a, b) => a * b, 1);
    const data = dtype === 'uint8' ? new Uint8Array(count).fill(9) : generated('image', count);
    await session.run({ image: { dtype, shape: sizes, data } as Tensor });
    await session.dispose();
  }
});

describe('the weight may be', () => {
  const values = generated('weight', 4 * 27);
  const dims = [4, 3, 3, 3];
  const convOf = (make: (b: GraphBuilder) => string) => modelOf((b) => b.emit('Conv', ['image', make(b)]));
  const constantNode = (b: GraphBuilder) => {
    const output = b.emit('Constant', []);
    const t = floatTensor('', { dims, dataType: ELEMENT_TYPE.float32, values: Float64Array.from(values) });
    b.emitter.nodes.at(-1)!.attribute.push({ name: 'value', type: ATTRIBUTE_TYPE.TENSOR, t });
    return output;
  };

  test.each<[string, (b: GraphBuilder) => string]>([
    ['an initializer', (b) => b.floats('w', dims, values)],
    ['a constant', constantNode],
    ['an initializer that is handed on', (b) => b.emit('Identity', [b.floats('w', dims, values)])],
    ['a constant that is cast', (b) => b.emit('Cast', [constantNode(b)], { to: ELEMENT_TYPE.float32 })],
  ])('%s', (_, make) => {
    const found = find(convOf(make)).weight;
    expect({ ...found, values: Float32Array.from(found.values) }).toEqual({ dims, dataType: 1, values });
  });

  test('float16, listed number by number', () => {
    const model = convOf((b) => b.floats('w', [1, 3, 1, 1], [1, -0.5, 0.1], FLOAT16));
    const [tensor] = model.graph.initializer;
    tensor.int32Data = [0x3c00, 0xb800, 0x2e66];
    delete tensor.rawData;
    expect([...find(model).weight.values]).toEqual([1, -0.5, 0.0999755859375]);
  });

  test.each([
    ['one scale', 0, [0.5], [3], [-1, -0.5, 0, 0.5]],
    ['a scale a filter', 0, [0.5, 2], [1, 4], [0, 0.5, 0, 2]],
    ['a scale a filter, counted from the end', -4, [0.5, 2], [1, 4], [0, 0.5, 0, 2]],
  ])('bytes that are dequantised with %s', (_, axis, scales, zeros, expected) => {
    const model = convOf((b) => {
      const bytes = (name: string, shape: number[], data: number[]) => {
        b.emitter.initializers.push({
          name,
          dims: shape,
          dataType: ELEMENT_TYPE.uint8,
          rawData: Uint8Array.from(data),
        });
        return name;
      };
      const stored = bytes(
        'stored',
        [2, 1, 1, 2],
        [1, 2, zeros.length === 1 ? 3 : 4, zeros.length === 1 ? 4 : 5],
      );
      const scale = b.floats('scales', scales.length === 1 ? [] : [2], scales);
      const zero = bytes('zeros', scales.length === 1 ? [] : [2], zeros);
      return b.emit('DequantizeLinear', [stored, scale, zero], { axis });
    });
    expect([...find(model).weight.values]).toEqual(expected);
  });
});

describe('refuses', () => {
  const refusals: [string, ModelProto, RegExp][] = [
    [
      'a fully connected network',
      modelOf((b) => b.emit('MatMul', [b.emit('Flatten', ['image']), b.floats('w', [192, 5])])),
      /^net.onnx: expected one convolution that reads the image, and nothing else that does, found Flatten "Flatten": Flatten takes the image apart/,
    ],
    [
      'patches that a matrix product embeds',
      modelOf((b) => {
        const patches = b.emit('Reshape', ['image', b.ints(0, 3, 2, 4, 2, 4)]);
        return b.emit('MatMul', [
          b.emit('Transpose', [patches], { perm: [0, 2, 4, 1, 3, 5] }),
          b.floats('w', [4, 4]),
        ]);
      }),
      /found Reshape "Reshape": Reshape takes the image apart, or to a shape/,
    ],
    [
      'a matrix product on the image',
      modelOf((b) => b.emit('MatMul', ['image', b.floats('w', [8, 8])])),
      /found MatMul "MatMul": the first layer is fully connected, or embeds patches/,
    ],
    [
      'two convolutions on the image',
      modelOf((b) => b.emit('Add', [b.conv('image'), b.conv('image', 4, 3, 'other')])),
      /found Conv "Conv", Conv "Conv_1"; push-pull can replace a first convolution only/,
    ],
    [
      'a second branch beside the convolution',
      modelOf((b) => b.emit('Concat', [b.conv('image'), b.emit('Sigmoid', ['image'])], { axis: 1 })),
      /found Conv "Conv", Sigmoid "Sigmoid"; push-pull/,
    ],
    [
      'an image that the response is added to',
      modelOf((b) => b.emit('Add', [b.conv('image', 3), 'image'])),
      /found Conv "Conv", Add "Add"/,
    ],
    [
      'the product of two images',
      modelOf((b) => b.conv(b.emit('Mul', ['image', 'image']))),
      /found Mul "Mul"/,
    ],
    [
      'a constant divided by the image',
      modelOf((b) => b.conv(b.emit('Div', [b.floats('one', [1]), 'image']))),
      /found Div "Div"/,
    ],
    [
      'many readers, of which it names four',
      modelOf((b) =>
        b.emit(
          'Sum',
          ['Sin', 'Cos', 'Tan', 'Exp', 'Erf'].map((type) => b.emit(type, ['image'])),
        ),
      ),
      /found Sin "Sin", Cos "Cos", Tan "Tan", Exp "Exp" and 1 more/,
    ],
    [
      'an image that nobody reads',
      modelOf((b) => b.emit('Identity', [b.floats('c', [1])])),
      /found nothing that reads/,
    ],
    [
      'a weight that is worked out',
      modelOf((b) => b.emit('Conv', ['image', b.emit('Tanh', [b.floats('w', [4, 3, 3, 3])])])),
      /the first convolution, "Conv", has a weight that is worked out by Tanh when the model runs \("Tanh"\); store it in the file/,
    ],
    [
      'a bias that is worked out',
      modelOf((b) =>
        b.emit('Conv', ['image', b.floats('w', [4, 3, 3, 3]), b.emit('Exp', [b.floats('b', [4])])]),
      ),
      /has a bias that is worked out by Exp/,
    ],
    [
      'a weight of an odd type',
      modelOf((b) => b.emit('Conv', ['image', b.floats('w', [4, 3, 3, 3], undefined, 1)])),
      /has a weight that is stored as element type 16 of ONNX/,
    ],
    [
      'convolutions of one dimension',
      modelOf((b) => b.emit('Conv', ['image', b.floats('w', [4, 3, 3])])),
      /is 1-dimensional, its weight \[4, 3, 3\]; push-pull is defined for images/,
    ],
    [
      'more channels than an image has',
      modelOf((b) => b.conv('image', 4, 12)),
      /reads 12 channels; expected one that reads the 3 channels of a colour image/,
    ],
    [
      'several inputs',
      (() => {
        const builder = new GraphBuilder();
        const other = builder.input('other', ['N', 5]);
        const y = builder.conv('image');
        return builder.model([y, builder.emit('Relu', [other])]);
      })(),
      /expected one input, a batch of images, found 2 \(image, other\)/,
    ],
    [
      'a convolution in a branch',
      modelOf((b) => {
        const body = new GraphBuilder();
        const inside = body.conv('image');
        const output = b.emit('If', [b.floats('condition', [])]);
        const branches = ['then_branch', 'else_branch'].map((name) => graphAttribute(name, body, [inside]));
        b.emitter.nodes.at(-1)!.attribute.push(...branches);
        return output;
      }),
      /found If "If": what If holds is a graph of its own/,
    ],
    [
      'a quantised model',
      modelOf((b) => {
        const scale = b.floats('s', [], [1]);
        const image = b.emit('QuantizeLinear', ['image', scale]);
        return b.emit('QLinearConv', [image, scale, 'z', 'w', scale, 'z', scale, 'z']);
      }),
      /found QLinearConv "QLinearConv": the model is quantised; retrofit it before that/,
    ],
    [
      'an old operator set',
      modelOf((b) => b.conv('image'), undefined, { opset: 6 }),
      /expected ONNX operator set 7 or later, found 6/,
    ],
  ];
  refusals.find(([name]) => name === 'a weight of an odd type')![1].graph.initializer[0].dataType = 16;

  test.each(refusals)('%s', (_, model, message) => {
    expect(() => find(model)).toThrow(message);
    expect(() => find(model)).toThrow(expect.objectContaining({ name: 'UserError' }));
  });

  test("ONNX Runtime's own convolutions", () => {
    const model = modelOf((b) => b.emit('FusedConv', ['image', b.floats('w', [4, 3, 3, 3])]));
    model.graph.node[0].domain = 'com.microsoft';
    expect(() => find(model)).toThrow(/FusedConv is ONNX Runtime's own; retrofit the model as it was/);
  });

  test('functions of the file', () => {
    const model = modelOf((b) => b.emit('Stem', ['image']));
    model.graph.node[0].domain = 'mine';
    model.functions = [{ name: 'Stem', domain: 'mine' }];
    expect(() => find(model)).toThrow(/Stem is a function inside the file; inline functions first/);
  });

  test('weights in another file', () => {
    const model = modelOf((b) => b.conv('image'));
    model.graph.initializer[0].dataLocation = 1;
    expect(() => find(model)).toThrow(
      /found one whose weights lie in another file; save it with its weights inside/,
    );
  });
});

test('windows that share no pixel are told', () => {
  const patches = modelOf((b) => b.emit('Conv', ['image', b.floats('w', [4, 3, 4, 4])], { strides: [4, 4] }));
  expect(find(patches)).toMatchObject({ disjoint: true, stride: [4, 4] });
  const overlapping = modelOf((b) =>
    b.emit('Conv', ['image', b.floats('w', [4, 3, 4, 5])], { strides: [4, 4] }),
  );
  expect(find(overlapping).disjoint).toBe(false);
});
