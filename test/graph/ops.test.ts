import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { OpName } from '../../src/graph/ops/attributes.ts';
import { OPS } from '../../src/graph/ops/index.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { expectClose } from '../support/close.ts';
import { ENGINE_UNDER_TEST, FORMS, testEngine } from '../support/engine.ts';
import { buildOpCase } from '../support/op-cases.ts';
import { runGraph } from '../support/run-graph.ts';
import type { OpCase } from '../support/torch-fixtures.ts';
import { readOpCases } from '../support/torch-fixtures.ts';

const CASES = readOpCases('ops');

/** Share of the largest magnitude. Values far from zero carry float32's own rounding into what is left of them. */
function tolerance({ op, name }: OpCase): number {
  if (op === 'blurPool2d') return 1e-6;
  if (op !== 'batchNormTraining') return 2e-6;
  // PyTorch's own kernel, in float32, is 7e-4 off.
  if (name.startsWith('mean -1000')) return ENGINE_UNDER_TEST === 'torch' ? 1e-3 : 2e-4;
  return name.startsWith('mean 100') ? 2e-5 : 5e-6;
}

// Which kernels a rule lowers to depends on the device; the numbers may not, so both forms run on the CPU.
describe.each(FORMS)('lowered for %s, forward and gradients equal PyTorch', (device) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await testEngine();
  });
  afterAll(() => engine.close());

  for (const op of new Set(CASES.map((one) => one.op))) {
    const cases = CASES.filter((one) => one.op === op);
    test.each(cases.map((one) => [one.name, one] as const))(`${op}: %s`, async (_, one) => {
      const { outputs } = buildOpCase(one);
      const expected = new Map<string, Tensor>(one.outputs);
      for (const [name, gradient] of one.gradients) expected.set(`gradient of ${name}`, gradient);
      const found = await runGraph(engine, outputs, Object.fromEntries(one.inputs), { device });
      for (const name of outputs.keys()) {
        expectClose(found[name], expected.get(name)!, tolerance(one), name);
      }
      for (const name of one.gradients.keys()) expect(outputs.has(`gradient of ${name}`)).toBe(true);
    });
  }

  test('comparisons', async () => {
    const graph = new Graph();
    const [a, b] = [graph.input('a', 'float32', [2, 3]), graph.input('b', 'float32', [3])];
    const outputs = new Map([
      ['greater', F.cast(F.greater(a, b), 'float32')],
      ['equal', F.cast(F.equal(a, b), 'int32')],
    ]);
    const feeds = { a: float32([1, 2, 3, -0, Number.NaN, 5], [2, 3]), b: float32([0, 2, 4], [3]) };
    const found = await runGraph(engine, outputs, feeds, { device });
    expect(found.greater).toEqual(float32([1, 0, 0, 0, 0, 1], [2, 3]));
    expect([...(found.equal.data as Int32Array)]).toEqual([0, 1, 0, 1, 0, 0]);
  });
});

test('every op of the graph is part of some case, forward or in a gradient', () => {
  const seen = new Set<OpName>();
  for (const one of CASES) for (const node of buildOpCase(one).graph.nodes) seen.add(node.op);
  // Have no gradient; tested above, with the batch norm and with the training step.
  const elsewhere = ['greater', 'runningStatistics', 'sgd'];
  const missing = Object.keys(OPS).filter((op) => !seen.has(op as OpName) && !elsewhere.includes(op));
  expect(missing).toEqual([]);
});
