/** How far an experiment has come, run by run: what displays show and `status.json` keeps. */

import { z } from 'zod';
import type { Result } from '../evaluate/result/schema.ts';
import { writeFileAtomic } from '../files/files.ts';
import { ifThere, readFile } from '../files/fs.ts';
import { parseJson } from '../json.ts';
import type { EpochRecord } from '../run/history.ts';
import { type Existing, findExisting } from './existing.ts';
import { experimentPaths } from './folder.ts';
import type { ExperimentPlan, PlannedRun } from './plan.ts';

/** `skipped`: could not be begun, because what it needs has failed. */
export const STAGES = ['waiting', 'running', 'stopped', 'done', 'failed', 'skipped'] as const;
export type Stage = (typeof STAGES)[number];

export interface TrainingState {
  stage: Stage;
  readonly epochs: number;
  /** Finished. */
  epoch: number;
  /** Share of all steps that is done. */
  progress: number;
  /** Top-1 error on the test images after the last finished epoch. */
  error?: number;
  /** Top-1 error on the training images of the epoch at hand, so far. */
  trainError?: number;
  /** Wall time of its finished epochs, all sessions together. */
  seconds?: number;
  imagesPerSecond?: number;
  /** Until its end, as the trainer reckons. */
  remainingSeconds?: number;
  /** Why it failed, in words. */
  reason?: string;
  /** It would diverge again: it is not tried a second time. */
  diverged?: boolean;
}

export interface EvaluationState {
  stage: Stage;
  /** The clean one included. */
  readonly cells: number;
  finished: number;
  /** What is being measured. */
  cell?: string;
  /** E. */
  error?: number;
  /** Mean absolute error over the 15 corruptions (Eq. 9); absent until all cells are measured. */
  mce?: number;
  /** Relative to the baseline (Eq. 10). */
  mrce?: number;
  /** Wall time of its finished cells, all sessions together. */
  seconds?: number;
  imagesPerSecond?: number;
  remainingSeconds?: number;
  reason?: string;
}

export interface RunState {
  readonly name: string;
  readonly row: string;
  readonly seed: number;
  readonly training: TrainingState;
  readonly evaluation: EvaluationState;
}

const stage = z.enum(STAGES);
const statusSchema = z.object({
  schema: z.literal('pushpull.experiment-status/1'),
  runs: z.array(
    z.object({
      name: z.string(),
      training: z.object({ stage, reason: z.string().optional(), diverged: z.boolean().optional() }),
      evaluation: z.object({ stage }),
    }),
  ),
});

/** How things stand before anything is done. @throws UserError as `findExisting` */
export async function initialStates(
  plan: ExperimentPlan,
): Promise<{ readonly states: RunState[]; readonly existing: Existing }> {
  const existing = await findExisting(plan);
  const diverged = await earlierDivergences(plan.out);
  const states = plan.runs.map((run) => stateOf(run, plan, existing, diverged.get(run.name)));
  return { states, existing };
}

/** How things stand where there is no folder yet. */
export function freshStates(plan: ExperimentPlan): RunState[] {
  const existing: Existing = { runs: new Map(), results: new Map() };
  return plan.runs.map((run) => stateOf(run, plan, existing, undefined));
}

function stateOf(
  { name, row, seed, config }: PlannedRun,
  { evaluation }: ExperimentPlan,
  existing: Existing,
  diverged: string | undefined,
): RunState {
  const found = existing.runs.get(name);
  const { epochs } = config.recipe;
  const training: TrainingState = { stage: 'waiting', epochs, epoch: 0, progress: 0 };
  if (found) tellLog(training, found.run.log);
  if (found?.finished) training.stage = 'done';
  else if (diverged !== undefined)
    Object.assign(training, { stage: 'failed', reason: diverged, diverged: true });
  const state: RunState = {
    name,
    row: row.name,
    seed,
    training,
    evaluation: { stage: 'waiting', cells: evaluation.cells, finished: 0 },
  };
  const result = existing.results.get(name);
  if (result) tellResult(state.evaluation, result);
  if (result?.complete) state.evaluation.stage = 'done';
  else if (training.stage === 'failed') state.evaluation.stage = 'skipped';
  return state;
}

export function tellLog(training: TrainingState, log: readonly EpochRecord[]): void {
  training.epoch = log.length;
  training.progress = log.length / training.epochs;
  const last = log.at(-1);
  if (last) training.error = 1 - last.test.top1;
  training.seconds = log.reduce((sum, { seconds }) => sum + seconds.train + seconds.evaluate, 0);
}

export function tellResult(
  evaluation: EvaluationState,
  { clean, errors, metrics, environment }: Result,
): void {
  const measured = Object.values(errors)
    .flat()
    .filter((error) => error !== null).length;
  evaluation.finished = measured + (clean ? 1 : 0);
  if (clean) evaluation.error = clean.top1;
  evaluation.mce = metrics['mce.absolute'];
  evaluation.seconds = environment.seconds;
  evaluation.mrce = metrics['mce.baseline'];
}

/** Keep the stages, for those who look into the folder, and for the next command. */
export async function writeStatus(out: string, states: readonly RunState[]): Promise<void> {
  const { status } = experimentPaths(out);
  const before = new Map((await readStatus(out)).map((run) => [run.name, run]));
  for (const { name, training, evaluation } of states) {
    const { stage, reason, diverged } = training;
    const failure = evaluation.reason === undefined ? {} : { reason: evaluation.reason };
    before.set(name, {
      name,
      training: { stage, ...(reason !== undefined && { reason }), ...(diverged && { diverged }) },
      evaluation: { stage: evaluation.stage, ...failure },
    });
  }
  const runs = [...before.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  await writeFileAtomic(
    status,
    `${JSON.stringify({ schema: 'pushpull.experiment-status/1', runs }, null, 2)}\n`,
  );
}

/** A file that is damaged or of another version tells nothing: it repeats what run folders say, but for divergences. */
async function readStatus(out: string): Promise<z.infer<typeof statusSchema>['runs']> {
  const text = (await ifThere(readFile(experimentPaths(out).status, 'utf8'))) ?? '{}';
  try {
    return statusSchema.parse(parseJson(text)).runs;
  } catch {
    return [];
  }
}

/** Why runs diverged, by their names. */
async function earlierDivergences(out: string): Promise<Map<string, string>> {
  const runs = (await readStatus(out)).filter(({ training }) => training.diverged);
  return new Map(runs.map(({ name, training }) => [name, training.reason ?? 'diverged']));
}
