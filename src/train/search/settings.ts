import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { explainWriteError, writeFileAtomic } from '../../files/files.ts';
import { isMissing, mkdir, readFile, statIfThere } from '../../files/fs.ts';
import { parseJson } from '../../json.ts';
import { type RunConfig, runConfigSchema } from '../../run/config.ts';
import { isRun } from '../../run/run.ts';
import { differingEntry } from '../../run/same-config.ts';
import { withPeak } from '../../run/schedule.ts';
import { checkPlan, type Trial, type TrialPlan, trialsOf } from './grid.ts';

/** Version of a search folder's `search.json`; files of another one are refused. */
export const SEARCH_SCHEMA = 'pushpull.search/1';

const values = z.array(z.number()).min(1);

/** All that a search depends on, after presets and options are resolved: the folder's `search.json`. */
export const searchSchema = z.strictObject({
  schema: z.literal(SEARCH_SCHEMA),
  grid: z.strictObject({ maxRate: values, weightDecay: values, batchSize: values }),
  seeds: values,
  /** So many settings of the grid, drawn by the seed of `base`; null for all. */
  trials: z.number().int().positive().nullable(),
  /** The run that the trials are variations of: each puts in its rate, weight decay, batch size and seed. */
  base: runConfigSchema,
});

export type SearchSettings = z.infer<typeof searchSchema>;

/** Where things are in a search folder. */
export function searchPaths(path: string) {
  return {
    settings: join(path, 'search.json'),
    results: join(path, 'results.json'),
    csv: join(path, 'results.csv'),
    trial: (trial: Trial) => join(path, 'trials', trial.name),
  };
}

/** Put together and checked; nothing is written. */
export function searchSettings(plan: TrialPlan, base: RunConfig): SearchSettings {
  checkPlan(plan);
  const { maxRate, weightDecay, batchSize } = plan.grid;
  return {
    schema: SEARCH_SCHEMA,
    grid: { maxRate: [...maxRate], weightDecay: [...weightDecay], batchSize: [...batchSize] },
    seeds: [...plan.seeds],
    trials: plan.trials,
    base,
  };
}

/** The trials of a search, in order. */
export function trialsOfSearch(settings: SearchSettings): Trial[] {
  return trialsOf(settings, settings.base.seed);
}

/** The settings of a trial's run, as `pushpull train` would store them. */
export function trialConfig({ base }: SearchSettings, trial: Omit<Trial, 'name'>): RunConfig {
  const { maxRate, weightDecay, batchSize, seed } = trial;
  const rates = withPeak(base.recipe.rates, maxRate);
  return { ...base, seed, recipe: { ...base.recipe, batchSize, rates, weightDecay } };
}

/**
 * Make the folder of a new search.
 *
 * @throws UserError when it already holds a search or a run, or cannot be written
 */
export async function createSearch(path: string, settings: SearchSettings): Promise<void> {
  if (await isSearch(path)) {
    throw new UserError(
      `--out ${path}: the folder already holds a search. Continue it with --resume, or choose another folder.`,
    );
  }
  if (await isRun(path)) {
    throw new UserError(`--out ${path}: the folder holds a training run. Choose another folder.`);
  }
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw explainWriteError(error, path);
  });
  await writeSearch(path, settings);
}

export async function writeSearch(path: string, settings: SearchSettings): Promise<void> {
  await writeFileAtomic(searchPaths(path).settings, `${JSON.stringify(settings, null, 2)}\n`);
}

/** Whether a folder is a search (has a `search.json`). */
export async function isSearch(path: string): Promise<boolean> {
  return (await statIfThere(searchPaths(path).settings)) !== undefined;
}

/** @throws UserError when the folder is no search, or its file is damaged or of an unknown version */
export async function readSearch(path: string): Promise<SearchSettings> {
  const { settings: file } = searchPaths(path);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new UserError(
      `${path}: expected the folder of a search, but it has no search.json. ` +
        'Begin one without --resume, or name the folder with --out.',
    );
  });
  const settings = parseStored(text, file, searchSchema, SEARCH_SCHEMA);
  checkPlan(settings);
  return settings;
}

/**
 * Check that a search may go on as it is asked for now.
 *
 * @param base What its trials would vary now.
 * @throws UserError that names the first entry in which they would differ from those that are done
 */
export function checkSameBase(stored: RunConfig, base: RunConfig): void {
  const difference = differingEntry(stored, base);
  if (!difference) return;
  const { entry, stored: before, asked } = difference;
  throw new UserError(
    `--resume: the search was begun with ${entry} ${JSON.stringify(before)}, now it would be ${JSON.stringify(asked)}; ` +
      'its trials could not be compared. Leave that option as it was, or search in another folder',
  );
}

/** A stored file's content. Throws a UserError that names the file and the first entry which is wrong. */
export function parseStored<T>(text: string, file: string, shape: z.ZodType<T>, schema: string): T {
  const cure = 'Restore the file, or search anew in another folder.';
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new UserError(`${file}: it is no JSON (${(error as Error).message}). ${cure}`);
  }
  const found = (value as { schema?: unknown } | null)?.schema;
  if (found !== schema) {
    throw new UserError(
      `${file}: expected the schema '${schema}', found ${JSON.stringify(found) ?? 'none'}. ` +
        'It belongs to another program or to another version of pushpull: use that one.',
    );
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  throw new UserError(`${file}: the entry '${path.join('.')}' is wrong (${message}). ${cure}`);
}
