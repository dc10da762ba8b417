/** The torch engine in bfloat16, held against PyTorch's autocast (test/fixtures/torch/make_steps.py). */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { floats } from '../../src/graph/tensor.ts';
import { createModel } from '../../src/models/registry.ts';
import { lowerToTorch } from '../../src/torch/lower/index.ts';
import type { Plan } from '../../src/torch/plan.ts';
import { compileTrainingStep, TrainingStep } from '../../src/train/step/step.ts';
import { torchHere } from '../support/torch.ts';
import { readTrainingCases } from '../support/torch-fixtures.ts';

interface Bfloat16Case {
  readonly name: string;
  readonly rate: number;
  readonly losses: readonly number[];
  readonly seeds: readonly (readonly number[])[];
}

const { bfloat16 } = JSON.parse(
  readFileSync(new URL('../fixtures/torch/steps.json', import.meta.url), 'utf8'),
) as { readonly bfloat16: readonly Bfloat16Case[] };

const WINDOW = 10;

/** Means over ten steps each. */
function smoothed(losses: readonly number[]): number[] {
  return Array.from({ length: losses.length / WINDOW }, (_, i) => {
    const own = losses.slice(i * WINDOW, (i + 1) * WINDOW);
    return own.reduce((a, b) => a + b, 0) / WINDOW;
  });
}

describe.skipIf(!(await torchHere()))('in bfloat16', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ engine: 'torch', device: 'cpu', threads: 2, precision: 'bfloat16' });
  });
  afterAll(() => engine.close());

  test.each(bfloat16)(
    "the losses of 100 steps stay within the spread of PyTorch's: $name",
    async (stored) => {
      const one = readTrainingCases().find(({ name }) => name === stored.name)!;
      const model = { ...createModel(one.config, 0), parameters: one.weights };
      const [{ images, labels }] = one.batches;
      const [, , height, width] = images.shape;
      const options = {
        batchSize: labels.length,
        weightDecay: one.weightDecay,
        imageSize: { height, width },
      };
      const step = await TrainingStep.create(engine, model, options);
      const losses: number[] = [];
      for (let i = 0; i < stored.losses.length; i++) {
        const batch = one.batches[i % one.batches.length];
        const own = { images: floats(batch.images), labels: batch.labels, count: batch.labels.length };
        losses.push((await step.run(own, { lr: stored.rate, momentum: 0.9 })).loss);
      }
      const { weights } = await step.readState();
      await step.dispose();
      // bfloat16 has 8 binary digits; the first loss is computed from the same weights.
      expect(Math.abs(losses[0] / stored.losses[0] - 1)).toBeLessThan(2 ** -8);
      const ours = smoothed(losses);
      const theirs = [stored.losses, ...stored.seeds].map(smoothed);
      for (const [i, loss] of ours.entries()) {
        const there = theirs.map((run) => run[i]);
        const [low, high] = [Math.min(...there), Math.max(...there)];
        // Six runs of theirs, of which the farthest seldom is as far as one can be.
        const room = (high - low) / 2 + 1e-3;
        expect(loss, `steps ${i * WINDOW} to ${(i + 1) * WINDOW}`).toBeGreaterThan(low - room);
        expect(loss, `steps ${i * WINDOW} to ${(i + 1) * WINDOW}`).toBeLessThan(high + room);
      }
      // Weights are kept in float32: not all of them are numbers of bfloat16.
      const kept = floats(weights.get('layer1.0.conv1.weight')!);
      const bits = new Uint32Array(kept.buffer, kept.byteOffset, kept.length);
      expect(bits.filter((word) => (word & 0xffff) !== 0).length).toBeGreaterThan(kept.length / 2);
    },
  );

  test('convolutions run in bfloat16; what is kept, lost and moved in float32', () => {
    const [one] = readTrainingCases();
    const model = createModel(one.config, 0);
    const { outputs, bindings } = compileTrainingStep(model, { batchSize: 4, weightDecay: 0 });
    const plan = lowerToTorch(outputs, {
      target: { device: 'cpu', precision: 'bfloat16' },
      name: 'step',
      bindings,
    });
    const convolutions = plan.calls.filter(({ op }) => op === 'convolution');
    const half = castTo(plan, 'bfloat16');
    expect(convolutions.length).toBe(20);
    // The weight of each is cast; its image is, or comes from a batch norm of one that was.
    for (const { args } of convolutions) expect(half.has((args[1] as { slot: number }).slot)).toBe(true);
    for (const op of ['_log_softmax', '_fused_sgd_']) {
      const call = plan.calls.find((each) => each.op === op)!;
      const read = call.args.flatMap((arg) =>
        arg.kind === 'tensors' ? arg.slots : arg.kind === 'tensor' ? [arg.slot] : [],
      );
      expect(read.filter((slot) => half.has(slot))).toEqual([]);
    }
  });
});

/** Slots that are cast to a type. */
function castTo({ calls, preparation }: Plan, dtype: string): Set<number> {
  const casts = [...preparation, ...calls].filter(
    ({ op, args }) => op === 'to.dtype' && (args[1] as { value: string }).value === dtype,
  );
  return new Set(casts.flatMap(({ results }) => results.filter((slot) => slot !== undefined)));
}
