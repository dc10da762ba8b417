/** Layers against PyTorch's and torchvision's: output, and the gradient of every input and parameter. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Module } from '../../src/nn/index.ts';
import {
  AdaptiveAvgPool2d,
  Dropout,
  SqueezeExcitation,
  StochasticDepth,
  TrainingContext,
} from '../../src/nn/index.ts';
import { expectClose } from '../support/close.ts';
import { FORMS, testEngine } from '../support/engine.ts';
import { expectTrains, runDeployed } from '../support/layer-cases.ts';
import type { OpCase } from '../support/torch-fixtures.ts';
import { readOpCases } from '../support/torch-fixtures.ts';

const TOLERANCE = 1e-6;
const CASES = readOpCases('layers').map((one) => [one.op, one.name, one] as const);

interface Attributes {
  readonly outputSize: number;
  readonly channels: number;
  readonly squeezeChannels: number;
  readonly p: number;
  readonly mode: 'row';
}

const BUILD: Readonly<Record<string, (attributes: Attributes) => Module>> = {
  AdaptiveAvgPool2d: ({ outputSize }) => new AdaptiveAvgPool2d(outputSize),
  SqueezeExcitation: ({ channels, squeezeChannels }) => new SqueezeExcitation(channels, squeezeChannels),
  Dropout: ({ p }) => new Dropout(p),
  StochasticDepth: ({ p, mode }) => new StochasticDepth(p, mode),
};

const layerOf = ({ op, attributes }: OpCase): Module => BUILD[op](attributes as unknown as Attributes);

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

describe.each(FORMS)('in training, lowered for %s', (device) => {
  test.each(CASES)('%s: %s', (_op, _name, one) => expectTrains(engine, device, layerOf(one), one, TOLERANCE));
});

describe('deployed', () => {
  test.each(CASES)('%s: %s', async (_op, _name, one) => {
    const draws = one.inputs.has('noise');
    const expected = draws ? one.inputs.get('x')! : one.outputs.get('y')!;
    expectClose(await runDeployed(engine, layerOf(one), one), expected, TOLERANCE, 'y');
  });
});

test('pooling to the size that is there costs nothing', () => {
  const graph = new Graph();
  const layer = new AdaptiveAvgPool2d(6);
  const x = graph.input('x', 'float32', [2, 3, 6, 6]);
  expect(layer.call(x, new TrainingContext(graph, layer))).toBe(x);
});

test('nothing is drawn where nothing is dropped', () => {
  for (const layer of [new Dropout(0), new StochasticDepth(0, 'row')]) {
    const graph = new Graph();
    const context = new TrainingContext(graph, layer);
    const x = graph.input('x', 'float32', [2, 3]);
    expect(layer.call(x, context)).toBe(x);
    expect(context.noise.size).toBe(0);
  }
});

test.each([-0.1, 1, 1.5, Number.NaN])('a drop probability of %d is refused', (p) => {
  expect(() => new Dropout(p)).toThrow('p must be a probability of at least 0 and below 1');
  expect(() => new StochasticDepth(p, 'row')).toThrow('p must be a probability');
});

test.each([0, 2.5])('an output of size %d is refused', (size) => {
  expect(() => new AdaptiveAvgPool2d(size)).toThrow('outputSize must be a whole number of at least 1');
});
