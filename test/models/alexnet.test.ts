/** What torchvision's numbers (networks.test.ts) do not show: other image sizes and widths, first weights. */
import { describe, expect, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import { floats } from '../../src/graph/tensor.ts';
import type { ModelConfig } from '../../src/models/config.ts';
import { buildModule, createModel } from '../../src/models/registry.ts';
import { TrainingContext } from '../../src/nn/index.ts';

const CONFIG: ModelConfig = {
  model: 'alexnet',
  form: 'imagenet',
  width: 8,
  classes: 10,
  stem: { kind: 'conv' },
};

function trace(side: number) {
  const module = buildModule(CONFIG);
  const graph = new Graph();
  const context = new TrainingContext(graph, module);
  return {
    graph,
    context,
    logits: module.call(graph.input('images', 'float32', [2, 3, side, side]), context),
  };
}

test.each([63, 100, 224, 256])('takes images of %d pixels', (side) => {
  const { graph, context, logits } = trace(side);
  expect(logits.shape).toEqual([2, 10]);
  expect([...context.noise].map(([, { shape }]) => shape)).toEqual([
    [2, 32 * 36],
    [2, 512],
  ]);
  const pools = graph.nodes.some(({ scope }) => scope === 'avgpool');
  expect(pools).toBe(side !== 224);
});

test('smaller images are refused', () => {
  expect(() => trace(62)).toThrow('features');
});

test('all widths scale together', () => {
  const shapes = (width: number): number[] =>
    [...buildModule({ ...CONFIG, width }).namedParameters()].map(([, { shape }]) => shape[0]);
  const [narrow, published] = [shapes(8), shapes(64)];
  expect(published.slice(0, -2)).toEqual(narrow.slice(0, -2).map((count) => 8 * count));
  expect(published.slice(-2)).toEqual([10, 10]);
});

describe('first weights are PyTorch’s defaults, uniform within 1/√(inputs of an output)', () => {
  const pushpull = { kind: 'pushpull', avg: 3, alpha: 1 } as const;
  test.each([
    ['features.0.weight', 3 * 121, CONFIG],
    ['features.0.weight', 3 * 121, { ...CONFIG, stem: pushpull }],
    ['features.0.weight', 3 * 121, { ...CONFIG, stem: { kind: 'pushpull2020', alpha: 1 } }],
    ['features.3.weight', 8 * 25, CONFIG],
    ['features.10.bias', 32 * 9, CONFIG],
    ['classifier.4.weight', 512, CONFIG],
  ] as [string, number, ModelConfig][])('%s', (name, inputs, config) => {
    const bound = 1 / Math.sqrt(inputs);
    const values = floats(createModel(config, 2).parameters.get(name)!);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.9 * bound);
  });
});
