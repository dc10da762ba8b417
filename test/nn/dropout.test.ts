/** How often and by how much; that what is drawn acts as in PyTorch is in layers.test.ts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Shape } from '../../src/graph/tensor.ts';
import { float32, floats, numElements } from '../../src/graph/tensor.ts';
import type { Module } from '../../src/nn/index.ts';
import { Dropout, Sequential, StochasticDepth, TrainingContext } from '../../src/nn/index.ts';
import { randomStream } from '../../src/random/random.ts';
import { testEngine } from '../support/engine.ts';
import { runGraph } from '../support/run-graph.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

/** What a layer makes of ones in training. */
async function ofOnes(layer: Module, shape: Shape): Promise<Float32Array> {
  const graph = new Graph();
  const context = new TrainingContext(graph, layer);
  const y = layer.call(graph.input('x', 'float32', shape), context);
  const noise = [...context.noise].map(([name, value]) => {
    const values = randomStream('noise', name).fillUniform(new Float32Array(numElements(value.shape)));
    return [name, float32(values, value.shape)] as const;
  });
  const x = float32(new Float32Array(numElements(shape)).fill(1), shape);
  return floats((await runGraph(engine, new Map([['y', y]]), { x, ...Object.fromEntries(noise) })).y);
}

/** Share of the values that are dropped; all others must be `scale`. */
function droppedShare(values: Float32Array, scale: number): number {
  const dropped = values.filter((value) => value === 0).length;
  const kept = values.filter((value) => Math.abs(value - scale) < 1e-6).length;
  expect(dropped + kept).toBe(values.length);
  return dropped / values.length;
}

/** Four standard deviations of a share of p among n. */
const within = (p: number, n: number): number => 4 * Math.sqrt((p * (1 - p)) / n);

test.each([0.1, 0.2, 0.5, 0.9])('dropout drops a share of %d and keeps the mean', async (p) => {
  const share = droppedShare(await ofOnes(new Dropout(p), [40, 1000]), 1 / (1 - p));
  expect(Math.abs(share - p)).toBeLessThan(within(p, 40_000));
});

test.each([0.1, 0.4])('stochastic depth drops a share of %d of the images, each as a whole', async (p) => {
  const [n, rest] = [8000, 4];
  const values = await ofOnes(new StochasticDepth(p, 'row'), [n, 1, 2, 2]);
  for (let i = 0; i < n; i++) {
    expect(new Set(values.subarray(i * rest, (i + 1) * rest)).size).toBe(1);
  }
  expect(Math.abs(droppedShare(values, 1 / (1 - p)) - p)).toBeLessThan(within(p, n));
});

test('stochastic depth in mode batch takes all images or none', async () => {
  const layer = new StochasticDepth(0.5, 'batch');
  expect(new Set(await ofOnes(layer, [50, 2, 1, 1])).size).toBe(1);
});

test('a random number of exactly 1 - p drops, and 0 keeps', async () => {
  const graph = new Graph();
  const layer = new Dropout(0.5);
  const context = new TrainingContext(graph, layer);
  const y = layer.call(graph.input('x', 'float32', [1, 4]), context);
  const [noise] = context.noise.keys();
  const found = await runGraph(engine, new Map([['y', y]]), {
    x: float32([1, 2, 3, 4], [1, 4]),
    [noise]: float32([0, 0.5, 0.49999997, 0.99999994], [1, 4]),
  });
  expect([...floats(found.y)]).toEqual([2, 0, 6, 0]);
});

test('layers draw apart from each other, under the names of their places', async () => {
  const layer = new Sequential([new Dropout(0.5), new Dropout(0.5)]);
  const graph = new Graph();
  const context = new TrainingContext(graph, layer);
  layer.call(graph.input('x', 'float32', [4, 100]), context);
  expect([...context.noise.keys()]).toEqual(['noise/0', 'noise/1']);
  // Dropped by neither: a quarter, not a half as if both drew the same.
  const values = await ofOnes(layer, [100, 100]);
  const share = droppedShare(values, 4);
  expect(Math.abs(share - 0.75)).toBeLessThan(within(0.75, 10_000));
});
