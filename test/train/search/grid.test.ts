import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { checkPlan, extendPlan, type TrialPlan, trialsOf } from '../../../src/train/search/grid.ts';

const PLAN: TrialPlan = {
  grid: { maxRate: [0.2, 0.05], weightDecay: [1e-5, 0], batchSize: [64, 128] },
  seeds: [0],
  trials: null,
};

const names = (plan: TrialPlan, selectionSeed = 0) => trialsOf(plan, selectionSeed).map(({ name }) => name);

describe('the trials of a grid', () => {
  it('come in a fixed order, the whole grid with one seed before the next', () => {
    expect(names(PLAN)).toEqual([
      'lr0.2-wd1e-5-b64-s0',
      'lr0.2-wd1e-5-b128-s0',
      'lr0.2-wd0-b64-s0',
      'lr0.2-wd0-b128-s0',
      'lr0.05-wd1e-5-b64-s0',
      'lr0.05-wd1e-5-b128-s0',
      'lr0.05-wd0-b64-s0',
      'lr0.05-wd0-b128-s0',
    ]);
    const two = names({ ...PLAN, seeds: [4, 2] });
    expect(two.slice(0, 8)).toEqual(names({ ...PLAN, seeds: [4] }));
    expect(two.slice(8)).toEqual(names({ ...PLAN, seeds: [2] }));
  });

  it('can be a seeded selection, which a larger one holds', () => {
    const three = names({ ...PLAN, trials: 3 });
    expect(three).toHaveLength(3);
    expect(three).toEqual(names(PLAN).filter((name) => three.includes(name)));
    expect(names({ ...PLAN, trials: 3 })).toEqual(three);
    expect(names({ ...PLAN, trials: 6 })).toEqual(expect.arrayContaining(three));
    expect(names({ ...PLAN, trials: 99 })).toEqual(names(PLAN));
    const others = [1, 2, 3, 4].map((seed) => names({ ...PLAN, trials: 3 }, seed).join());
    expect(others.some((other) => other !== three.join())).toBe(true);
  });
});

describe('a plan that goes on', () => {
  it('takes what is left out from the old one', () => {
    expect(extendPlan(PLAN, {})).toEqual(PLAN);
    const { grid, seeds } = extendPlan(PLAN, { grid: { maxRate: [0.01, 0.05, 0.2] }, seeds: [1, 0] });
    expect(grid).toEqual({ ...PLAN.grid, maxRate: [0.01, 0.05, 0.2] });
    expect(seeds).toEqual([1, 0]);
  });

  it('may grow a selection, but not change the grid that it is drawn from', () => {
    const drawn = { ...PLAN, trials: 3 };
    expect(extendPlan(drawn, {}).trials).toBe(3);
    expect(extendPlan(drawn, { trials: 5, seeds: [0, 1] })).toMatchObject({ trials: 5, seeds: [0, 1] });
    expect(() => extendPlan(drawn, { trials: 2 })).toThrow(
      /^--trials: the search tries 3 settings .* not fewer/,
    );
    expect(() => extendPlan(PLAN, { trials: 7 })).toThrow(/^--trials: the search tries all 8 settings/);
    expect(() => extendPlan(drawn, { grid: { batchSize: [32, 64, 128] } })).toThrow(
      '--trials: the search tries 3 settings drawn from a grid of 8, which cannot be drawn from a larger one.',
    );
  });

  it('leaves no value out', () => {
    expect(() => extendPlan(PLAN, { grid: { weightDecay: [1e-4, 0] } })).toThrow(
      '--weight-decay 1e-4,0: the search was begun with 1e-5,0; values may be added when it goes on, ' +
        'but 1e-5 cannot be left out. Give all, or search in another folder',
    );
    expect(() => extendPlan({ ...PLAN, seeds: [0, 1] }, { seeds: [2] })).toThrow(
      /^--seeds 2: .* but 0,1 cannot/,
    );
  });
});

it.each([
  [{ maxRate: [0] }, {}, '--lr: expected numbers above 0, found 0'],
  [{ maxRate: [] }, {}, '--lr: expected numbers above 0, found none'],
  [{ weightDecay: [1e-5, -1] }, {}, '--weight-decay: expected numbers, 0 or more, found -1'],
  [{ batchSize: [8, 1.5] }, {}, '--batch: expected whole numbers, 1 or more, found 1.5'],
  [{ maxRate: [0.1, 0.2, 0.1] }, {}, '--lr: expected different values, found 0.1 twice'],
  [{}, { seeds: [1, 1] }, '--seeds: expected different values, found 1 twice'],
  [{}, { seeds: [-1] }, '--seeds: expected whole numbers, 0 or more, found -1'],
  [{}, { trials: 0 }, '--trials: expected a whole number, 1 or more, found 0'],
])('%j %j is refused', (grid, more, message) => {
  const check = () => checkPlan({ ...PLAN, ...more, grid: { ...PLAN.grid, ...grid } });
  expect(check).toThrow(UserError);
  expect(check).toThrow(message);
});
