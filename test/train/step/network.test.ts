import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { createEngine } from '../../../src/engine/node/index.ts';
import { readModelCard } from '../../../src/models/card.ts';
import { randomStream } from '../../../src/random/random.ts';
import { loadCheckpoint } from '../../../src/run/checkpoint.ts';
import type { RunConfig } from '../../../src/run/config.ts';
import { openRun, runPaths } from '../../../src/run/run.ts';
import type { LabelledBatch } from '../../../src/train/step/learner.ts';
import { networkLearner } from '../../../src/train/step/network.ts';
import { train } from '../../../src/train/trainer.ts';
import type { BatchSource, TrainingData } from '../../../src/train/training-data.ts';
import { testEngine } from '../../support/engine.ts';
import { tinyConfig } from '../tiny-learner.ts';

const SIZE = 16;
const BATCH = 8;
const TRAIN = 28;
const TEST = 24;

let folder: string;
let engine: Engine;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-network-'));
  engine = await testEngine();
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A push-pull ResNet-18 as narrow as can be: the whole engine, in a second. */
function config(): RunConfig {
  const base = tinyConfig({
    epochs: 2,
    batchSize: BATCH,
    trainImages: TRAIN,
    testImages: TEST,
    maxRate: 0.1,
  });
  return {
    ...base,
    model: { ...base.model, width: 2, stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' } },
    preprocessing: { ...base.preprocessing, width: SIZE, height: SIZE },
  };
}

/** Noise with one bright channel, which is the class. */
function data(): TrainingData {
  const image = (split: string, index: number): { label: number; values: Float32Array } => {
    const random = randomStream(split, index);
    const label = index % 3;
    const values = random.fillNormal(new Float32Array(3 * SIZE * SIZE));
    for (let i = 0; i < SIZE * SIZE; i++) values[label * SIZE * SIZE + i] += 2;
    return { label, values };
  };
  const source = (split: string, order: number[], startBatch: number): BatchSource => ({
    badImages: [],
    async *[Symbol.asyncIterator](): AsyncGenerator<LabelledBatch> {
      for (let at = startBatch * BATCH; at < order.length; at += BATCH) {
        const samples = order.slice(at, at + BATCH).map((index) => image(split, index));
        const images = new Float32Array(samples.length * 3 * SIZE * SIZE);
        for (const [row, { values }] of samples.entries()) images.set(values, row * values.length);
        yield { images, labels: Int32Array.from(samples, ({ label }) => label), count: samples.length };
      }
    },
  });
  return {
    training: (epoch, start) => source('train', [...randomStream('order', epoch).permutation(TRAIN)], start),
    test: () =>
      source(
        'test',
        Array.from({ length: TEST }, (_, index) => index),
        0,
      ),
  };
}

async function run(name: string, stopAfter?: number, resume = false): Promise<void> {
  const learner = await networkLearner(engine, config());
  const stop = new AbortController();
  let steps = 0;
  try {
    await train({
      out: join(folder, name),
      config: config(),
      learner,
      data: data(),
      resume,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === 'step' && ++steps === stopAfter) stop.abort();
      },
    });
  } finally {
    await learner.dispose();
  }
}

it('a real network learns, and resumes in the middle of an epoch with the same bits', async () => {
  await run('straight');
  await run('stopped', 2);
  await run('stopped', 3, true);
  await run('stopped', undefined, true);
  const [straight, stopped] = await Promise.all(
    ['straight', 'stopped'].map((name) => loadCheckpoint(runPaths(join(folder, name)).checkpoint)),
  );
  expect(straight.state.position.step).toBe(8);
  expect(stopped.weights).toEqual(straight.weights);
  expect(stopped.momentum).toEqual(straight.momentum);
  expect(straight.weights.has('conv1.alpha')).toBe(true);
  expect(straight.weights.has('layer2.0.downsample.1.running_mean')).toBe(true);
  expect(straight.momentum.has('layer2.0.downsample.1.running_mean')).toBe(false);

  const { log, model } = await openRun(join(folder, 'straight'));
  expect(log[1].train.loss).toBeLessThan(log[0].train.loss);
  expect(readFileSync(runPaths(join(folder, 'stopped')).model).equals(readFileSync(model!))).toBe(true);
  const card = readModelCard(readFileSync(model!));
  expect(card).toMatchObject({
    classes: ['a', 'b', 'c'],
    model: { name: 'resnet18', variant: 'push-pull avg3', width: 2 },
    preprocessing: { width: SIZE, height: SIZE },
    training: { seed: 1, test: log[1].test },
  });
});

it('the exported model answers as the trainer evaluated it', async () => {
  const { log, model } = await openRun(join(folder, 'straight'));
  const onnx = await createEngine({ device: 'cpu', threads: 1 });
  const session = await onnx.loadModel(readFileSync(model!));
  let right = 0;
  for await (const { images, labels, count } of data().test()) {
    const { logits } = await session.run({
      images: { dtype: 'float32', shape: [count, 3, SIZE, SIZE], data: images },
    });
    for (let row = 0; row < count; row++) {
      const values = [...(logits.data as Float32Array).subarray(row * 3, row * 3 + 3)];
      if (values.indexOf(Math.max(...values)) === labels[row]) right++;
    }
  }
  await session.dispose();
  await onnx.close();
  expect(right / TEST).toBe(log[1].test.top1);
});
