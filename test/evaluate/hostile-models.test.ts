/** What is no image classifier, or a broken one: one line that says what was expected and what was found. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { UserError } from '../../src/errors.ts';
import { openModel, readModelFile } from '../../src/evaluate/model/model.ts';
import { decodeModel, encodeModel, type ModelProto } from '../../src/onnx/model.ts';
import { ELEMENT_TYPE } from '../../src/onnx/schema.ts';
import { GraphBuilder } from '../onnx/image-models.ts';

const EXTERNAL = fileURLToPath(new URL('../fixtures/evaluate/models/external.onnx', import.meta.url));
const CLASSES = ['cat', 'dog', 'emu'];

let engine: OnnxEngine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 });
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-hostile-'));
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

const SIZE = ['N', 3, 8, 8] as const;

/** A graph on the image, with the outputs that `build` names. */
function graph(
  build: (builder: GraphBuilder) => string[],
  shape: readonly (number | string)[] = SIZE,
): ModelProto {
  const builder = new GraphBuilder(shape);
  return builder.model(build(builder));
}

const means = (builder: GraphBuilder) =>
  builder.emit('Flatten', [builder.emit('GlobalAveragePool', ['image'])]);

async function attempt(model: ModelProto | Uint8Array): Promise<void> {
  const file = path.join(folder, 'model.onnx');
  await writeFile(file, model instanceof Uint8Array ? model : encodeModel(model));
  await attemptFile(file);
}

async function attemptFile(file: string): Promise<void> {
  const opened = await openModel(engine, await readModelFile(file), { mean: [0, 0, 0], std: [1, 1, 1] });
  try {
    await opened.classifier(CLASSES);
  } finally {
    await opened.close();
  }
}

async function expectRefusal(work: Promise<void>, message: RegExp): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toMatch(/[\r\n]|onnxruntime_src|std::/);
}

describe('models that are no image classifiers', () => {
  it.each<[string, () => ModelProto, RegExp]>([
    [
      'an object detector',
      () => graph((b) => [b.emit('Reshape', ['image', b.ints(-1, 6, 32)])]),
      /expected an output with a score for each class, \[N, classes\], found Reshape: float32 \[2, 6, 32\]/,
    ],
    [
      'a detector that says so',
      () => ({ ...graph((b) => [means(b)]), metadataProps: [{ key: 'task', value: 'detect' }] }),
      /expected an image classifier, found a model for the task "detect"/,
    ],
    [
      'a segmentation network',
      () => graph((b) => [b.emit('Relu', ['image'])]),
      /found Relu: float32 \[2, 3, 8, 8\]; give an image classifier/,
    ],
    [
      'a text model',
      () => {
        const builder = new GraphBuilder(['N', 'sequence']);
        builder.input('attention_mask', ['N', 'sequence']);
        return builder.model([builder.emit('Add', ['image', 'attention_mask'])]);
      },
      /expected one input, a batch of images, found 2 \(image: float32 \[N, sequence\]; attention_mask/,
    ],
    [
      'the number of the class alone',
      () => {
        const model = graph((b) => [b.emit('ArgMax', [means(b)], { axis: 1, keepdims: 0 })]);
        model.graph.output[0].type.tensorType!.elemType = ELEMENT_TYPE.int64;
        return model;
      },
      /expected an output with a score for each class.* found ArgMax: int64 \[2\]/,
    ],
    [
      'a switch without a default value',
      () => {
        const builder = new GraphBuilder(SIZE);
        const kept = builder.emit('Mul', ['image', builder.input('keep_prob', [1])]);
        return builder.model([builder.emit('Flatten', [builder.emit('GlobalAveragePool', [kept])])]);
      },
      /found 2 .*; keep_prob has no default value in the file: export the model with a constant there/,
    ],
    [
      'an input of unknown shape',
      () => {
        const model = graph((b) => [means(b)]);
        delete model.graph.input[0].type.tensorType!.shape;
        return model;
      },
      /expected an image input.* found image: float32 of unknown shape/,
    ],
  ])('%s', async (_, model, message) => {
    await expectRefusal(attempt(model()), message);
  });
});

describe('broken models', () => {
  it.each<[string, () => ModelProto, RegExp]>([
    [
      'NaN for every image',
      () =>
        graph((b) => {
          const zero = b.emit('Mul', [means(b), b.floats('zero', [1], [0])]);
          return [b.emit('Div', [zero, zero])];
        }),
      /output "Div" is not a number \(NaN\) for each of 2 images.*check --mean, --std and --scale/,
    ],
    [
      'an operator that ONNX Runtime lacks',
      () => graph((b) => [b.emit('Frobnicate', ['image'])]),
      /ONNX Runtime cannot load this model on cpu: .*Frobnicate/,
    ],
    [
      'an operator set of the future',
      () => ({ ...graph((b) => [means(b)]), opsetImport: [{ domain: '', version: 99 }] }),
      /cannot load this model on cpu: ONNX Runtime only \*guarantees\* support/,
    ],
    [
      'a shape that images of this size do not have',
      () => graph((b) => [b.emit('Reshape', ['image', b.ints(-1, 7)])]),
      /fails on an image of 8×8 pixels \(Non-zero status code.*check --input-size and --layout/,
    ],
  ])('%s', async (_, model, message) => {
    await expectRefusal(attempt(model()), message);
  });

  it('cut short', async () => {
    const whole = encodeModel(graph((b) => [means(b)]));
    await expectRefusal(attempt(whole.slice(0, -9)), /expected an ONNX model, found other or damaged data/);
    await expectRefusal(attempt(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)), /found an image; give an .onnx file/);
  });

  describe('with weights in another file', () => {
    const copied = async (name: string, data?: (bytes: Uint8Array) => Uint8Array): Promise<string> => {
      const place = path.join(folder, name);
      await mkdir(place);
      await copyFile(EXTERNAL, path.join(place, 'external.onnx'));
      if (data)
        await writeFile(path.join(place, 'external.onnx.data'), data(await readFile(`${EXTERNAL}.data`)));
      return path.join(place, 'external.onnx');
    };

    it('that is not there, or too short', async () => {
      await expectRefusal(
        attemptFile(await copied('missing')),
        /expected its weights in .*external.onnx.data, found no such file; put it beside the model/,
      );
      await expectRefusal(
        attemptFile(await copied('short', (bytes) => bytes.subarray(0, 100))),
        /expected \d+ bytes of weights or more in external.onnx.data, found 100; the two files/,
      );
    });

    it('that lies elsewhere: no model reads its user’s other files', async () => {
      for (const location of ['../secret', '/etc/passwd', 'a\\..\\..\\b']) {
        const model = decodeModel(await readFile(EXTERNAL), 'external.onnx');
        for (const { externalData } of model.graph.initializer) {
          for (const entry of externalData ?? []) if (entry.key === 'location') entry.value = location;
        }
        await expectRefusal(attempt(model), /expected the weights ".*" in a file beside the model, found "/);
      }
    });

    it('counts both files in its hash', async () => {
      const { model: whole } = await readModelFile(await copied('whole', (bytes) => bytes));
      const { model: other } = await readModelFile(
        await copied('other', (bytes) => bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte))),
      );
      expect(other.sha256).not.toBe(whole.sha256);
      expect(whole.parameters).toBe(127);
    });
  });
});
