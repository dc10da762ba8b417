/** What torchvision's numbers (networks.test.ts) do not show: widths, forms, probabilities, first weights. */
import { describe, expect, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import { floats } from '../../src/graph/tensor.ts';
import type { ModelConfig } from '../../src/models/config.ts';
import { buildModule, createModel } from '../../src/models/registry.ts';
import { type Module, StochasticDepth, TrainingContext } from '../../src/nn/index.ts';

const CONFIG: ModelConfig = {
  model: 'efficientnet_b0',
  form: 'imagenet',
  width: 32,
  classes: 10,
  stem: { kind: 'conv' },
};

/** The modules below one, with their paths. */
function* descendants(module: Module, prefix = ''): Generator<[path: string, module: Module]> {
  for (const [name, child] of module.children()) {
    yield [prefix + name, child];
    yield* descendants(child, `${prefix}${name}.`);
  }
}

function trace(config: ModelConfig, side: number) {
  const module = buildModule(config);
  const graph = new Graph();
  const context = new TrainingContext(graph, module);
  const logits = module.call(graph.input('images', 'float32', [2, 3, side, side]), context);
  return { graph, context, logits };
}

/** Output channels of the first layer, of the stages and of the head. */
function channels(width: number): number[] {
  const shapes = new Map([...buildModule({ ...CONFIG, width }).namedParameters()]);
  const last = (stage: number): number =>
    [...shapes].findLast(([name]) => name.startsWith(`features.${stage}.`))![1].shape[0];
  return Array.from({ length: 9 }, (_, stage) => last(stage));
}

describe('channels', () => {
  test.each([
    [32, [32, 16, 24, 40, 80, 112, 192, 320, 1280]],
    // As torchvision's `_make_divisible` rounds.
    [64, [64, 32, 48, 80, 160, 224, 384, 640, 2560]],
    [48, [48, 24, 40, 64, 120, 168, 288, 480, 1920]],
    // Below the published width the divisor is smaller, so that the proportions stay.
    [16, [16, 8, 12, 20, 40, 56, 96, 160, 640]],
    [8, [8, 4, 6, 10, 20, 28, 48, 80, 320]],
    [2, [2, 1, 2, 3, 5, 7, 12, 20, 80]],
  ])('at width %d', (width, expected) => {
    expect(channels(width)).toEqual(expected);
  });
});

test('the form for small images has the published strides but for the first', () => {
  const strides = (form: ModelConfig['form'], side: number): number[] => {
    const { graph } = trace({ ...CONFIG, form, width: 4 }, side);
    const sides = graph.nodes.filter(({ op }) => op === 'conv2d').map(({ outputs }) => outputs[0].shape[2]);
    // Squeezed images are one pixel large.
    return [...new Set(sides.filter((length) => length > 1))];
  };
  expect(strides('imagenet', 224)).toEqual([112, 56, 28, 14, 7]);
  expect(strides('cifar', 32)).toEqual([32, 16, 8, 4, 2]);
});

test('blocks are dropped with probabilities that rise evenly to 0.2, and only where there is a shortcut', () => {
  const drops = [...descendants(buildModule(CONFIG))].filter(
    ([, module]) => module instanceof StochasticDepth,
  );
  const found = drops.map(([path, module]) => [path, (module as StochasticDepth).p] as const);
  expect(found.map(([path]) => path.replace('.stochastic_depth', ''))).toEqual(
    ['2.1', '3.1', '4.1', '4.2', '5.1', '5.2', '6.1', '6.2', '6.3'].map((block) => `features.${block}`),
  );
  // Number of the block among all 16.
  [2, 4, 6, 7, 9, 10, 12, 13, 14].forEach((block, i) => {
    expect(found[i][1]).toBeCloseTo((0.2 * block) / 16, 12);
  });
});

test('a step draws a number a shortcut and image, and one a feature and image', () => {
  const { context, logits } = trace({ ...CONFIG, width: 8 }, 64);
  expect(logits.shape).toEqual([2, 10]);
  const shapes = [...context.noise].map(([, { shape }]) => shape.join());
  expect(shapes).toEqual([...new Array(9).fill('2,1,1,1'), '2,320']);
});

test('batch norms have the authors’ constants unless others are given', () => {
  const epsilons = (config: ModelConfig): unknown[] => {
    const { graph } = trace(config, 32);
    const norms = graph.nodes.filter(({ op }) => op === 'batchNormTraining');
    return [...new Set(norms.map(({ attributes }) => (attributes as { epsilon: number }).epsilon))];
  };
  expect(epsilons({ ...CONFIG, width: 4 })).toEqual([1e-3]);
  expect(epsilons({ ...CONFIG, width: 4, batchNorm: { eps: 1e-5, momentum: 0.1 } })).toEqual([1e-5]);
});

describe('first weights', () => {
  const { parameters } = createModel(CONFIG, 3);
  const values = (name: string): Float32Array => floats(parameters.get(name)!);
  const deviation = (name: string): number =>
    Math.sqrt(values(name).reduce((sum, value) => sum + value * value, 0) / values(name).length);

  test('convolutions are normal, by the outputs that an input reaches', () => {
    // torchvision counts Cout · k · k, for depthwise convolutions too.
    expect(deviation('features.8.0.weight')).toBeCloseTo(Math.sqrt(2 / 1280), 3);
    expect(deviation('features.7.0.block.1.0.weight')).toBeCloseTo(Math.sqrt(2 / (1152 * 9)), 3);
    expect(deviation('features.7.0.block.2.fc1.weight')).toBeCloseTo(Math.sqrt(2 / 48), 2);
  });

  test('the classifier is uniform within 1/√classes', () => {
    const bound = 1 / Math.sqrt(10);
    const largest = Math.max(...values('classifier.1.weight').map(Math.abs));
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.99 * bound);
  });

  test('biases are zero', () => {
    const biases = [...parameters.keys()].filter((name) => /bias$/.test(name));
    expect(biases.some((name) => name.includes('fc1'))).toBe(true);
    for (const name of biases) expect(deviation(name), name).toBe(0);
  });
});
