import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnnxEngine } from '../../../src/engine/engine.ts';
import { createEngine } from '../../../src/engine/node/index.ts';
import { batchDoubts } from '../../../src/evaluate/doubts/batch.ts';
import { batchDependence } from '../../../src/evaluate/doubts/graph.ts';
import { sampleImages } from '../../../src/evaluate/images/samples.ts';
import { openTestData, type TestData } from '../../../src/evaluate/images/test-data.ts';
import { openModel, readModelFile } from '../../../src/evaluate/model/model.ts';
import type { PreprocessingFlags } from '../../../src/evaluate/model/preprocessing.ts';
import { encodeModel } from '../../../src/onnx/model.ts';
import { ELEMENT_TYPE } from '../../../src/onnx/schema.ts';
import { GraphBuilder, graphAttribute } from '../../onnx/image-models.ts';

const DATA = fileURLToPath(new URL('../../fixtures/evaluate/readings/images', import.meta.url));
const CLASSES = 12;
let engine: OnnxEngine;
let test: TestData;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-graph-'));
  engine = await createEngine({ device: 'cpu', threads: 1 });
  test = await openTestData({ model: '', data: DATA }, undefined);
});
afterAll(async () => {
  await test.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

/** A graph that begins with twelve scores, `[N, 12]`, of the channels' means. */
function scores(classes = CLASSES): { builder: GraphBuilder; logits: string } {
  const builder = new GraphBuilder(['N', 3, 8, 8]);
  const means = builder.emit('ReduceMean', ['image'], { axes: [2, 3], keepdims: 0 });
  return { builder, logits: builder.emit('MatMul', [means, builder.floats('weight', [3, classes])]) };
}

async function open(
  builder: GraphBuilder,
  outputs: readonly string[],
  opset = 13,
  flags: PreprocessingFlags = {},
) {
  const file = path.join(folder, 'model.onnx');
  await writeFile(file, encodeModel(builder.model(outputs, { opset })));
  const opened = await openModel(engine, await readModelFile(file), {
    mean: [0, 0, 0],
    std: [1, 1, 1],
    ...flags,
  });
  try {
    const sample = await sampleImages(test, opened.preprocessing);
    const classes = test.classes.slice(0, flags.scores ? 2 : CLASSES);
    return { classifier: await opened.classifier(classes, sample), sample, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

describe('outputs that are no scores of classes, whatever their shape', () => {
  const refused: [what: string, why: RegExp, build: () => { builder: GraphBuilder; output: string }][] = [
    [
      'all scores in their order',
      /of "TopK": TopK makes it: the 12 largest scores in their order, not one for each class; export the model without/,
      () => {
        const { builder, logits } = scores();
        return { builder, output: topK(builder, logits, 12)[0] };
      },
    ],
    [
      'the largest five behind a Softmax',
      /TopK makes it: the 5 largest/,
      () => {
        const { builder, logits } = scores();
        return { builder, output: builder.emit('Softmax', [topK(builder, logits, 5)[0]], { axis: 1 }) };
      },
    ],
    [
      'the numbers of the likeliest classes as floats',
      /the numbers of the likeliest classes/,
      () => {
        const { builder, logits } = scores();
        return {
          builder,
          output: builder.emit('Cast', [topK(builder, logits, 12)[1]], { to: ELEMENT_TYPE.float32 }),
        };
      },
    ],
    [
      'scores that are put in order by their numbers',
      /the numbers of the likeliest classes/,
      () => {
        const { builder, logits } = scores();
        return {
          builder,
          output: builder.emit('GatherElements', [logits, topK(builder, logits, 12)[1]], { axis: 1 }),
        };
      },
    ],
    [
      'percentages of the largest scores beside their numbers',
      /TopK makes it/,
      () => {
        const { builder, logits } = scores();
        const [values, numbers] = topK(builder, logits, 6);
        const floats = builder.emit('Cast', [numbers], { to: ELEMENT_TYPE.float32 });
        const percent = builder.emit('Mul', [builder.floats('hundred', [1], [100]), values]);
        return { builder, output: builder.emit('Concat', [percent, floats], { axis: 1 }) };
      },
    ],
  ];
  it.each(refused)('%s', async (_, why, build) => {
    const { builder, output } = build();
    await expect(open(builder, [output])).rejects.toThrow(why);
  });

  const single: [what: string, why: RegExp, emit: (builder: GraphBuilder, logits: string) => string][] = [
    ['the number of the class', /ArgMax makes it: the number of a class/, (builder, logits) => builder.emit('Cast', [builder.emit('ArgMax', [logits], { axis: 1 })], { to: ELEMENT_TYPE.float32 })],
    ['the largest probability', /ReduceMax makes it: the largest score alone/, (builder, logits) => builder.emit('ReduceMax', [builder.emit('Softmax', [logits], { axis: 1 })], { axes: [1], keepdims: 0 })],
  ]; // biome-ignore format: a row each
  it.each(single)('%s, where there are two classes', async (_, why, emit) => {
    const { builder, logits } = scores(2);
    const output = emit(builder, logits);
    await expect(open(builder, [output], 13, { scores: 'logits' })).rejects.toThrow(why);
  });

  it('are refused by name too, and passed over where the scores are there as well', async () => {
    const { builder, logits } = scores();
    const [values] = topK(builder, logits, 12);
    const { classifier, close } = await open(builder, [values, logits]);
    expect(classifier.model.reading.output.name).toBe(logits);
    await close();
    await expect(open(builder, [values, logits], 13, { output: values })).rejects.toThrow(
      /--output TopK: expected a score for each class; TopK makes it/,
    );
  });

  it('are not what pooling, masking and scaling by the largest make', async () => {
    const builder = new GraphBuilder(['N', 3, 8, 8]);
    const map = builder.emit('Conv', ['image', builder.floats('kernels', [12, 3, 1, 1])]);
    const pooled = builder.emit('ReduceMax', [map], { axes: [2, 3], keepdims: 0 });
    const scaled = builder.emit('Sub', [
      pooled,
      builder.emit('ReduceMax', [pooled], { axes: [1], keepdims: 1 }),
    ]);
    const [kept, places] = topK(builder, scaled, 3);
    const masked = builder.emit(
      'ScatterElements',
      [builder.emit('Mul', [scaled, builder.floats('two', [1], [2])]), places, kept],
      { axis: 1 },
    );
    const flat = builder.emit('Reshape', [map, builder.ints(0, 0, -1)]);
    const best = builder.emit('Squeeze', [topK(builder, flat, 1)[0], builder.ints(2)]);
    for (const output of [pooled, scaled, masked, best]) {
      const { classifier, close } = await open(builder, [output]);
      expect(classifier.model.reading.output).toMatchObject({ name: output, count: 12 });
      await close();
    }
  });
});

function topK(builder: GraphBuilder, input: string, k: number): [values: string, numbers: string] {
  const values = builder.emit('TopK', [input, builder.ints(k)], { axis: -1 });
  const numbers = `${values}/numbers`;
  builder.emitter.nodes.at(-1)!.output.push(numbers);
  return [values, numbers];
}

describe('answers that depend on more than the image are named', () => {
  const doubtsOf = async (build: (builder: GraphBuilder, logits: string) => string, opset = 13) => {
    const { builder, logits } = scores();
    const scaled = builder.emit('Mul', [logits, builder.floats('sharp', [1], [20])]);
    const { classifier, sample, close } = await open(builder, [build(builder, scaled)], opset);
    const doubts = await batchDoubts(classifier, sample);
    await close();
    return doubts;
  };

  it.each(['RandomNormalLike', 'RandomUniformLike'])('by %s', async (opType) => {
    const doubts = await doubtsOf((builder, logits) => {
      const noise = builder.emit(opType, [logits], { dtype: ELEMENT_TYPE.float32 });
      return builder.emit('Add', [logits, noise]);
    });
    expect(doubts).toEqual([
      expect.stringMatching(
        new RegExp(
          `by ${opType}, which draws random numbers \\(node ".*"\\): \\d+ of 16 sample images get other`,
        ),
      ),
    ]);
  });

  it('by Dropout that is on, not by one that is off', async () => {
    const dropout = (on: number) => (builder: GraphBuilder, logits: string) => {
      builder.emitter.initializers.push({
        name: `on${on}`,
        dims: [],
        dataType: 9,
        rawData: Uint8Array.of(on),
      });
      return builder.emit('Dropout', [logits, builder.floats('ratio', [], [0.5]), `on${on}`]);
    };
    expect((await doubtsOf(dropout(1))).join()).toMatch(
      /Dropout in training mode.* \d+ of 16 .*model\.eval\(\)/,
    );
    expect(await doubtsOf(dropout(0))).toEqual([]);
  });

  it('by statistics of the batch that no known node takes', async () => {
    const doubts = await doubtsOf((builder, logits) =>
      builder.emit('Sub', [logits, builder.emit('ReduceMean', [logits], { axes: [0], keepdims: 1 })]),
    );
    expect(doubts).toEqual([
      expect.stringMatching(/depends on the images beside it: \d+ of 16 .*this --batch/),
    ]);
  });

  it('by the range of a batch, where that shows', async () => {
    const quantised = (far: number) => (builder: GraphBuilder, logits: string) => {
      const wide = builder.emit('Mul', [logits, builder.floats('far', [1], [far])]);
      const bytes = builder.emit('DynamicQuantizeLinear', [wide]);
      builder.emitter.nodes.at(-1)!.output.push('step', 'zero');
      const back = builder.emit('DequantizeLinear', [bytes, 'step', 'zero']);
      return builder.emit('Mul', [back, builder.floats('near', [1], [1 / far])]);
    };
    expect((await doubtsOf(quantised(1))).join()).toMatch(/DynamicQuantizeLinear, which takes the range/);
  });

  it('not of a plain model', async () => {
    expect(await doubtsOf((_, logits) => logits)).toEqual([]);
  });

  it('by BatchNormalization in training mode, of either form, in inner graphs too', () => {
    const { builder, logits } = scores();
    const norm = (name: string, outputs: string[], attributes: Record<string, number>, b = builder) => {
      const vector = b.floats('vector', [12]);
      b.emit('BatchNormalization', [logits, vector, vector, vector, vector], attributes);
      Object.assign(b.emitter.nodes.at(-1)!, { name, output: [name, ...outputs] });
      return name;
    };
    const found = (output: string) =>
      batchDependence(builder.model([output]), output).map(({ what }) => what);
    expect(found(norm('new', [], { training_mode: 1 }))).toEqual([
      'BatchNormalization in training mode, which takes mean and variance from the batch (node "new")',
    ]);
    expect(found(norm('old', ['mean', 'var'], {}))).toHaveLength(1);
    expect(found(norm('still', [], { training_mode: 0 }))).toEqual([]);
    const inner = new GraphBuilder();
    norm('inside', [], { training_mode: 1 }, inner);
    const branch = builder.emit('If', [logits]);
    builder.emitter.nodes.at(-1)!.attribute.push(graphAttribute('then_branch', inner, ['inside']));
    expect(found(branch)).toEqual([expect.stringContaining('(node "inside")')]);
  });
});
