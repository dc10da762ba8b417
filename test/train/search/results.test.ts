import { describe, expect, it } from 'vitest';
import { rank, type TrialResult } from '../../../src/train/search/results.ts';

/** A trial of 100 validation images, `right` of them answered rightly; diverged when undefined. */
function trial(maxRate: number, seed: number, right: number | undefined, loss = 1): TrialResult {
  const scores = { loss, top1: (right ?? 0) / 100, top5: 1, images: 100 };
  return {
    name: `lr${maxRate}-s${seed}`,
    maxRate,
    weightDecay: 0,
    batchSize: 64,
    seed,
    epochs: right === undefined ? 0 : 2,
    seconds: 10 * (seed + 1),
    outcome:
      right === undefined
        ? { status: 'diverged', epoch: 1, step: 3, reason: 'the training loss became NaN' }
        : { status: 'finished', train: { ...scores, loss: loss / 2 }, validation: scores },
  };
}

describe('the ranking', () => {
  it('is by the mean error over the seeds, then by loss, then by the order of the grid', () => {
    const results = [
      trial(0.4, 0, 60, 2),
      trial(0.3, 0, 70),
      trial(0.2, 0, 60, 1),
      trial(0.1, 0, 60, 2),
      trial(0.4, 1, 60, 2),
      trial(0.3, 1, 40),
      trial(0.2, 1, 60, 1),
      trial(0.1, 1, 60, 2),
    ];
    expect(rank(results).map(({ maxRate }) => maxRate)).toEqual([0.2, 0.4, 0.1, 0.3]);
  });

  it('gives means and the deviation of a single run', () => {
    const [one] = rank([trial(0.1, 0, 70, 1)]);
    expect(one.scores?.error.mean).toBeCloseTo(0.3, 12);
    expect(one.scores?.error.deviation).toBeNull();
    const [three] = rank([trial(0.1, 0, 70, 1), trial(0.1, 1, 60, 2), trial(0.1, 2, 50, 6)]);
    expect(three).toMatchObject({ seeds: 3, diverged: 0, seconds: 20 });
    expect(three.scores?.error.mean).toBeCloseTo(0.4, 12);
    expect(three.scores?.error.deviation).toBeCloseTo(0.1, 12);
    expect(three.scores?.loss).toEqual({ mean: 3, deviation: Math.sqrt(7) });
    expect(three.scores?.trainLoss.mean).toBe(1.5);
    expect(three.scores?.top5Error).toEqual({ mean: 0, deviation: 0 });
  });

  it('puts settings last that cannot be relied on', () => {
    const results = [
      trial(0.9, 0, undefined),
      trial(0.9, 1, undefined),
      trial(0.5, 0, 99),
      trial(0.5, 1, undefined),
    ];
    const ranking = rank([...results, trial(0.1, 0, 20), trial(0.1, 1, 20)]);
    expect(ranking.map(({ maxRate, seeds, diverged }) => [maxRate, seeds, diverged])).toEqual([
      [0.1, 2, 0],
      [0.5, 2, 1],
      [0.9, 2, 2],
    ]);
    expect(ranking[1].scores?.error.mean).toBeCloseTo(0.01, 12);
    expect(ranking[2].scores).toBeNull();
  });
});
