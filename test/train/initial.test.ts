import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCheckpoint } from '../../src/run/checkpoint.ts';
import type { RunConfig } from '../../src/run/config.ts';
import { openRun, runPaths } from '../../src/run/run.ts';
import { train } from '../../src/train/trainer.ts';
import type { TrainingEvent, TrainOptions } from '../../src/train/training.ts';
import { tinyConfig, tinyData, tinyLearner } from './tiny-learner.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-initial-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config = (reestimateBatches: number): RunConfig => ({
  ...tinyConfig(),
  initial: { file: '/weights.pth', sha256: 'f0', notes: [], newClassifier: false, reestimateBatches },
});

function options(name: string, settings: RunConfig, more: Partial<TrainOptions> = {}): TrainOptions {
  const data = tinyData({ train: 100, test: 40 }, settings.recipe.batchSize);
  return { out: join(folder, name), config: settings, learner: tinyLearner(), data, ...more };
}

async function finalWeights(name: string) {
  return (await loadCheckpoint(runPaths(join(folder, name)).checkpoint)).weights;
}

describe('a run that starts from given weights', () => {
  it('scores them, measures batch norms anew, scores them again, then trains', async () => {
    const events: TrainingEvent[] = [];
    await train(options('run', config(3), { onEvent: (event) => events.push(event) }));
    const before = events.slice(
      0,
      events.findIndex(({ kind }) => kind === 'step'),
    );
    const told = before.map((event) =>
      event.kind === 'reestimate'
        ? `${event.batch}/${event.batches}`
        : event.kind === 'initial'
          ? event.stage
          : event.kind === 'evaluate'
            ? `evaluate ${event.epoch}`
            : event.kind,
    );
    expect([...new Set(told)]).toEqual([
      'start',
      'evaluate 0',
      'loaded',
      '0/3',
      '1/3',
      '2/3',
      '3/3',
      'reestimated',
    ]);
    const scores = before.flatMap((event) => (event.kind === 'initial' ? [event.scores] : []));
    expect(scores.map(({ images }) => images)).toEqual([40, 40]);
    expect(scores[1].loss).not.toBe(scores[0].loss);
    expect((await openRun(join(folder, 'run'))).config).toEqual(config(3));
  });

  it('does not measure anew where that is not asked for', async () => {
    const kinds = new Set<string>();
    await train(options('run', config(0), { onEvent: ({ kind }) => kinds.add(kind) }));
    expect([kinds.has('initial'), kinds.has('reestimate')]).toEqual([true, false]);
  });

  it.each([
    ['while the weights are scored', (event: TrainingEvent) => event.kind === 'evaluate'],
    [
      'while batch norms are measured',
      (event: TrainingEvent) => event.kind === 'reestimate' && event.batch === 2,
    ],
    ['at the end of it', (event: TrainingEvent) => event.kind === 'initial' && event.stage === 'reestimated'],
  ])('and is stopped %s ends with the same bits when it is resumed', async (_, when) => {
    await train(options('straight', config(3)));
    const stop = new AbortController();
    const onEvent = (event: TrainingEvent) => when(event) && stop.abort();
    const stopped = await train(options('stopped', config(3), { signal: stop.signal, onEvent }));
    expect(stopped.status).toBe('interrupted');
    expect(existsSync(runPaths(join(folder, 'stopped')).model)).toBe(false);
    const resumed = await train(options('stopped', config(3), { resume: true }));
    expect(resumed.status).toBe('finished');
    expect(await finalWeights('stopped')).toEqual(await finalWeights('straight'));
  });

  it('differs from one that starts from the seed', async () => {
    await train(options('given', config(3)));
    await train(options('seeded', tinyConfig()));
    expect(await finalWeights('given')).not.toEqual(await finalWeights('seeded'));
  });
});
