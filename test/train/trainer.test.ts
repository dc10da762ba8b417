import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { loadCheckpoint } from '../../src/run/checkpoint.ts';
import { outsideStep } from '../../src/run/history.ts';
import { openRun, runPaths } from '../../src/run/run.ts';
import { OneCycle } from '../../src/run/schedule.ts';
import { train } from '../../src/train/trainer.ts';
import type { TrainingEvent, TrainOptions } from '../../src/train/training.ts';
import { tinyConfig, tinyData, tinyLearner } from './tiny-learner.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-trainer-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function options(name: string, more: Partial<TrainOptions> = {}): TrainOptions {
  const config = more.config ?? tinyConfig();
  const images = { train: config.data.trainImages, test: config.data.testImages };
  return {
    out: join(folder, name),
    config,
    learner: tinyLearner(),
    data: tinyData(images, config.recipe.batchSize),
    ...more,
  };
}

/** Trains until `steps` optimiser steps are done in all, as a person who presses Ctrl-C does. */
async function trainUntil(steps: number, base: TrainOptions): Promise<void> {
  const stop = new AbortController();
  let position = 0;
  const result = await train({
    ...base,
    signal: stop.signal,
    onEvent(event) {
      if (event.kind === 'start') position = event.position.step;
      if (event.kind === 'step' && ++position === steps) stop.abort();
    },
  });
  expect(result.status).toBe('interrupted');
  expect(result.position.step).toBe(steps);
}

describe('a run', () => {
  it('learns, logs a line an epoch, saves its settings and exports the model', async () => {
    const config = tinyConfig({ epochs: 3 });
    const events: TrainingEvent[] = [];
    const result = await train(options('run', { config, onEvent: (event) => events.push(event) }));
    expect(result.status).toBe('finished');

    const run = await openRun(join(folder, 'run'));
    expect(run.config).toEqual(config);
    expect(run.log).toEqual(result.log);
    expect(run.log.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 7],
      [2, 14],
      [3, 21],
    ]);
    for (const record of run.log) {
      expect(record.train.images).toBe(100);
      expect(record.test.images).toBe(40);
      expect(record.seconds.step + record.seconds.data).toBeLessThanOrEqual(
        record.seconds.train * (1 + 1e-9),
      );
      expect(outsideStep(record.seconds).javascript).toBeGreaterThanOrEqual(-1e-9);
    }
    expect(run.log[2].train.loss).toBeLessThan(run.log[0].train.loss);
    expect(run.log[2].test.top1).toBeGreaterThan(0.6);
    expect(run.log[2].learningRate).toBe(new OneCycle(21, config.recipe.rates).at(20).lr);

    const model = JSON.parse(readFileSync(run.model!, 'utf8'));
    expect(model.weights).toEqual([
      ...(await loadCheckpoint(run.checkpoint!)).weights.get('fc.weight')!.data,
    ]);
    expect(model.training).toMatchObject({ seed: 1, preset: 'small', test: run.log[2].test });

    expect(events.filter(({ kind }) => kind === 'step')).toHaveLength(21);
    expect(events.filter(({ kind }) => kind === 'epoch')).toHaveLength(3);
    expect(events.at(-1)?.kind).toBe('finished');
  });

  it('keeps the last partial batch', async () => {
    const sizes: number[] = [];
    const learner = tinyLearner();
    const step: typeof learner.step = (batch, rates) => {
      sizes.push(batch.count);
      return learner.step(batch, rates);
    };
    await train(options('run', { config: tinyConfig({ epochs: 1 }), learner: { ...learner, step } }));
    expect(sizes).toEqual([16, 16, 16, 16, 16, 16, 4]);
  });

  it('leaves unreadable images out and counts them, even a whole batch of them', async () => {
    const config = tinyConfig({ epochs: 1, batchSize: 1, trainImages: 20 });
    const bad: string[] = [];
    const result = await train(
      options('run', {
        config,
        data: tinyData({ train: 20, test: 40 }, 1, [3, 7]),
        onEvent: (event) => event.kind === 'badImage' && bad.push(event.path),
      }),
    );
    expect(bad.sort()).toEqual(['3.jpg', '7.jpg']);
    expect(result.log[0]).toMatchObject({ badImages: 2, step: 20, train: { images: 18 } });
  });

  it('does not write over another run', async () => {
    await train(options('run'));
    await expect(train(options('run'))).rejects.toThrow(/already holds a training run.*--resume/);
  });

  it('names the folder that cannot be made', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(train(options('file/run'))).rejects.toThrow(
      /^--out .*file\/run: .*a part of its path is a file/,
    );
  });
});

describe('resuming', () => {
  /** Everything that must not depend on interruptions: weights, velocity, scores. */
  async function outcome(name: string) {
    const path = runPaths(join(folder, name));
    const { weights, momentum, state } = await loadCheckpoint(path.checkpoint);
    const scores = state.history.map(({ seconds, imagesPerSecond, ...rest }) => rest);
    return { weights, momentum, scores, position: state.position };
  }

  // 14 steps in all: in the first epoch, at its end (before the evaluation), in the second, and several times.
  it.each([[[1]], [[7]], [[10]], [[3, 7, 8, 13]]])(
    'after steps %j ends with the same bits',
    async (stops) => {
      await train(options('straight'));
      let resume = false;
      for (const steps of stops) {
        await trainUntil(steps, options('stopped', { resume }));
        resume = true;
      }
      const result = await train(options('stopped', { resume: true }));
      expect(result.status).toBe('finished');
      expect(await outcome('stopped')).toEqual(await outcome('straight'));
      const [straight, stopped] = await Promise.all(
        ['straight', 'stopped'].map((name) => openRun(join(folder, name))),
      );
      expect(stopped.log.map(({ train: scores }) => scores)).toEqual(
        straight.log.map(({ train: scores }) => scores),
      );
      expect(JSON.parse(readFileSync(stopped.model!, 'utf8')).weights).toEqual(
        JSON.parse(readFileSync(straight.model!, 'utf8')).weights,
      );
    },
  );

  it('after Ctrl-C during the evaluation does the evaluation again', async () => {
    await train(options('straight'));
    const stop = new AbortController();
    const onEvent = (event: TrainingEvent) => event.kind === 'evaluate' && stop.abort();
    const result = await train(options('stopped', { signal: stop.signal, onEvent }));
    expect(result).toMatchObject({
      status: 'interrupted',
      position: { epoch: 0, batch: 7, step: 7 },
      log: [],
    });
    await train(options('stopped', { resume: true }));
    expect(await outcome('stopped')).toEqual(await outcome('straight'));
  });

  it('a finished run changes nothing', async () => {
    await train(options('run'));
    const before = await outcome('run');
    await train(options('run', { resume: true }));
    expect(await outcome('run')).toEqual(before);
  });

  it('mends a log that a crash cut off', async () => {
    const config = tinyConfig({ epochs: 3 });
    await trainUntil(15, options('run', { config }));
    const { log } = runPaths(join(folder, 'run'));
    const whole = readFileSync(log, 'utf8');
    truncateSync(log, whole.length - 40);
    expect((await openRun(join(folder, 'run'))).log).toHaveLength(1);
    await trainUntil(16, options('run', { config, resume: true }));
    expect(readFileSync(log, 'utf8')).toBe(whole);
  });

  it('says what is missing or does not fit', async () => {
    await expect(train(options('none', { resume: true }))).rejects.toThrow(
      /expected a checkpoint, but there is none/,
    );
    await trainUntil(3, options('run'));
    const longer = options('run', { resume: true, config: tinyConfig({ epochs: 5 }) });
    await expect(train(longer)).rejects.toThrow(
      /a run of 14 steps with seed 1, config.json describes one of 35 steps/,
    );
    const learner = tinyLearner();
    const shapes = { ...learner.shapes, weights: new Map([['fc.weight', { shape: [3, 9] }]]) };
    await expect(train(options('run', { resume: true, learner: { ...learner, shapes } }))).rejects.toThrow(
      /weights\.safetensors: expected 'fc\.weight' with shape \[3, 9\], found \[3, 6\]\. It belongs to another network/,
    );
  });
});

describe('checkpoints within an epoch', () => {
  /** Minutes that have always passed. */
  const ALWAYS = 1e-12;

  it('hold the run as it was when they were begun, and going on from any of them ends with the same bits', async () => {
    await train(options('straight'));
    const straight = await loadCheckpoint(runPaths(join(folder, 'straight')).checkpoint);
    const steps: number[] = [];
    const copies: string[] = [];
    const onEvent = (event: TrainingEvent) => {
      if (event.kind !== 'checkpoint') return;
      steps.push(event.position.step);
      // As a process that is killed now would leave it.
      const copy = `killed-${event.position.epoch}-${event.position.batch}`;
      cpSync(join(folder, 'run'), join(folder, copy), { recursive: true });
      copies.push(copy);
    };
    const learner = tinyLearner();
    // Long enough for a disk to take some of them in.
    const step: typeof learner.step = async (batch, rates) => {
      await new Promise((resolve) => setTimeout(resolve, 15));
      return learner.step(batch, rates);
    };
    await train(options('run', { checkpointEvery: ALWAYS, onEvent, learner: { ...learner, step } }));
    expect(new Set(steps).size).toBeGreaterThan(2);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    for (const copy of new Set(copies)) {
      await train(options(copy, { resume: true }));
      const { weights, momentum, state } = await loadCheckpoint(runPaths(join(folder, copy)).checkpoint);
      expect(weights, copy).toEqual(straight.weights);
      expect(momentum, copy).toEqual(straight.momentum);
      expect(state.history.map(({ train: scores, test }) => [scores, test])).toEqual(
        straight.state.history.map(({ train: scores, test }) => [scores, test]),
      );
    }
  });

  it('are not written where nobody wants them', async () => {
    const steps: number[] = [];
    const onEvent = (event: TrainingEvent) => event.kind === 'checkpoint' && steps.push(event.position.step);
    await train(options('run', { checkpointEvery: 0, onEvent }));
    expect(steps).toEqual([7, 14]);
  });

  it('that cannot be written are told, and training goes on', async () => {
    const reasons: string[] = [];
    const inTheWay = join(folder, 'run', 'checkpoints');
    const onEvent = (event: TrainingEvent) => {
      if (event.kind === 'start') writeFileSync(inTheWay, '');
      if (event.kind !== 'checkpointFailed') return;
      reasons.push(event.reason);
      // What is written at the end of the epoch finds room again.
      rmSync(inTheWay, { recursive: true, force: true });
    };
    const result = await train(options('run', { checkpointEvery: ALWAYS, onEvent }));
    expect(result.status).toBe('finished');
    expect(reasons[0]).toMatch(
      /checkpoints\/last: the checkpoint could not be written .*The one before is untouched/,
    );
  });
});

describe('divergence', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'a loss of %d stops at its step and keeps the checkpoint',
    async (value) => {
      const learner = tinyLearner({ lossAt: (step) => (step === 10 ? value : undefined) });
      const failed = train(options('run', { learner }));
      await expect(failed).rejects.toThrow(UserError);
      await expect(failed).rejects.toThrow(
        new RegExp(
          `loss became ${value} at step 10 \\(epoch 2, batch 3 of 7, learning rate 0\\.0.*last good checkpoint.*--max-lr`,
        ),
      );
      const { state, weights } = await loadCheckpoint(runPaths(join(folder, 'run')).checkpoint);
      expect(state.position).toEqual({ epoch: 1, batch: 0, step: 7 });
      expect([...weights.get('fc.weight')!.data].every((x) => Number.isFinite(Number(x)))).toBe(true);
      expect(existsSync(runPaths(join(folder, 'run')).model)).toBe(false);
    },
  );

  it('in the first epoch says that there is no checkpoint', async () => {
    const learner = tinyLearner({ lossAt: () => Number.NaN });
    await expect(train(options('run', { learner }))).rejects.toThrow(
      /at step 1 .*There was no checkpoint yet/,
    );
  });

  it('of the weights alone is found before they are saved', async () => {
    const learner = tinyLearner();
    const state: typeof learner.state = async () => {
      const good = await learner.state();
      (good.weights.get('fc.weight')!.data as Float32Array)[4] = Number.NaN;
      return good;
    };
    await expect(train(options('run', { learner: { ...learner, state } }))).rejects.toThrow(
      /'fc\.weight' holds values that are no finite numbers at step 7/,
    );
    expect(existsSync(runPaths(join(folder, 'run')).checkpoint)).toBe(false);
  });
});
