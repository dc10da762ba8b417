import { UserError } from '../../errors.ts';
import { randomStream } from '../../random/random.ts';
import { exact } from '../../run/command.ts';

/** Values to be tried; every combination of them is a setting. */
export interface SearchGrid {
  /** Peaks of the learning rate. */
  readonly maxRate: readonly number[];
  readonly weightDecay: readonly number[];
  /** Images a step. */
  readonly batchSize: readonly number[];
}

/** One point of the grid. */
export interface Setting {
  readonly maxRate: number;
  readonly weightDecay: number;
  readonly batchSize: number;
}

/** A setting, trained with one seed. */
export interface Trial extends Setting {
  readonly seed: number;
  /** Its folder: `lr0.2-wd1e-5-b64-s0`. */
  readonly name: string;
}

/** Which trials belong to a search. */
export interface TrialPlan {
  readonly grid: SearchGrid;
  readonly seeds: readonly number[];
  /** So many settings of the grid, drawn by `selectionSeed`; null for all. */
  readonly trials: number | null;
}

/** What is asked of a search that goes on; what is left out stays as it was. */
export interface PlanChanges {
  readonly grid?: Partial<SearchGrid>;
  readonly seeds?: readonly number[];
  readonly trials?: number;
}

/** The option of the command line that sets an axis. */
export const GRID_OPTIONS = { maxRate: '--lr', weightDecay: '--weight-decay', batchSize: '--batch' } as const;

const AXES = ['maxRate', 'weightDecay', 'batchSize'] as const;

/** All settings: the learning rate changes slowest, the batch size fastest. */
export function settingsOf({ maxRate, weightDecay, batchSize }: SearchGrid): Setting[] {
  return maxRate.flatMap((rate) =>
    weightDecay.flatMap((decay) =>
      batchSize.map((size) => ({ maxRate: rate, weightDecay: decay, batchSize: size })),
    ),
  );
}

/**
 * The trials of a search in the order in which they are run: the whole grid with the first seed, then with the next.
 *
 * A selection of settings is the front of one random order, so a larger one holds all of a smaller.
 */
export function trialsOf({ grid, seeds, trials }: TrialPlan, selectionSeed: number): Trial[] {
  const all = settingsOf(grid);
  const count = Math.min(trials ?? all.length, all.length);
  const order = randomStream('search', selectionSeed).permutation(all.length);
  const settings = [...order.subarray(0, count)].sort((a, b) => a - b).map((index) => all[index]);
  return seeds.flatMap((seed) =>
    settings.map((setting) => ({ ...setting, seed, name: trialName(setting, seed) })),
  );
}

function trialName({ maxRate, weightDecay, batchSize }: Setting, seed: number): string {
  return `lr${exact(maxRate)}-wd${exact(weightDecay)}-b${batchSize}-s${seed}`;
}

/**
 * Check what is there of a plan.
 *
 * @throws UserError when an axis is empty, has a value that cannot be trained with, or has one twice
 */
export function checkPlan({ grid = {}, seeds, trials }: Partial<TrialPlan> | PlanChanges): void {
  const isWhole = (least: number) => (value: number) => Number.isSafeInteger(value) && value >= least;
  checkValues('--lr', grid.maxRate, 'numbers above 0', (value) => Number.isFinite(value) && value > 0);
  checkValues(
    '--weight-decay',
    grid.weightDecay,
    'numbers, 0 or more',
    (value) => Number.isFinite(value) && value >= 0,
  );
  checkValues('--batch', grid.batchSize, 'whole numbers, 1 or more', isWhole(1));
  checkValues('--seeds', seeds, 'whole numbers, 0 or more', isWhole(0));
  if (trials !== null && trials !== undefined && !isWhole(1)(trials)) {
    throw new UserError(`--trials: expected a whole number, 1 or more, found ${trials}`);
  }
}

function checkValues(
  option: string,
  values: readonly number[] | undefined,
  expected: string,
  isGood: (value: number) => boolean,
): void {
  if (values === undefined) return;
  if (values.length === 0) throw new UserError(`${option}: expected ${expected}, found none`);
  const bad = values.find((value) => !isGood(value));
  if (bad !== undefined) throw new UserError(`${option}: expected ${expected}, found ${bad}`);
  const twice = values.find((value, index) => values.indexOf(value) < index);
  if (twice !== undefined) {
    throw new UserError(`${option}: expected different values, found ${exact(twice)} twice`);
  }
}

/**
 * The plan of a search that goes on with what is asked for now: values may be added, none may be left out.
 *
 * @throws UserError when the new plan does not hold all trials of the old one
 */
export function extendPlan(old: TrialPlan, asked: PlanChanges): TrialPlan {
  const grid = { ...old.grid };
  for (const axis of AXES) grid[axis] = extended(GRID_OPTIONS[axis], old.grid[axis], asked.grid?.[axis]);
  const seeds = extended('--seeds', old.seeds, asked.seeds);
  const plan = { grid, seeds, trials: asked.trials ?? old.trials };
  checkPlan(plan);
  const settings = settingsOf(old.grid).length;
  if ((plan.trials ?? Number.POSITIVE_INFINITY) < (old.trials ?? settings)) {
    throw new UserError(
      `--trials: the search tries ${old.trials ?? `all ${settings}`} settings of its grid; ` +
        'a search that goes on may try more, but not fewer. Leave the option out, or search in another folder',
    );
  }
  if (old.trials !== null && settingsOf(grid).length > settings) {
    throw new UserError(
      `--trials: the search tries ${old.trials} settings drawn from a grid of ${settings}, which cannot be drawn from a ` +
        'larger one. Leave the new values out, or search in another folder',
    );
  }
  return plan;
}

function extended(
  option: string,
  old: readonly number[],
  asked: readonly number[] | undefined,
): readonly number[] {
  if (asked === undefined) return old;
  const missing = old.filter((value) => !asked.includes(value));
  if (missing.length === 0) return asked;
  const list = (values: readonly number[]) => values.map(exact).join(',');
  throw new UserError(
    `${option} ${list(asked)}: the search was begun with ${list(old)}; values may be added when it goes on, ` +
      `but ${list(missing)} cannot be left out. Give all, or search in another folder`,
  );
}
