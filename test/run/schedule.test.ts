import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OneCycle } from '../../src/run/schedule.ts';

interface Run {
  total: number;
  initial: number;
  max: number;
  end: number;
  cycle: boolean;
  lr: number[];
  momentum: number[];
}

const runs: Run[] = JSON.parse(
  readFileSync(new URL('../fixtures/train/onecycle.json', import.meta.url), 'utf8'),
);

describe('OneCycle', () => {
  it.each(runs)('follows PyTorch: $total steps to $max, cycling momentum: $cycle', (run) => {
    const schedule = new OneCycle(run.total, run, run.cycle ? 'cycle' : 0.9);
    for (let step = 0; step < run.total; step++) {
      const { lr, momentum } = schedule.at(step);
      expect(Math.abs(lr / run.lr[step] - 1), `lr of step ${step}`).toBeLessThan(1e-9);
      expect(Math.abs(momentum / run.momentum[step] - 1), `momentum of step ${step}`).toBeLessThan(1e-9);
    }
  });

  it('ends at the end rate, not at the initial one divided again', () => {
    expect(new OneCycle(23_460, { initial: 5e-3, max: 0.2, end: 5e-6 }).at(23_459).lr).toBeCloseTo(5e-6, 12);
  });

  it('refuses steps outside the run and runs without steps', () => {
    const schedule = new OneCycle(10, { initial: 1, max: 2, end: 0.1 });
    expect(() => schedule.at(10)).toThrow(/outside the schedule's 0\.\.9/);
    expect(() => schedule.at(-1)).toThrow(RangeError);
    expect(() => new OneCycle(0, schedule.rates)).toThrow(/positive whole number/);
  });
});
