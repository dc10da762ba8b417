/** What is the torch engine's own; ops, layers, networks and training are tried on it by the tests of each. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, GraphOutputs } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { TorchRuntime } from '../../src/engine/node/torch/runtime.ts';
import { UserError } from '../../src/errors.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import { float32, floats } from '../../src/graph/tensor.ts';
import type { Value } from '../../src/graph/value.ts';
import type { ImageModel } from '../../src/models/registry.ts';
import {
  BatchNorm2d,
  type ForwardContext,
  initialWeights,
  Linear,
  MaxPool2d,
  Module,
  PushPullConv2d,
} from '../../src/nn/index.ts';
import { lowerToTorch } from '../../src/torch/lower/index.ts';
import { compileTrainingStep } from '../../src/train/step/step.ts';
import { generated } from '../support/generated.ts';
import { torchHere } from '../support/torch.ts';

const torch = await torchHere();

/** `y = x²` and a state `total` that grows by `x`. */
function counter(): GraphOutputs {
  const graph = new Graph();
  const [x, total] = [graph.input('x', 'float32', [2]), graph.input('total', 'float32', [2])];
  return new Map([
    ['y', F.mul(x, x)],
    ['next', F.add(total, x)],
  ]);
}
const COUNTER = { bindings: [{ key: 'total', input: 'total', output: 'next' }], name: 'counter' };

/** Products that take a while. */
function heavy(size: number): GraphOutputs {
  const graph = new Graph();
  let x = graph.input('x', 'float32', [size, size]);
  for (let i = 0; i < 8; i++) x = F.matmul(x, x);
  return new Map([['y', x]]);
}

describe.skipIf(!torch)('the torch engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ engine: 'torch', device: 'cpu', threads: 1 });
  });
  afterAll(() => engine.close());

  test('says what it is', () => {
    expect(engine).toMatchObject({ name: 'torch', device: 'cpu', threads: 1, precision: 'float32' });
    expect(engine.version).toBe(torch!.version);
  });

  test('keeps state between runs, shared by programs, and gives back the rest', async () => {
    const state = await engine.createState(new Map([['total', float32([1, 2], [2])]]));
    const one = await engine.loadProgram(counter(), { state, ...COUNTER });
    const other = await engine.loadProgram(counter(), { state, ...COUNTER });
    const before = await state.read();
    const { y, ...rest } = await one.run({ x: float32([10, 3], [2]) });
    expect([...floats(y)]).toEqual([100, 9]);
    expect(rest).toEqual({});
    await other.run({ x: float32([20, 1], [2]) });
    await one.dispose();
    await other.run({ x: float32([30, 1], [2]) });
    expect([...floats((await state.read()).get('total')!)]).toEqual([61, 7]);
    expect([...floats(before.get('total')!)]).toEqual([1, 2]);
    await state.write(new Map([['total', float32([5, 5], [2])]]));
    await other.run({ x: float32([1, 1], [2]) });
    expect([...floats((await state.read(['total'])).get('total')!)]).toEqual([6, 6]);
    await other.dispose();
    await state.dispose();
  });

  test('a state whose two parts change places', async () => {
    const graph = new Graph();
    const [a, b] = ['a', 'b'].map((name) => graph.input(name, 'float32', [1]));
    const state = await engine.createState(
      new Map([
        ['a', float32([1], [1])],
        ['b', float32([2], [1])],
      ]),
    );
    const bindings = [
      { key: 'a', input: 'a', output: 'nextA' },
      { key: 'b', input: 'b', output: 'nextB' },
    ];
    const outputs = new Map([
      ['nextA', b],
      ['nextB', a],
    ]);
    const program = await engine.loadProgram(outputs, { state, bindings, name: 'swap' });
    await program.run({});
    const after = await state.read();
    expect(['a', 'b'].map((key) => floats(after.get(key)!)[0])).toEqual([2, 1]);
    await program.dispose();
    await state.dispose();
  });

  test('reads images from shared memory, and of any batch length', async () => {
    const build = (count: number): GraphOutputs => {
      const graph = new Graph();
      const x = graph.input('images', 'float32', [count, 1, 2, 2]);
      return new Map([['sum', F.reduceSum(x, [1, 2, 3])]]);
    };
    const session = await engine.loadNetwork(build, { name: 'sums' });
    expect(session.inputs).toEqual([{ name: 'images', dtype: 'float32', shape: ['N', 1, 2, 2] }]);
    expect(session.outputs).toEqual([{ name: 'sum', dtype: 'float32', shape: ['N'] }]);
    for (const count of [3, 1, 2, 3]) {
      const shared = new Float32Array(new SharedArrayBuffer(16 * count)).map((_, i) => i);
      const { sum } = await session.run({ images: float32(shared, [count, 1, 2, 2]) });
      expect([...floats(sum)]).toEqual(Array.from({ length: count }, (_, i) => 16 * i + 6));
    }
    await session.dispose();
  });

  test('a run does not hold up the caller', async () => {
    const session = await engine.loadGraph(heavy(512), { name: 'heavy' });
    let [turns, running] = [0, true];
    const spin = (): void => {
      turns++;
      if (running) setImmediate(spin);
    };
    spin();
    await session.run({ x: float32(new Float32Array(512 * 512).fill(1e-3), [512, 512]) });
    running = false;
    expect(turns).toBeGreaterThan(100);
    await session.dispose();
  });

  test('says which input is wrong, what it must be and what it was', async () => {
    const session = await engine.loadGraph(heavy(2), { name: 'heavy' });
    await expect(session.run({})).rejects.toThrow('input "x" must be float32[2, 2], but was not fed');
    await expect(session.run({ x: float32([1, 2], [2]) })).rejects.toThrow('found float32[2]');
  });

  test('an error inside libtorch names op, module path, shapes and its words, and the engine goes on', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2, 2]);
    const huge = graph.within('layer1.0', () =>
      F.expand(F.reshape(x, [2, 2, 1, 1]), [2, 2, 1 << 24, 1 << 24]),
    );
    const y = graph.within('layer1.0', () => F.add(huge, huge));
    const session = await engine.loadGraph(new Map([['y', F.reduceSum(y, [0, 1, 2, 3])]]), { name: 'huge' });
    await expect(session.run({ x: float32([1, 2, 3, 4], [2, 2]) })).rejects.toThrow(
      /libtorch failed at add in layer1\.0 \(float32\[2, 2, 16777216, 16777216\], .*\): add\.Tensor: .*(memory|overflow)/i,
    );
    const small = await engine.loadGraph(heavy(2), { name: 'heavy' });
    expect([...floats((await small.run({ x: float32([1, 0, 0, 1], [2, 2]) })).y)]).toEqual([1, 0, 0, 1]);
  });

  test('when its process is killed, what waits and what comes later is refused in words', async () => {
    const doomed = await createEngine({ engine: 'torch', device: 'cpu', threads: 1 });
    const session = await doomed.loadGraph(heavy(1024), { name: 'heavy' });
    const run = session.run({ x: float32(new Float32Array(1 << 20), [1024, 1024]) });
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
      .trim()
      .split(' ');
    process.kill(Number(children.at(-1)), 'SIGKILL');
    await expect(run).rejects.toThrow('was killed, most likely for want of memory');
    await expect(session.run({})).rejects.toThrow(UserError);
    await doomed.close();
  });

  test('the caller ends as it should, with and without closing the engine', async () => {
    const index = JSON.stringify(new URL('../../src/engine/node/index.ts', import.meta.url).href);
    for (const last of ['await engine.close();', '']) {
      const script =
        `const { createEngine } = await import(${index});` +
        `const engine = await createEngine({ engine: 'torch', device: 'cpu', threads: 1 }); ${last}` +
        `console.log('done');`;
      const child = spawn(
        process.execPath,
        ['--import', import.meta.resolve('tsx/esm'), '--input-type=module', '-e', script],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let printed = '';
      child.stdout.on('data', (data: Buffer) => {
        printed += data.toString();
      });
      expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
      expect(printed).toBe('done\n');
    }
  });
});

/** A network with all that a step is made of, and no more of it than needed. */
class Tiny extends Module {
  readonly conv1 = new PushPullConv2d(3, 4, 3, { padding: 1, bias: true });
  readonly bn1 = new BatchNorm2d(4);
  readonly pool = new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 });
  readonly fc = new Linear(4, 3);

  protected override forward(x: Value, context: ForwardContext): Value {
    const y = F.relu(this.bn1.call(this.conv1.call(x, context), context));
    return this.fc.call(F.reduceMean(this.pool.call(y, context), [2, 3]), context);
  }
}

/** libtorch in this process, to look into it. */
const startRuntime = (): TorchRuntime =>
  new TorchRuntime({ folder: torch!.lib, version: torch!.version, device: 'cpu', gpu: 0, threads: 1 });

describe.skipIf(!torch)('libtorch is asked for no more than is given back', () => {
  const STEPS = 5000;

  test(`over ${STEPS} steps, errors and partial batches`, () => {
    const runtime = startRuntime();
    const model = { module: new Tiny(), inputSize: 8 } as unknown as ImageModel;
    const parameters = initialWeights(model.module, 0);
    const side = 8;
    const imageSize = { width: side, height: side };
    const target = { device: 'cpu', precision: 'float32' } as const;
    const tensors = new Map(parameters);
    for (const [name, { trainable, shape }] of model.module.namedParameters()) {
      const zeros = new Float32Array(shape.reduce((a, b) => a * b, 1));
      if (trainable) tensors.set(`momentum/${name}`, float32(zeros, shape));
    }
    const state = runtime.createState(tensors);
    const load = (batchSize: number): number => {
      const { outputs, bindings } = compileTrainingStep(model, { batchSize, weightDecay: 1e-5, imageSize });
      return runtime.load(lowerToTorch(outputs, { target, name: 'step', bindings }), { state, bindings })
        .session;
    };
    const feeds = (count: number) => ({
      images: float32(generated('images', count * 3 * side * side), [count, 3, side, side]),
      labels: {
        dtype: 'int32',
        shape: [count],
        data: Int32Array.from({ length: count }, (_, i) => i % 3),
      } as const,
      learningRate: float32([0.01], []),
      momentum: float32([0.9], []),
    });
    const [full, partial] = [load(4), load(2)];
    const handles = runtime.liveHandles;
    const [whole, part] = [feeds(4), feeds(2)];
    const resident: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      if (step % 500 === 250) expect(() => runtime.step(full, part)).toThrow('must be float32[4, 3, 8, 8]');
      runtime.step(step % 10 === 9 ? partial : full, step % 10 === 9 ? part : whole);
      if (step % 1000 === 999) resident.push(process.memoryUsage.rss());
    }
    expect(runtime.liveHandles).toBe(handles);
    // From step 2,000 on, when libtorch's pools are filled: 8 kB a step at most, less than any of its tensors but the smallest.
    expect(resident.at(-1)! - resident[1]).toBeLessThan(24e6);
    runtime.close();
    expect(runtime.liveHandles).toBe(0);
  });
});

describe.skipIf(!torch)('the step as it is written for a GPU', () => {
  test.each([0.9, 0])('moves parameters as it does for a CPU, with momentum %d', (momentum) => {
    const after = (['cpu', 'cuda'] as const).map((device) => {
      const runtime = startRuntime();
      const graph = new Graph();
      const [p, v] = ['p', 'v'].map((name) => graph.input(name, 'float32', [2, 3, 2, 2]));
      const g = graph.input('g', 'float32', [3, 2, 2, 2]);
      const [learningRate, inertia] = ['lr', 'm'].map((name) => graph.input(name, 'float32', []));
      // Laid out otherwise than the parameter: by rows, and with two axes exchanged.
      const gradient = F.mul(F.transpose(g, [1, 0, 3, 2]), F.constant(g, 2));
      const next = F.sgd(p, gradient, v, { learningRate, momentum: inertia }, 0.1);
      const outputs = new Map([
        ['nextP', next.parameter],
        ['nextV', next.velocity],
      ]);
      const bindings = ['p', 'v'].map((key) => ({ key, input: key, output: `next${key.toUpperCase()}` }));
      const values = (name: string) => float32(generated(name, 24), [2, 3, 2, 2]);
      const state = runtime.createState(new Map(['p', 'v'].map((name) => [name, values(name)])));
      const plan = lowerToTorch(outputs, { target: { device, precision: 'float32' }, name: 'sgd', bindings });
      expect(
        plan.calls.some(({ op }) => op === (device === 'cuda' ? '_fused_sgd_.tensor_lr' : '_fused_sgd_')),
      ).toBe(true);
      const { session } = runtime.load(plan, { state, bindings });
      const feeds = {
        g: float32(generated('g', 24), [3, 2, 2, 2]),
        lr: float32([0.5], []),
        m: float32([momentum], []),
      };
      for (let step = 0; step < 3; step++) runtime.step(session, feeds);
      const read = runtime.readState(state);
      runtime.close();
      return ['p', 'v'].map((key) => floats(read.get(key)!));
    });
    // PyTorch's form, written out.
    const [p, v, g] = ['p', 'v', 'g'].map((name) => Float64Array.from(generated(name, 24)));
    const turned = Float64Array.from({ length: 24 }, (_, i) => {
      const [a, b, y, x] = [Math.floor(i / 12), Math.floor(i / 4) % 3, Math.floor(i / 2) % 2, i % 2];
      return 2 * g[((b * 2 + a) * 2 + x) * 2 + y];
    });
    for (let step = 0; step < 3; step++) {
      for (let i = 0; i < 24; i++) {
        v[i] = momentum * v[i] + turned[i] + 0.1 * p[i];
        p[i] -= 0.5 * v[i];
      }
    }
    for (const found of after) {
      for (const [values, exact] of [
        [found[0], p],
        [found[1], v],
      ] as const) {
        expect(Math.max(...values.map((value, i) => Math.abs(value - exact[i])))).toBeLessThan(2e-6);
      }
    }
  });
});
