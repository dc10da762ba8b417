/** Models that would take all memory or all time: each is stopped with one line, and honest ones answer as ever. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelLimits, OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { OutOfMemoryError, UserError } from '../../src/errors.ts';
import { openModel, readModelFile } from '../../src/evaluate/model/model.ts';
import { guardFor } from '../../src/evaluate/model/model-demands.ts';
import { encodeModel, type ModelProto } from '../../src/onnx/model.ts';
import { ATTRIBUTE_TYPE, ELEMENT_TYPE } from '../../src/onnx/schema.ts';
import { GraphBuilder } from '../onnx/image-models.ts';
import { generated } from '../support/generated.ts';

const CLASSES = ['cat', 'dog', 'emu'];
const PLAIN = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
const SIZE = ['N', 3, 32, 32] as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-limits-'));
});
afterAll(() => rm(folder, { recursive: true }));

function graph(
  build: (builder: GraphBuilder) => string,
  shape: readonly (number | string)[] = SIZE,
): ModelProto {
  const builder = new GraphBuilder(shape);
  return builder.model([build(builder)]);
}

const means = (b: GraphBuilder, image = 'image') => b.emit('Flatten', [b.emit('GlobalAveragePool', [image])]);

async function write(model: ModelProto): Promise<string> {
  const file = path.join(folder, 'model.onnx');
  await writeFile(file, encodeModel(model));
  return file;
}

async function guarded(limits: Partial<ModelLimits> = {}): Promise<OnnxEngine> {
  const all = { model: 'model.onnx', seconds: 60, bytes: 4e9, ...limits };
  return createEngine({ device: 'cpu', threads: 1, limits: all });
}

async function failure(model: ModelProto, limits: Partial<ModelLimits>): Promise<Error> {
  const engine = await guarded(limits);
  try {
    const opened = await openModel(engine, await readModelFile(await write(model)), PLAIN);
    try {
      await opened.classifier(CLASSES);
    } finally {
      await opened.close();
    }
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).not.toMatch(/[\r\n]/);
    return error as Error;
  } finally {
    await engine.close();
  }
  throw new Error('the model answered');
}

/** Adds to a number that depends on the image, for ever. */
function endless(): ModelProto {
  return graph((b) => {
    const body = new GraphBuilder();
    const sum = body.emit('Add', ['held', 'one']);
    const go = body.emit('Identity', ['condition']);
    const inner = body.model([go, sum]).graph;
    const port = (name: string, elemType: number) => ({
      name,
      type: { tensorType: { elemType, shape: { dim: [] } } },
    });
    inner.input = [
      port('step', ELEMENT_TYPE.int64),
      port('condition', ELEMENT_TYPE.bool),
      port('held', ELEMENT_TYPE.float32),
    ];
    inner.output[0].type.tensorType!.elemType = ELEMENT_TYPE.bool;
    b.floats('one', [1], [1]);
    b.emitter.initializers.push({
      name: 'yes',
      dims: [],
      dataType: ELEMENT_TYPE.bool,
      rawData: Uint8Array.of(1),
    });
    const start = b.emit('ReduceMean', ['image'], { keepdims: 0 });
    const held = b.emit('Loop', ['', 'yes', start]);
    b.emitter.nodes.at(-1)!.attribute.push({ name: 'body', type: ATTRIBUTE_TYPE.GRAPH, g: inner });
    return b.emit('Add', [means(b), held]);
  });
}

/** As many numbers as the image says, which nobody knows before it runs. */
const growing = (): ModelProto =>
  graph((b) => {
    const large = b.emit('Mul', [b.emit('Shape', ['image']), b.ints(1, 1, 400, 400)]);
    const zeros = b.emit('Expand', [b.floats('zero', [1], [0]), large]);
    return b.emit('Add', [means(b), means(b, b.emit('Exp', [zeros]))]);
  });

describe('a model in a process of its own', () => {
  it('answers to the bit as it does here, for every kind of feed', async () => {
    const file = await write(
      graph((b) => {
        const wide = b.emit('Conv', ['image', b.floats('big', [60, 3, 11, 11])]);
        return b.emit('MatMul', [means(b, wide), b.floats('head', [60, 3])]);
      }),
    );
    const batch = (count: number) => ({ images: Float32Array.from(generated('x', count * 3072)), count });
    const answers: Float32Array[][] = [];
    for (const engine of [await createEngine({ device: 'cpu', threads: 1 }), await guarded()]) {
      const opened = await openModel(engine, await readModelFile(file), PLAIN);
      const classifier = await opened.classifier(CLASSES, batch(2));
      const own: Float32Array[] = [];
      // Small ones go with the message, large ones beside it; those of the loader lie in shared memory.
      for (const count of [1, 40, 3]) {
        const { images } = batch(count);
        const shared = new Float32Array(new SharedArrayBuffer(images.byteLength));
        shared.set(images);
        const [plain, other] = [
          classifier.classify({ images, count }),
          classifier.classify({ images: shared, count }),
        ];
        own.push((await plain) as Float32Array, (await other) as Float32Array);
      }
      answers.push(own);
      await opened.close();
      await engine.close();
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(new Set(answers[0].flatMap((logits) => [...logits])).size).toBeGreaterThan(100);
  });

  it('is stopped when it computes for ever', async () => {
    const { message } = await failure(endless(), { seconds: 4 });
    expect(message).toMatch(
      /^model\.onnx: gave no answer within 4 s (on 2 images|while it was loaded), and was stopped; give more time with --model-timeout/,
    );
  });

  it('is stopped when it takes more memory than it is given', async () => {
    const error = await failure(growing(), { bytes: 6e8 });
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error.message).toMatch(
      /^model\.onnx: took more than the 600 MB of memory that a model is given, on 2 images \(stopped at [\d.]+ [GM]B\); give more with --model-memory/,
    );
  });

  it('of a run has no limits, unless they are asked for', () => {
    const source = { run: 'runs/a', model: { file: 'runs/a' } } as never;
    expect(guardFor(source, {})).toEqual({});
    expect(guardFor(source, { modelMemory: 2 }).limits).toEqual({
      model: 'runs/a',
      seconds: 120,
      bytes: 2e9,
    });
    const { limits } = guardFor({ model: { file: 'm.onnx' } } as never, { modelTimeout: 5 });
    expect(limits).toMatchObject({ model: 'm.onnx', seconds: 5 });
    expect(limits!.bytes).toBeGreaterThan(1e8);
  });

  describe.runIf(platform() === 'linux')('that ends', () => {
    it('by itself is told, and no more is asked of it', async () => {
      const before = new Set(children());
      const engine = await guarded();
      const opened = await openModel(engine, await readModelFile(await write(endless())), PLAIN);
      const answer = opened.classifier(CLASSES);
      const [child] = children().filter((pid) => !before.has(pid));
      process.kill(child, 'SIGSEGV');
      await expect(answer).rejects.toThrow(
        /^model\.onnx: ended ONNX Runtime by SIGSEGV on 2 images; the file is damaged, or meets a defect of the runtime/,
      );
      await opened.close();
      await engine.close();
    });

    it('with its caller, even while it computes', async () => {
      const file = await write(endless());
      const source = (name: string) => JSON.stringify(new URL(`../../src/${name}`, import.meta.url).href);
      const code = `
        import { readdirSync, readFileSync } from 'node:fs';
        const { createEngine } = await import(${source('engine/node/index.ts')});
        const limits = { model: 'm', seconds: 600, bytes: 4e9 };
        const engine = await createEngine({ device: 'cpu', threads: 1, limits });
        const session = await engine.loadModel(new Uint8Array(readFileSync(${JSON.stringify(file)})));
        const data = new Float32Array(3072);
        void session.run({ image: { dtype: 'float32', shape: [1, 3, 32, 32], data } });
        await new Promise((resolve) => setTimeout(resolve, 300));
        const tasks = readdirSync('/proc/self/task');
        console.log(tasks.map((task) => readFileSync('/proc/self/task/' + task + '/children', 'utf8')).join(' '));
        process.kill(process.pid, 'SIGKILL');`;
      const stdout = await new Promise<string>((resolve) => {
        const tsx = fileURLToPath(import.meta.resolve('tsx'));
        execFile(process.execPath, ['--import', tsx, '--input-type=module', '--eval', code], (_, out) =>
          resolve(out),
        );
      });
      const pids = stdout.trim().split(/\s+/).map(Number);
      expect(pids.length).toBeGreaterThan(0);
      // tsx may have had a child too: all of them end.
      await expect.poll(() => pids.filter(isRunning), { timeout: 20_000 }).toEqual([]);
    });
  });
});

describe('what a file asks for is refused before it is loaded', () => {
  const shape =
    (...dims: number[]) =>
    (b: GraphBuilder) =>
      b.ints(...dims);
  it.each<[string, () => ModelProto, RegExp]>([
    [
      'a batch of 100,000',
      () => graph(means, [100_000, 3, 224, 224]),
      /takes batches of 100000 images only, which have 60\.2 GB, too much for the 2\.0 GB/,
    ],
    [
      'images of 100,000 pixels',
      () => graph(means, ['N', 3, 100_000, 100_000]),
      /takes images of 100000×100000 pixels, which have 120\.0 GB/,
    ],
    [
      'a constant of 8 GB',
      () =>
        graph((b) => {
          const zeros = b.emit('ConstantOfShape', [shape(1, 1, 2e9)(b)]);
          return b.emit('Add', [means(b), b.emit('ReduceMax', [zeros], { keepdims: 0 })]);
        }),
      /its node "\S*ConstantOfShape" \(ConstantOfShape\) makes a tensor of 8\.0 GB, more than the 2\.0 GB/,
    ],
    [
      'one that is expanded',
      () =>
        graph((b) =>
          b.emit('Add', [
            means(b),
            b.emit('ReduceMax', [b.emit('Expand', [b.floats('x', [1]), shape(2e9)(b)])], { keepdims: 0 }),
          ]),
        ),
      /\(Expand\) makes a tensor of 8\.0 GB/,
    ],
    [
      'one that is repeated',
      () =>
        graph((b) =>
          b.emit('Add', [
            means(b),
            b.emit('ReduceMax', [b.emit('Tile', [b.floats('x', [10]), shape(1e9)(b)])], { keepdims: 0 }),
          ]),
        ),
      /\(Tile\) makes a tensor of 40\.0 GB/,
    ],
    [
      'one that is padded',
      () => graph((b) => means(b, b.emit('Pad', ['image', shape(0, 0, 4e4, 4e4, 0, 0, 4e4, 4e4)(b)]))),
      /\(Pad\) makes a tensor of 25\.6 GB/,
    ],
    [
      'a long range',
      () =>
        graph((b) => {
          for (const [name, value] of [
            ['from', 0],
            ['to', 1e10],
            ['by', 1],
          ] as const) {
            const rawData = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
            b.emitter.initializers.push({ name, dims: [], dataType: ELEMENT_TYPE.int64, rawData });
          }
          const range = b.emit('Range', ['from', 'to', 'by']);
          return b.emit('Add', [
            means(b),
            b.emit('Cast', [b.emit('ReduceMax', [range], { keepdims: 0 })], { to: 1 }),
          ]);
        }),
      /\(Range\) makes a tensor of 40\.0 GB/,
    ],
  ])('%s', async (_, model, message) => {
    const limits = { model: 'model.onnx', seconds: 60, bytes: 2e9 };
    const source = await readModelFile(await write(model()));
    // Nothing is loaded: no engine is needed.
    const opened = openModel({ name: 'onnxruntime', limits } as OnnxEngine, source, PLAIN);
    await expect(opened).rejects.toThrow(UserError);
    await expect(opened).rejects.toThrow(message);
  });
});

function children(): number[] {
  const tasks = readdirSync('/proc/self/task');
  const lists = tasks.map((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8'));
  return lists.flatMap((text) => text.trim().split(/\s+/).filter(Boolean).map(Number));
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
