import { describe, expect, test } from 'vitest';
import { foldConstants } from '../../src/graph/fold.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { OpAttributes, OpName } from '../../src/graph/ops/attributes.ts';
import { expectClose } from '../support/close.ts';
import { readOpCases } from '../support/torch-fixtures.ts';

const FOLDED = [
  'add',
  'sub',
  'mul',
  'div',
  'neg',
  'relu',
  'sqrt',
  'reshape',
  'matmul',
  'reduceMax',
  'reduceMin',
  'reduceSum',
];
const CASES = readOpCases('ops').filter(({ op }) => FOLDED.includes(op));

describe('an op on constants becomes a constant that equals PyTorch', () => {
  test.each(CASES.map((one) => [one.op, one.name, one] as const))('%s: %s', (_op, _name, one) => {
    const graph = new Graph();
    const inputs = [...one.inputs.values()].map((tensor) => graph.constant(tensor));
    const outputs = graph.apply(one.op as OpName, inputs, one.attributes as unknown as OpAttributes[OpName]);
    const [folded] = foldConstants(graph, outputs);
    if (folded.source.kind !== 'constant') throw new Error('it was not folded');
    expectClose(folded.source.tensor, [...one.outputs.values()][0], 1e-6, one.op);
  });

  test('for every op that is said to fold there is a case', () => {
    expect([...new Set(CASES.map(({ op }) => op))].sort()).toEqual([...FOLDED].sort());
  });
});

test('what depends on an input stays', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2]);
  const [folded] = foldConstants(graph, [F.add(x, F.neg(F.constant(x, 1)))]);
  expect(folded.graph.nodes.map(({ op }) => op)).toEqual(['add']);
});
