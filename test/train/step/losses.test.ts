import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import * as F from '../../../src/graph/functional.ts';
import { Graph } from '../../../src/graph/graph.ts';
import { float32, int32 } from '../../../src/graph/tensor.ts';
import { topKCorrect } from '../../../src/train/step/losses.ts';
import { testEngine } from '../../support/engine.ts';
import { runGraph } from '../../support/run-graph.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

async function count(
  logits: readonly (readonly number[])[],
  labels: readonly number[],
): Promise<[number, number]> {
  const classes = logits[0].length;
  const graph = new Graph();
  const x = graph.input('x', 'float32', [logits.length, classes]);
  const targets = F.oneHot(graph.input('labels', 'int32', [labels.length]), classes);
  const [first, second] = topKCorrect(x, targets, [1, 2]);
  const results = await runGraph(engine, new Map(Object.entries({ first, second })), {
    x: float32(logits.flat(), [logits.length, classes]),
    labels: int32([...labels], [labels.length]),
  });
  return [Number(results.first.data[0]), Number(results.second.data[0])];
}

test('counts the classes that rank first, and among the first two', async () => {
  const rows = [
    [3, 2, 1, 0],
    [3, 2, 1, 0],
    [3, 2, 1, 0],
  ];
  expect(await count(rows, [0, 1, 2])).toEqual([1, 2]);
});

test('equal logits rank by index, so that a constant answer is right for one class only', async () => {
  const flat = [5, 5, 5, 5];
  expect(await count([flat, flat, flat, flat], [0, 1, 2, 3])).toEqual([1, 2]);
});

test('not-a-number is wrong, wherever it stands', async () => {
  const rows = [
    [Number.NaN, 2, 1, 0],
    [9, Number.NaN, 1, 0],
    [9, 2, 1, 0],
  ];
  expect(await count(rows, [0, 0, 0])).toEqual([1, 1]);
});
