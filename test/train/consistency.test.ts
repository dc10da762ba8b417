import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import { float32, floats, int32 } from '../../src/graph/tensor.ts';
import { createModel } from '../../src/models/registry.ts';
import { randomStream } from '../../src/random/random.ts';
import { crossEntropy, jensenShannon } from '../../src/train/step/losses.ts';
import { TrainingStep } from '../../src/train/step/step.ts';
import { testEngine } from '../support/engine.ts';
import { runGraph } from '../support/run-graph.ts';

/** By PyTorch: test/fixtures/train/make_consistency.py */
const { weight, cases } = JSON.parse(
  readFileSync(new URL('../fixtures/train/consistency.json', import.meta.url), 'utf8'),
) as {
  weight: number;
  cases: {
    name: string;
    shape: [number, number, number];
    logits: number[];
    labels: number[];
    entropy: number;
    divergence: number;
    loss: number;
    gradient: number[];
  }[];
};

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

describe("AugMix's loss is PyTorch's", () => {
  it.each(cases)('$name', async ({ shape: [views, n, classes], ...expected }) => {
    const graph = new Graph();
    const logits = graph.input('logits', 'float32', [views * n, classes]);
    const each = [0, 1, 2].map((view) => F.slice(logits, 0, view * n, (view + 1) * n));
    const targets = F.oneHot(graph.input('labels', 'int32', [n]), classes);
    const divergence = jensenShannon(each);
    const loss = F.add(crossEntropy(each[0], targets), F.mul(divergence, F.constant(logits, weight)));
    const [gradient] = gradients(loss, [logits]);
    const results = await runGraph(engine, new Map(Object.entries({ divergence, loss, gradient })), {
      logits: float32(expected.logits, [views * n, classes]),
      labels: int32(expected.labels, [n]),
    });
    const close = (name: string, wanted: number) =>
      expect(Math.abs(floats(results[name])[0] - wanted), name).toBeLessThan(1e-6 + 2e-6 * Math.abs(wanted));
    close('divergence', expected.divergence);
    close('loss', expected.loss);
    floats(results.gradient).forEach((value, i) => {
      expect(Math.abs(value - expected.gradient[i]), `gradient ${i}`).toBeLessThan(2e-6);
    });
  });
});

describe('a training step with the consistency loss', () => {
  const model = createModel(
    { model: 'resnet18', form: 'cifar', width: 4, classes: 3, stem: { kind: 'pushpull', avg: 3, alpha: 1 } },
    1,
  );
  const side = 8;
  const count = 4;
  const labels = Int32Array.of(0, 1, 2, 1);
  const view = (name: string) => randomStream(name).fillNormal(new Float32Array(count * 3 * side * side));
  const together = (...views: Float32Array[]) => Float32Array.from(views.flatMap((values) => [...values]));

  async function run(images: Float32Array, jsd: number | undefined) {
    const imageSize = { height: side, width: side };
    const step = await TrainingStep.create(engine, model, {
      batchSize: count,
      weightDecay: 0,
      imageSize,
      jsd,
    });
    try {
      const result = await step.run({ images, labels, count }, { lr: 0.1, momentum: 0 });
      const { weights } = await step.readState();
      return { result, weights };
    } finally {
      await step.dispose();
    }
  }

  it('normalises over all views, counts the clean ones, and adds nothing where all views are the same', async () => {
    const clean = view('clean');
    const alike = await run(together(clean, clean, clean), 12);
    const alone = await run(clean, undefined);
    // Each image three times has the same mean and variance as once, but for Bessel's correction of what is stored.
    expect(alike.result.loss).toBeCloseTo(alone.result.loss, 5);
    expect(alike.result.top1).toBe(alone.result.top1);
    const weight = (of: typeof alike) => floats(of.weights.get('fc.weight')!);
    expect(Math.max(...weight(alike).map((value, i) => Math.abs(value - weight(alone)[i])))).toBeLessThan(
      1e-5,
    );
  });

  it('grows by the divergence times the weight where views differ', async () => {
    const images = together(view('clean'), view('first'), view('second'));
    const [none, one, twelve] = await Promise.all([1e-9, 1, 12].map(async (jsd) => await run(images, jsd)));
    const divergence = one.result.loss - none.result.loss;
    expect(divergence).toBeGreaterThan(1e-4);
    expect(twelve.result.loss - none.result.loss).toBeCloseTo(12 * divergence, 4);
    expect(twelve.result.top1).toBe(none.result.top1);
    expect(floats(twelve.weights.get('conv1.weight')!)).not.toEqual(
      floats(none.weights.get('conv1.weight')!),
    );
  });
});
