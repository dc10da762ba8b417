import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { GraphOutputs, OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { UserError } from '../../src/errors.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { lowerGraph } from '../../src/onnx/lower/index.ts';
import { encodeModel } from '../../src/onnx/model.ts';

/** `y = x²` and a state `total` that grows by `x`. */
function counterProgram(): GraphOutputs {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2]);
  const total = graph.input('total', 'float32', [2]);
  return new Map([
    ['y', F.mul(x, x)],
    ['next', F.add(total, x)],
  ]);
}

/** A product that keeps ONNX Runtime busy for a while. */
function heavyModel(size: number): Uint8Array {
  const graph = new Graph();
  let x = graph.input('x', 'float32', [size, size]);
  const w = graph.constant(float32(new Float32Array(size * size).fill(1 / size), [size, size]));
  for (let i = 0; i < 8; i++) x = F.matmul(x, w);
  return encodeModel(lowerGraph(new Map([['y', x]]), { target: { device: 'cpu' }, name: 'heavy' }));
}

const BINDINGS = [{ key: 'total', input: 'total', output: 'next' }];

describe.each(['native', 'wasm'])('an engine on the CPU, %s', (build) => {
  let engine: OnnxEngine;
  beforeAll(async () => {
    vi.stubEnv('PUSHPULL_ONNXRUNTIME', build);
    const notes = vi.spyOn(console, 'error').mockReturnValue();
    engine = await createEngine({ device: 'cpu', threads: 1 });
    const note =
      'note: ONNX Runtime computes in WebAssembly, slower than its native library: PUSHPULL_ONNXRUNTIME=wasm';
    expect(notes.mock.calls.map(([text]) => text)).toEqual(
      build === 'wasm' ? [expect.stringContaining(note)] : [],
    );
    expect(engine.version).toMatch(build === 'wasm' ? /^\d+\.\d+\.\d+ \(WebAssembly\)$/ : /^\d+\.\d+\.\d+$/);
    notes.mockRestore();
  });
  afterAll(async () => {
    await engine.close();
    vi.unstubAllEnvs();
  });

  test('keeps state between runs and gives back the rest', async () => {
    const state = await engine.createState(new Map([['total', float32([1, 2], [2])]]));
    const program = await engine.loadProgram(counterProgram(), {
      state,
      bindings: BINDINGS,
      name: 'counter',
    });
    for (const [run, x] of [
      [1, 10],
      [2, 20],
      [3, 30],
    ]) {
      const results = await program.run({ x: float32([x, run], [2]) });
      expect(Object.keys(results)).toEqual(['y']);
      expect([...(results.y.data as Float32Array)]).toEqual([x * x, run * run]);
    }
    expect([...((await state.read()).get('total')!.data as Float32Array)]).toEqual([61, 8]);
    await state.write(new Map([['total', float32([5, 5], [2])]]));
    await program.run({ x: float32([1, 1], [2]) });
    expect([...((await state.read(['total'])).get('total')!.data as Float32Array)]).toEqual([6, 6]);
    await program.dispose();
    await state.dispose();
  });

  test('what was read stays as it was when later runs change the state', async () => {
    const state = await engine.createState(new Map([['total', float32([0, 0], [2])]]));
    const program = await engine.loadProgram(counterProgram(), {
      state,
      bindings: BINDINGS,
      name: 'counter',
    });
    const before = (await state.read()).get('total')!;
    for (let i = 0; i < 3; i++) await program.run({ x: float32([1, 1], [2]) });
    expect([...(before.data as Float32Array)]).toEqual([0, 0]);
    await program.dispose();
    await state.dispose();
  });

  test('two programs can share a state', async () => {
    const state = await engine.createState(new Map([['total', float32([0, 0], [2])]]));
    const one = await engine.loadProgram(counterProgram(), { state, bindings: BINDINGS, name: 'counter' });
    const other = await engine.loadProgram(counterProgram(), { state, bindings: BINDINGS, name: 'counter' });
    await one.run({ x: float32([1, 2], [2]) });
    await one.dispose();
    await other.run({ x: float32([10, 20], [2]) });
    expect([...((await state.read()).get('total')!.data as Float32Array)]).toEqual([11, 22]);
    await other.dispose();
    await state.dispose();
  });

  test('reads images from shared memory', async () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([3, 4]);
    const state = await engine.createState(new Map([['total', float32([0, 0], [2])]]));
    const program = await engine.loadProgram(counterProgram(), {
      state,
      bindings: BINDINGS,
      name: 'counter',
    });
    const { y } = await program.run({ x: float32(shared, [2]) });
    expect([...(y.data as Float32Array)]).toEqual([9, 16]);
  });

  test('a run does not hold up the caller', async () => {
    const model = await engine.loadModel(heavyModel(512));
    const feeds = { x: float32(new Float32Array(512 * 512).fill(1), [512, 512]) };
    let turns = 0;
    let running = true;
    const spin = (): void => {
      turns++;
      if (running) setImmediate(spin);
    };
    spin();
    await model.run(feeds);
    running = false;
    // Were the thread blocked, the loop would turn a handful of times before and after the run.
    expect(turns).toBeGreaterThan(100);
    await model.dispose();
  });

  test('says which input is wrong, what it must be and what it was', async () => {
    const model = await engine.loadModel(heavyModel(2));
    await expect(model.run({})).rejects.toThrow(
      'input "x" must be float32[2, 2], but was not fed (fed: nothing)',
    );
    await expect(model.run({ x: float32([1, 2], [2]) })).rejects.toThrow(
      'input "x" must be float32[2, 2], found float32[2]',
    );
    const x = float32([1, 2, 3, 4], [2, 2]);
    await expect(model.run({ x, z: x })).rejects.toThrow('there is no input "z" (inputs: x)');
    await model.dispose();
  });

  test('thousands of steps take no more memory', async () => {
    const state = await engine.createState(new Map([['total', float32([0, 0], [2])]]));
    const program = await engine.loadProgram(counterProgram(), {
      state,
      bindings: BINDINGS,
      name: 'counter',
    });
    const steps = async (count: number): Promise<number> => {
      for (let i = 0; i < count; i++) await program.run({ x: float32([1, 1], [2]) });
      return process.memoryUsage().rss;
    };
    const warm = await steps(2000);
    const after = await steps(4000);
    expect((after - warm) / 2 ** 20).toBeLessThan(40);
    expect((await state.read()).get('total')!.data[0]).toBe(6000);
  });
});

test('engines come and go on their threads', async () => {
  for (let round = 0; round < 3; round++) {
    const engine = await createEngine({ device: 'cpu', threads: 2 });
    const model = await engine.loadModel(heavyModel(16));
    for (let i = 0; i < 40; i++) await model.run({ x: float32(new Float32Array(256).fill(1), [16, 16]) });
    await engine.close();
    await expect(model.run({})).rejects.toThrow('the engine is closed');
  }
});

test('a missing provider is a user error that says how to get it', async () => {
  const engine = await createEngine({ device: 'cuda', threads: 1 });
  try {
    const attempt = engine.loadModel(heavyModel(2));
    await expect(attempt).rejects.toThrow(UserError);
    await expect(attempt).rejects.toThrow(
      /--device cuda: .*(found only .*cpu|no usable device).*ONNXRUNTIME_NODE_INSTALL=cuda12/,
    );
  } finally {
    await engine.close();
  }
});
