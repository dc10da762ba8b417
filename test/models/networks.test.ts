/** Every network against PyTorch's definition of it: logits, loss, all gradients, running statistics. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { foldConstants } from '../../src/graph/fold.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { float32, floats, numElements } from '../../src/graph/tensor.ts';
import { buildModule, MODELS } from '../../src/models/registry.ts';
import {
  InferenceContext,
  type Module,
  TrainingContext,
  type Weights,
  weightMismatches,
} from '../../src/nn/index.ts';
import { crossEntropy } from '../../src/train/step/losses.ts';
import { largestDifference } from '../support/close.ts';
import { testEngine } from '../support/engine.ts';
import { generated } from '../support/generated.ts';
import { runGraph } from '../support/run-graph.ts';
import type { Digest, NetworkCase } from '../support/torch-fixtures.ts';
import { readNetworkCases } from '../support/torch-fixtures.ts';

const CASES = readNetworkCases();

/** Shares of the largest logit, and of each gradient's norm. The goal is 1e-4 and 1e-3. */
const LOGITS = 2e-5;
const GRADIENTS = 2e-4;

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine({ threads: 2 });
});
afterAll(() => engine.close());

function expectLogits(actual: Tensor, expected: Tensor, what: string): void {
  const largest = Math.max(...floats(expected).map(Math.abs));
  const { difference } = largestDifference(floats(actual), floats(expected));
  expect(difference / largest, what).toBeLessThan(LOGITS);
}

/** The deployed network, weights and all constant. */
async function evaluate(module: Module, weights: Weights, images: Tensor): Promise<Tensor> {
  const graph = new Graph();
  const logits = module.call(
    graph.input('images', 'float32', images.shape),
    new InferenceContext(graph, module, weights),
  );
  const [folded] = foldConstants(graph, [logits]);
  return (await runGraph(engine, new Map([['logits', folded]]), { images }, { device: 'portable' })).logits;
}

/** One training pass: `logits`, `loss`, and by parameter's name gradients and new running statistics. */
async function train(module: Module, weights: Weights, { images, labels, config }: NetworkCase) {
  const graph = new Graph();
  const context = new TrainingContext(graph, module);
  const logits = module.call(graph.input('images', 'float32', images.shape), context);
  const classes = graph.input('labels', 'int32', [labels.length]);
  const loss = crossEntropy(logits, F.oneHot(classes, config.classes));
  const slopes = gradients(loss, [...context.parameters.values()]);
  const outputs = new Map([
    ['logits', logits],
    ['loss', loss],
    ...[...context.parameters.keys()].map((name, i) => [`after ${name}`, slopes[i]] as const),
    ...[...context.buffers].map(([name, { after }]) => [`after ${name}`, after!] as const),
  ]);
  const noise = [...context.noise].map(([name, { shape }]) => {
    return [name, float32(generated(name, numElements(shape), 0.5, 0.5), shape)] as const;
  });
  const found = await runGraph(engine, outputs, {
    ...Object.fromEntries(weights),
    ...Object.fromEntries(noise),
    images,
    labels: { dtype: 'int32', shape: [labels.length], data: labels },
  });
  return { found, context };
}

const norm = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** Largest of the differences of norm, probe and first values, as a share of the norm. */
function deviation(name: string, values: Float32Array, digest: Digest): number {
  const numbers = generated(`probe ${name}`, values.length);
  const product = values.reduce((sum, value, i) => sum + value * numbers[i], 0);
  return (
    Math.max(
      Math.abs(norm(values) - digest.norm),
      Math.abs(product - digest.probe),
      largestDifference(values.subarray(0, digest.first.length), digest.first).difference,
    ) / digest.norm
  );
}

describe.each(CASES.map((one) => [one.name, one] as const))('%s', (_, one) => {
  const module = buildModule(one.config);
  const { weights } = one;

  test("has torchvision's parameter names and shapes", () => {
    expect(weightMismatches(module, weights)).toEqual([]);
  });

  test('deployed, its logits equal PyTorch', async () => {
    expectLogits(await evaluate(module, weights, one.images), one.logits, 'logits');
  });

  test('in training, logits, loss, gradients and running statistics equal PyTorch', async () => {
    const { found, context } = await train(module, weights, one);
    expectLogits(found.logits, one.trainingLogits, 'logits');
    expect(Math.abs(floats(found.loss)[0] - one.loss), 'loss').toBeLessThan(1e-5);
    if (!one.digests) return;
    expect([...context.parameters.keys(), ...context.buffers.keys()].sort()).toEqual(
      [...one.digests.keys()].sort(),
    );
    const largest = Math.max(...[...context.parameters.keys()].map((name) => one.digests!.get(name)!.norm));
    for (const [name, digest] of one.digests) {
      const values = floats(found[`after ${name}`]);
      if (digest.norm < 1e-9 * largest) {
        // A batch norm takes out again what this parameter adds: its gradient is zero but for rounding.
        expect(norm(values) / largest, name).toBeLessThan(1e-6);
      } else {
        expect(deviation(name, values, digest), name).toBeLessThan(GRADIENTS);
      }
    }
  });
});

test('every network of the registry is compared, or one that differs from it in depth alone', () => {
  const compared = new Set(CASES.map(({ config }) => config.model));
  expect(MODELS.map(({ name }) => name).filter((name) => !compared.has(name))).toEqual([
    'resnet101',
    'resnet152',
  ]);
});
