import { z } from 'zod';
import { errorCode, writeFileAtomic } from '../../files/files.ts';
import { readFile } from '../../files/fs.ts';
import { exact } from '../../run/command.ts';
import { type EpochRecord, type Scores, scoresSchema } from '../../run/history.ts';
import type { Setting, Trial } from './grid.ts';
import { parseStored, searchPaths } from './settings.ts';

/** Version of a search folder's `results.json`; files of another one are refused. */
export const SEARCH_RESULTS_SCHEMA = 'pushpull.search-results/1';

const count = z.number().int().nonnegative();

/** How a trial ended. */
export const trialResultSchema = z.strictObject({
  /** The trial's folder below `trials/`. */
  name: z.string(),
  maxRate: z.number(),
  weightDecay: z.number(),
  batchSize: z.number().int(),
  seed: count,
  /** Epochs that were finished. */
  epochs: count,
  /** Wall time of the epochs that were finished. */
  seconds: z.number(),
  outcome: z.discriminatedUnion('status', [
    z.strictObject({
      status: z.literal('finished'),
      /** Over the last epoch's training batches, as they were met. */
      train: scoresSchema,
      /** Over the validation part, with the weights at the end. */
      validation: scoresSchema,
    }),
    z.strictObject({ status: z.literal('diverged'), epoch: count, step: count, reason: z.string() }),
  ]),
});

export type TrialResult = z.infer<typeof trialResultSchema>;

/** A mean over the seeds, and the deviation of a single run from it (n - 1); null when there is one seed. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number | null;
}

/** What the trials of one setting came to. */
export interface RankedSetting extends Setting {
  /** Seeds that were trained, finished or diverged. */
  readonly seeds: number;
  readonly diverged: number;
  /** Over the seeds that were finished; null when all diverged. */
  readonly scores: {
    /** Top-1 error on the validation part. */
    readonly error: Spread;
    readonly top5Error: Spread;
    readonly loss: Spread;
    readonly trainLoss: Spread;
  } | null;
  /** Mean wall time of the trials that were finished. */
  readonly seconds: number;
}

const resultsSchema = z.object({
  schema: z.literal(SEARCH_RESULTS_SCHEMA),
  trials: z.array(trialResultSchema),
});

/** A trial whose epochs are all done. */
export function finishedResult(trial: Trial, log: readonly EpochRecord[]): TrialResult {
  const { train, test } = log.at(-1)!;
  return { ...entry(trial, log), outcome: { status: 'finished', train, validation: test } };
}

export function divergedResult(
  trial: Trial,
  log: readonly EpochRecord[],
  { epoch, step, reason }: { epoch: number; step: number; reason: string },
): TrialResult {
  return { ...entry(trial, log), outcome: { status: 'diverged', epoch, step, reason } };
}

function entry({ name, maxRate, weightDecay, batchSize, seed }: Trial, log: readonly EpochRecord[]) {
  const seconds = log.reduce((total, record) => total + record.seconds.train + record.seconds.evaluate, 0);
  const rounded = Math.round(seconds * 1000) / 1000;
  return { name, maxRate, weightDecay, batchSize, seed, epochs: log.length, seconds: rounded };
}

/**
 * The settings from best to worst: by validation error, then by validation loss. Those of which a trial diverged come
 * last, because such a setting cannot be relied on.
 */
export function rank(results: readonly TrialResult[]): RankedSetting[] {
  const bySetting = new Map<string, TrialResult[]>();
  for (const result of results) {
    const key = `${result.maxRate} ${result.weightDecay} ${result.batchSize}`;
    bySetting.set(key, [...(bySetting.get(key) ?? []), result]);
  }
  const order = ({ diverged, scores }: RankedSetting): readonly number[] => [
    scores === null ? 2 : Math.sign(diverged),
    scores?.error.mean ?? 0,
    scores?.loss.mean ?? 0,
  ];
  // `sort` is stable: what is equal stays in the order of the grid.
  return [...bySetting.values()].map(summarise).sort((a, b) => compare(order(a), order(b)));
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, i) => value !== b[i]);
  return index < 0 ? 0 : a[index] - b[index];
}

function summarise(results: readonly TrialResult[]): RankedSetting {
  const { maxRate, weightDecay, batchSize } = results[0];
  const finished = results.flatMap(({ outcome, seconds }) =>
    outcome.status === 'finished' ? [{ ...outcome, seconds }] : [],
  );
  const over = (pick: (scores: { train: Scores; validation: Scores }) => number) =>
    spread(finished.map(pick));
  return {
    maxRate,
    weightDecay,
    batchSize,
    seeds: results.length,
    diverged: results.length - finished.length,
    scores:
      finished.length === 0
        ? null
        : {
            error: over(({ validation }) => 1 - validation.top1),
            top5Error: over(({ validation }) => 1 - validation.top5),
            loss: over(({ validation }) => validation.loss),
            trainLoss: over(({ train }) => train.loss),
          },
    seconds: finished.length === 0 ? 0 : spread(finished.map(({ seconds }) => seconds)).mean,
  };
}

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, deviation: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** Write `results.json` (the trials in order, and the settings from best to worst) and `results.csv` (a row a trial). */
export async function writeResults(path: string, trials: readonly TrialResult[]): Promise<void> {
  const { results, csv } = searchPaths(path);
  const content = { schema: SEARCH_RESULTS_SCHEMA, trials, ranking: rank(trials) };
  await writeFileAtomic(results, `${JSON.stringify(content, null, 2)}\n`);
  await writeFileAtomic(csv, toCsv(trials));
}

/**
 * The results that a search has stored; none when it has not come so far.
 *
 * @throws UserError when the file is damaged or of an unknown version
 */
export async function readResults(path: string): Promise<TrialResult[]> {
  const { results: file } = searchPaths(path);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  return parseStored(text, file, resultsSchema, SEARCH_RESULTS_SCHEMA).trials;
}

type Cell = string | number;

const CSV_COLUMNS: readonly (readonly [name: string, cell: (result: TrialResult) => Cell])[] = [
  ['trial', ({ name }) => name],
  ['max_lr', ({ maxRate }) => exact(maxRate)],
  ['weight_decay', ({ weightDecay }) => exact(weightDecay)],
  ['batch_size', ({ batchSize }) => batchSize],
  ['seed', ({ seed }) => seed],
  ['status', ({ outcome }) => outcome.status],
  ['epochs', ({ epochs }) => epochs],
  ['validation_error', score(({ validation }) => 1 - validation.top1)],
  ['validation_top5_error', score(({ validation }) => 1 - validation.top5)],
  ['validation_loss', score(({ validation }) => validation.loss)],
  ['validation_images', score(({ validation }) => validation.images)],
  ['train_error', score(({ train }) => 1 - train.top1)],
  ['train_loss', score(({ train }) => train.loss)],
  ['diverged_at_step', ({ outcome }) => (outcome.status === 'diverged' ? outcome.step : '')],
  ['seconds', ({ seconds }) => seconds],
];

function score(
  pick: (scores: { train: Scores; validation: Scores }) => number,
): (result: TrialResult) => Cell {
  // Six decimals: a share of a million images, and no 0.30000000000000004.
  return ({ outcome }) => (outcome.status === 'finished' ? Number(pick(outcome).toFixed(6)) : '');
}

function toCsv(results: readonly TrialResult[]): string {
  const rows = results.map((result) => CSV_COLUMNS.map(([, cell]) => cell(result)).join(','));
  return [CSV_COLUMNS.map(([name]) => name).join(','), ...rows, ''].join('\n');
}
