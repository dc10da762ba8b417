import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { foldConstants } from '../../src/graph/fold.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { float32, floats } from '../../src/graph/tensor.ts';
import { createModel } from '../../src/models/registry.ts';
import { InferenceContext, TrainingContext, weightMismatches } from '../../src/nn/index.ts';
import { crossEntropy } from '../../src/train/losses.ts';
import { expectClose, largestDifference } from '../support/close.ts';
import { runGraph } from '../support/run-graph.ts';
import { readResNetCases } from '../support/torch-fixtures.ts';

const { logits: CASES } = readResNetCases();

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 });
});
afterAll(() => engine.close());

describe.each(CASES.map((one) => [one.name, one] as const))('ResNet-18, %s', (_, one) => {
  const { module } = createModel(one.config, 0);

  test("has torchvision's parameter names and shapes", () => {
    expect(weightMismatches(module, one.weights)).toEqual([]);
  });

  test('logits equal PyTorch, as defined and as folded for deployment', async () => {
    const graph = new Graph();
    const images = graph.input('images', 'float32', one.images.shape);
    const logits = module.call(images, new InferenceContext(graph, module, one.weights));
    const feeds = { images: one.images };
    const plain = await runGraph(engine, new Map([['logits', logits]]), feeds);
    expectClose(plain.logits, one.logits, 1e-5, 'logits');
    const [folded] = foldConstants(graph, [logits]);
    const deployed = await runGraph(engine, new Map([['logits', folded]]), feeds, { device: 'portable' });
    expectClose(deployed.logits, one.logits, 1e-5, 'folded logits');
  });

  test("with the batch's statistics, logits, loss and gradients equal PyTorch", async () => {
    const graph = new Graph();
    const images = graph.input('images', 'float32', one.images.shape);
    const labels = graph.input('labels', 'int32', [one.labels.length]);
    const context = new TrainingContext(graph, module);
    const logits = module.call(images, context);
    const loss = crossEntropy(logits, F.oneHot(labels, one.config.classes));
    const names = [...context.parameters.keys()];
    const slopes = gradients(loss, [...context.parameters.values()]);
    const outputs = new Map([
      ['logits', logits],
      ['loss', loss],
      ...names.map((name, i) => [`d ${name}`, slopes[i]] as const),
    ]);
    const feeds: Record<string, Tensor> = {
      ...Object.fromEntries(one.weights),
      images: one.images,
      labels: { dtype: 'int32', shape: [one.labels.length], data: one.labels },
    };
    const found = await runGraph(engine, outputs, feeds);
    expectClose(found.logits, one.trainingLogits, 1e-4, 'logits');
    expectClose(found.loss, float32([one.loss], []), 1e-5, 'loss');
    if (one.gradients.size === 0) return;
    expect(names.sort()).toEqual([...one.gradients.keys()].sort());
    for (const [name, { norm, first }] of one.gradients) {
      // The batch norm takes the first convolution's bias out again: its gradient is zero but for rounding.
      const allowed = 5e-5 * norm + 1e-6;
      const values = floats(found[`d ${name}`]);
      expect(Math.abs(Math.hypot(...values) - norm), `norm of ${name}`).toBeLessThan(allowed);
      const { difference } = largestDifference(values.subarray(0, first.length), first);
      expect(difference, `first values of ${name}`).toBeLessThan(allowed);
    }
  });
});
