import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import * as F from '../../../src/graph/functional.ts';
import { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import { float32, floats } from '../../../src/graph/tensor.ts';
import { createModel } from '../../../src/models/registry.ts';
import { TrainingStep } from '../../../src/train/step/step.ts';
import { expectClose } from '../../support/close.ts';
import { ENGINE_UNDER_TEST, testEngine } from '../../support/engine.ts';
import { runGraph } from '../../support/run-graph.ts';
import { readSgdCases, readTrainingCases } from '../../support/torch-fixtures.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine({ threads: 2 });
});
afterAll(() => engine.close());

interface ChannelsLast {
  readonly name: string;
  readonly losses: readonly number[];
  readonly wayOff: number;
  readonly stateOff: number;
}

/**
 * PyTorch's float32 losses of a case with the channels innermost, and how far the way of a parameter and a number of the
 * state are off at most (test/fixtures/torch/make_steps.py).
 */
function readChannelsLast(name: string): ChannelsLast {
  const file = new URL('../../fixtures/torch/steps.json', import.meta.url);
  const { channelsLast } = JSON.parse(readFileSync(file, 'utf8')) as {
    channelsLast: ChannelsLast[];
  };
  return channelsLast.find((one) => one.name === name)!;
}

describe('ten training steps follow PyTorch', () => {
  const training = readTrainingCases();
  test.each(training.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const model = { ...createModel(one.config, 0), parameters: one.weights };
    const [{ images, labels }] = one.batches;
    const [, , height, width] = images.shape;
    const step = await TrainingStep.create(engine, model, {
      batchSize: labels.length,
      weightDecay: one.weightDecay,
      imageSize: { height, width },
    });
    const losses: number[] = [];
    for (const [i, lr] of one.rates.entries()) {
      const batch = one.batches[i % one.batches.length];
      const { loss } = await step.run(
        { images: floats(batch.images), labels: batch.labels, count: batch.labels.length },
        { lr, momentum: one.momentum },
      );
      losses.push(loss);
    }
    const { weights } = await step.readState();
    await step.dispose();
    // A ReLU next to zero may fall to the other side in float32; so far PyTorch's own float32 is off its float64, in the
    // layout of images that the engine has.
    const channelsLast = ENGINE_UNDER_TEST === 'torch' ? readChannelsLast(one.name) : undefined;
    const own = channelsLast?.losses ?? one.float32Losses;
    const float32 = Math.max(...one.losses.map((loss, i) => Math.abs(loss - own[i])));
    for (const [i, loss] of losses.entries()) {
      expect(Math.abs(loss - one.losses[i]), `loss of step ${i}`).toBeLessThan(Math.max(2e-5, 1.5 * float32));
    }
    const allowed = Math.max(float32 > 1e-4 ? 0.05 : 0.02, 1.5 * (channelsLast?.wayOff ?? 0));
    for (const [name, after] of one.after) {
      expectClose(weights.get(name)!, after, Math.max(1e-3, 1.5 * (channelsLast?.stateOff ?? 0)), name);
      const [start, end, ours] = [one.weights.get(name)!, after, weights.get(name)!].map(floats);
      // The way each tensor went, not only where it is: small rates leave it near its start.
      const way = Math.hypot(...end.map((value, i) => value - start[i]));
      const off = Math.hypot(...end.map((value, i) => value - ours[i]));
      // The first convolution's bias moves by rounding only, since the batch norm takes it out again.
      expect(off, `way of ${name}, ${way} long`).toBeLessThan(allowed * way + 1e-6);
    }
  });
});

describe("SGD is PyTorch's", () => {
  test.each(readSgdCases().map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const [steps, size] = one.gradients.shape;
    const graph = new Graph();
    const input = (name: string, shape: readonly number[]) => graph.input(name, 'float32', shape);
    const rates = { learningRate: input('learningRate', []), momentum: input('momentum', []) };
    const [p, g, v] = ['p', 'g', 'v'].map((name) => input(name, [size]));
    const next = F.sgd(p, g, v, rates, one.weightDecay);
    let state: Record<string, Tensor> = {
      parameter: one.start,
      velocity: float32(new Float32Array(size), [size]),
    };
    const row = (of: Tensor, step: number): Tensor =>
      float32(floats(of).subarray(step * size, (step + 1) * size), [size]);
    for (let step = 0; step < steps; step++) {
      state = await runGraph(engine, new Map(Object.entries(next)), {
        p: state.parameter,
        v: state.velocity,
        g: row(one.gradients, step),
        learningRate: float32([one.rates[step]], []),
        momentum: float32([one.momenta[step]], []),
      });
      expectClose(state.parameter, row(one.parameters, step), 1e-6, `parameter after step ${step}`);
    }
  });
});
