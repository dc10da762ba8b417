import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { float32, type Tensor } from '../../src/graph/tensor.ts';
import { readTensor } from '../../src/onnx/constants.ts';
import type { Attribute } from '../../src/onnx/emitter.ts';
import { decodeModel, encodeModel, type ModelProto } from '../../src/onnx/model.ts';
import {
  RESPONSES,
  RETROFIT_KEY,
  type RetrofitOptions,
  responseModel,
  retrofit,
} from '../../src/onnx/retrofit.ts';
import { ELEMENT_TYPE, FLOAT16, FLOAT64 } from '../../src/onnx/schema.ts';
import { largestDifference } from '../support/close.ts';
import { generated } from '../support/generated.ts';
import { GraphBuilder } from './image-models.ts';
import { autoPads, type Geometry, type Kernels, pushPull } from './push-pull-by-definition.ts';

let engine: OnnxEngine;
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 });
});
afterAll(() => engine.close());

/** All outputs of a model, written to bytes and read again, for one image or more. */
async function outputsOf(model: ModelProto, image: Tensor): Promise<Record<string, Tensor>> {
  const session = await engine.loadModel(encodeModel(decodeModel(encodeModel(model), 'test')));
  try {
    return await session.run({ image });
  } finally {
    await session.dispose();
  }
}

async function run(model: ModelProto, image: Tensor): Promise<Tensor> {
  return Object.values(await outputsOf(model, image))[0];
}

const makeImage = (...shape: number[]): Tensor =>
  float32(
    generated(
      'image',
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );

const opTypes = ({ graph }: ModelProto): string[] => graph.node.map(({ opType }) => opType);

interface Case {
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly channels: 1 | 3;
  readonly depthwise: boolean;
  readonly filters: number;
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padding: 'SAME_UPPER' | 'SAME_LOWER' | 'VALID' | readonly [number, number, number, number];
  readonly bias: boolean;
  readonly avg: number;
  readonly alphas: readonly number[];
  readonly scaled: boolean;
  readonly opset: number;
  readonly half: boolean;
}

const small = fc.integer({ min: 0, max: 2 });
const pairOf = (least: number, most: number) =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }));

const cases: fc.Arbitrary<Case> = fc.record({
  size: pairOf(7, 11),
  kernel: pairOf(1, 4),
  channels: fc.constantFrom(1, 3),
  depthwise: fc.boolean(),
  filters: fc.constantFrom(3, 6),
  strides: pairOf(1, 3),
  dilations: pairOf(1, 2),
  padding: fc.oneof(
    fc.constantFrom('SAME_UPPER', 'SAME_LOWER', 'VALID'),
    fc.tuple(small, small, small, small),
  ),
  bias: fc.boolean(),
  avg: fc.constantFrom(0, 1, 3, 5),
  alphas: fc.array(fc.double({ min: -1, max: 3, noNaN: true }), { minLength: 6, maxLength: 6 }),
  scaled: fc.boolean(),
  opset: fc.constantFrom(7, 11, 13, 17, 21),
  half: fc.boolean(),
});

/** The case as a model, as options of the retrofit, and as the definition has it. */
function build(wanted: Case) {
  const { size, kernel, channels, filters, strides, padding, bias, opset, half } = wanted;
  const group = wanted.depthwise ? channels : 1;
  // ONNX Runtime refuses SAME padding of dilated kernels.
  const dilations: readonly [number, number] =
    typeof padding === 'string' && padding !== 'VALID' ? [1, 1] : wanted.dilations;
  const builder = new GraphBuilder(['N', channels, 'H', 'W']);
  const dataType = half ? FLOAT16 : ELEMENT_TYPE.float32;
  const dims = [filters, channels / group, ...kernel];
  builder.floats('weight', dims, undefined, dataType);
  if (bias) builder.floats('bias', [filters], undefined, dataType);
  const image = half ? builder.emit('Cast', ['image'], { to: FLOAT16 }) : 'image';
  const attributes: Record<string, Attribute> = {
    strides,
    dilations,
    group,
    ...(typeof padding === 'string' ? { auto_pad: padding } : { pads: padding }),
  };
  const y = builder.emit('Conv', [image, 'weight', ...(bias ? ['bias'] : [])], attributes);
  const output = half ? builder.emit('Cast', [y], { to: ELEMENT_TYPE.float32 }) : y;
  const [weight, added] = builder.emitter.initializers.map((tensor) => readTensor(tensor)!.values);

  const kernels: Kernels = { dims, values: weight };
  const [height, width] = size;
  const pads =
    typeof padding === 'string'
      ? autoPads(padding, { height, width }, kernels, { strides, dilations })
      : padding;
  const alpha = wanted.alphas.slice(0, filters);
  const scale = wanted.scaled ? Array.from({ length: filters }, (_, f) => 0.5 + f / 4) : undefined;
  const shift = wanted.scaled ? Array.from({ length: filters }, (_, f) => f - 1) : undefined;
  return {
    model: builder.model([output], { opset, irVersion: opset < 9 ? 3 : 8 }),
    options: { avg: wanted.avg, alpha, scale, shift } satisfies RetrofitOptions,
    geometry: { strides, pads, dilations, group } satisfies Geometry,
    kernels,
    scale: scale ?? new Array<number>(filters).fill(1),
    shift: shift ?? (added ? [...added] : new Array<number>(filters).fill(0)),
  };
}

describe('the retrofitted layer', () => {
  test('computes the definition of push-pull, whatever the geometry', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (wanted) => {
        const { model, options, geometry, kernels, scale, shift } = build(wanted);
        const [height, width] = wanted.size;
        const image = makeImage(2, wanted.channels, height, width);
        const found = await run(retrofit(model, options), image);
        const perImage = image.data.length / 2;
        const expected = [0, 1].flatMap((index) => {
          const values = Array.from(image.data as Float32Array).slice(
            index * perImage,
            (index + 1) * perImage,
          );
          const y = pushPull(
            { channels: wanted.channels, height, width, values },
            kernels,
            geometry,
            options,
          );
          expect(found.shape).toEqual([2, y.channels, y.height, y.width]);
          const plane = y.height * y.width;
          return Array.from(y.values, (value, i) => {
            const filter = Math.floor(i / plane);
            return scale[filter] * value + shift[filter];
          });
        });
        const largest = Math.max(1, ...expected.map(Math.abs));
        const { difference } = largestDifference(found.data as Float32Array, expected);
        expect(difference / largest).toBeLessThan(wanted.half ? 2e-2 : 1e-5);
      }),
      { numRuns: 150, seed: 3 },
    );
  });

  test('is the convolution itself with alpha 1, no pooling, and kernels whose maximum and minimum add up to 0', async () => {
    const builder = new GraphBuilder();
    const kernel = generated('balanced', 4 * 27);
    for (let f = 0; f < 4; f++) kernel.set([-1.5, 1.5], f * 27);
    const y = builder.emit('Conv', [
      'image',
      builder.floats('w', [4, 3, 3, 3], kernel),
      builder.floats('b', [4]),
    ]);
    const model = builder.model([y]);
    const image = makeImage(2, 3, 9, 8);
    const [before, after] = await Promise.all(
      [model, retrofit(model, { avg: 0, alpha: 1 })].map((each) => run(each, image)),
    );
    expect(
      largestDifference(after.data as Float32Array, before.data as Float32Array).difference,
    ).toBeLessThan(1e-5);
    const pooled = await run(retrofit(model, { avg: 3, alpha: 1 }), image);
    expect(
      largestDifference(pooled.data as Float32Array, before.data as Float32Array).difference,
    ).toBeGreaterThan(0.1);
  });

  test('costs one convolution and one box sum, and arithmetic that its numbers make needless is left out', () => {
    const model = (() => {
      const builder = new GraphBuilder();
      return builder.model([builder.conv('image')]);
    })();
    expect(opTypes(retrofit(model, { avg: 3, alpha: 2 }))).toEqual([
      ...['Conv', 'Conv', 'Mul', 'Sub', 'AveragePool', 'Relu', 'Mul', 'Relu', 'Sub'],
    ]);
    expect(opTypes(retrofit(model, { avg: 0, alpha: 1 }))).toEqual([
      ...['Conv', 'Conv', 'Mul', 'Sub', 'Relu', 'Relu', 'Sub'],
    ]);
  });

  test('keeps double weights double', () => {
    const builder = new GraphBuilder();
    const image = builder.emit('Cast', ['image'], { to: FLOAT64 });
    const weight = builder.floats('w', [2, 3, 3, 3], undefined, FLOAT64);
    const y = builder.emit('Cast', [builder.emit('Conv', [image, weight])], { to: ELEMENT_TYPE.float32 });
    const scale = [1 / 3, 1 / 7];
    const { graph } = retrofit(builder.model([y]), { avg: 3, alpha: 0.1, scale, shift: [1, 2] });
    expect(new Set(graph.initializer.map(({ dataType }) => dataType))).toEqual(new Set([FLOAT64]));
    const scaled = graph.initializer.find(({ dims }) => dims.join() === '2,3,3,3')!;
    const original = generated('w', 54);
    expect([...readTensor(scaled)!.values]).toEqual(
      Array.from(original, (value, i) => value * scale[Math.floor(i / 27)]),
    );
  });

  test.each([
    [{ avg: 2, alpha: 1 }, /avg: expected an odd pooling size, or 0 for none, found 2/],
    [{ avg: 3, alpha: [1, 2] }, /alpha: expected one number or 4, one a filter, found 2/],
    [{ avg: 3, alpha: Number.NaN }, /alpha: expected .* found some that are not finite/],
    [{ avg: 3, alpha: 1, scale: [1, 1, 0, 1] }, /scale: expected numbers above 0/],
    [{ avg: 3, alpha: 1, shift: [1] }, /shift: expected one number or 4/],
  ])('refuses %j', (options, message) => {
    const builder = new GraphBuilder();
    const model = builder.model([builder.conv('image')]);
    expect(() => retrofit(model, options)).toThrow(message);
  });
});

describe('the rest of the model', () => {
  const unit = { avg: 3, alpha: 0.5 };

  test('reads the new response where it read the old one, in outputs and elsewhere', async () => {
    const builder = new GraphBuilder(['N', 3, 8, 8]);
    const y = builder.conv('image');
    const sum = builder.emit('Add', [builder.emit('Relu', [y]), builder.emit('Sigmoid', [y])]);
    const model = builder.model([y, sum]);
    const after = await outputsOf(retrofit(model, unit), makeImage(1, 3, 8, 8));
    expect(Object.keys(after)).toEqual([y, sum]);
    const [response, total] = [after[y], after[sum]].map(({ data }) => Array.from(data as Float32Array));
    const expected = response.map((value) => Math.max(0, value) + 1 / (1 + Math.exp(-value)));
    expect(largestDifference(total, expected).difference).toBeLessThan(1e-5);
  });

  test('keeps what the file says, and adds what was done', () => {
    const builder = new GraphBuilder();
    const before: ModelProto = {
      ...builder.model([builder.conv('image')]),
      producerName: 'someone',
      docString: 'a model',
      metadataProps: [{ key: 'author', value: 'me' }],
    };
    const snapshot = encodeModel(before);
    const estimatedOn = { data: 'pictures', split: 'train', images: 10, seed: 1 } as const;
    const after = decodeModel(encodeModel(retrofit(before, { ...unit, estimatedOn })), 'test');
    expect(after).toMatchObject({ producerName: 'someone', docString: 'a model' });
    expect(after.metadataProps).toHaveLength(2);
    expect(after.metadataProps[0]).toMatchObject({ key: 'author', value: 'me' });
    expect(after.metadataProps[1].key).toBe(RETROFIT_KEY);
    expect(JSON.parse(after.metadataProps[1].value)).toEqual({
      schema: 'pushpull.retrofit/1',
      ...unit,
      layer: 'Conv',
      estimatedOn,
    });
    expect(encodeModel(before)).toEqual(snapshot);
  });

  test('keeps true notes on tensors and loses those on tensors that are gone', () => {
    const builder = new GraphBuilder();
    const weight = builder.emit('Identity', [builder.floats('stored', [4, 3, 3, 3])]);
    const y = builder.emit('Conv', ['image', weight, builder.floats('b', [4])]);
    const z = builder.emit('Relu', [y]);
    const model = builder.model([z]);
    const note = (name: string) => ({ name, type: { tensorType: { elemType: 1 } } });
    model.graph.valueInfo = [weight, y].map(note);
    const { graph } = retrofit(model, { ...unit, scale: [1, 2, 3, 4] });
    expect(graph.valueInfo?.map(({ name }) => name)).toEqual([y]);
    expect(graph.node.map(({ opType }) => opType)).not.toContain('Identity');
    const names = graph.initializer.map(({ name }) => name);
    expect(names).not.toContain('stored');
    expect(names).not.toContain('b');
  });

  test('keeps weights that others read, and what nobody read before', async () => {
    const builder = new GraphBuilder(['N', 3, 8, 8]);
    const bias = builder.floats('b', [4]);
    const y = builder.emit('Conv', ['image', builder.floats('w', [4, 3, 3, 3]), bias]);
    const shape = builder.ints(1, 4, 1, 1);
    const z = builder.emit('Add', [y, builder.emit('Reshape', [bias, shape])]);
    builder.floats('unused', [2]);
    const after = retrofit(builder.model([z]), unit);
    const names = after.graph.initializer.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['w', 'b', 'unused']));
    await run(after, makeImage(1, 3, 8, 8));
  });

  test('lends no name to two tensors', async () => {
    const builder = new GraphBuilder(['N', 3, 8, 8]);
    for (const taken of ['Conv/push', 'Conv/sum', 'Conv/box', 'Conv/Relu']) builder.emitter.unique(taken);
    const y = builder.conv('image');
    const model = builder.model([y]);
    model.graph.node.push(
      { opType: 'Relu', name: 'Conv/push', input: [y], output: ['Conv/sum'], attribute: [] },
      { opType: 'Relu', name: 'Conv/box', input: ['Conv/sum'], output: ['Conv/Relu'], attribute: [] },
    );
    model.graph.output.push({ name: 'Conv/Relu', type: { tensorType: { elemType: 1 } } });
    const { graph } = retrofit(model, unit);
    const tensors = [
      ...graph.node.flatMap(({ output }) => output),
      ...graph.initializer.map(({ name }) => name),
    ];
    expect(new Set(tensors).size).toBe(tensors.length);
    await run(retrofit(model, unit), makeImage(1, 3, 8, 8));
  });

  test('lists its weights as inputs where files were still written so', () => {
    const builder = new GraphBuilder();
    const y = builder.conv('image');
    const model = builder.model([y], { irVersion: 3, opset: 8 });
    model.graph.input.push({ name: 'weight', type: { tensorType: { elemType: 1 } } });
    const { graph } = retrofit(model, { ...unit, scale: [1, 2, 3, 4] });
    const inputs = graph.input.map(({ name }) => name);
    expect(inputs).toEqual(['image', ...graph.initializer.map(({ name }) => name)]);
    expect(inputs).not.toContain('weight');
  });

  test('is not retrofitted twice', () => {
    const builder = new GraphBuilder();
    const once = retrofit(builder.model([builder.conv('image')]), unit);
    expect(() => retrofit(once, unit, 'net.onnx')).toThrow(
      /net.onnx: expected a plain convolution, found a push-pull unit that took its place before/,
    );
  });
});

test('responseModel gives the responses of the convolution and of the unit, and nothing of what follows', async () => {
  const builder = new GraphBuilder(['N', 3, 8, 8]);
  const normal = builder.emit('Sub', ['image', builder.floats('mean', [1, 3, 1, 1])]);
  const y = builder.emit('Conv', [normal, builder.floats('w', [4, 3, 3, 3]), builder.floats('b', [4])]);
  const z = builder.emit('MatMul', [builder.emit('Flatten', [y]), builder.floats('head', [4 * 36, 5])]);
  const model = builder.model([y, z]);
  const unit = { avg: 3, alpha: 0.5 };
  const responses = responseModel(model, unit);
  expect(responses.graph.initializer.map(({ name }) => name)).not.toContain('head');
  const image = makeImage(2, 3, 8, 8);
  const found = await outputsOf(responses, image);
  const [before, after] = await Promise.all(
    [model, retrofit(model, { ...unit, shift: [0, 0, 0, 0] })].map(
      async (each) => (await outputsOf(each, image))[y],
    ),
  );
  expect(found[RESPONSES.convolution]).toEqual(before);
  expect(found[RESPONSES.unit]).toEqual(after);
});
