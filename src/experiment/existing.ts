/** What is there already of a plan: runs, results, and runs of other names that are the same. */

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { UserError } from '../errors.ts';
import { readResult } from '../evaluate/result/result.ts';
import type { Result } from '../evaluate/result/schema.ts';
import { ifThere, readdir, readFile, rename, statIfThere } from '../files/fs.ts';
import type { RunConfig } from '../run/config.ts';
import { isRun, openRun, type Run, runPaths } from '../run/run.ts';
import { checkSameRun, differingEntry } from '../run/same-config.ts';
import { problemOf } from '../system-errors.ts';
import { experimentPaths } from './folder.ts';
import type { ExperimentPlan, PlannedRun } from './plan.ts';

export interface ExistingRun {
  /** Where it lies; another folder than its own where it is still to be moved there. */
  readonly folder: string;
  readonly run: Run;
  readonly finished: boolean;
}

/** What was found of a plan, by the names of its runs. */
export interface Existing {
  readonly runs: ReadonlyMap<string, ExistingRun>;
  readonly results: ReadonlyMap<string, Result>;
}

/**
 * Look for what earlier commands, or `pushpull train`, have left. A run is the same when everything but the machine
 * is; of a finished one the place of its data does not count either, as it may have been trained elsewhere.
 *
 * @throws UserError when a run's folder holds another run, or a result is of another model
 */
export async function findExisting({ out, runs }: ExperimentPlan): Promise<Existing> {
  const paths = experimentPaths(out);
  const found = new Map<string, ExistingRun>();
  const missing: PlannedRun[] = [];
  for (const planned of runs) {
    const folder = paths.run(planned.name);
    const existing = (await isRun(folder)) ? await inspect(folder) : undefined;
    if (!existing || !isBegun(existing)) missing.push(planned);
    else {
      if (!isSame(existing, planned.config)) checkSameRun(folder, existing.run.config, planned.config);
      found.set(planned.name, existing);
    }
  }
  for (const [name, existing] of await adoptable(paths.runs, runs, missing)) found.set(name, existing);
  const results = new Map<string, Result>();
  for (const { name } of runs) {
    const result = await existingResult(paths.result(name), found.get(name));
    if (result) results.set(name, result);
  }
  return { runs: found, results };
}

async function inspect(folder: string): Promise<ExistingRun> {
  const run = await openRun(folder);
  return { folder, run, finished: run.model !== undefined && run.log.length === run.config.recipe.epochs };
}

/** A folder whose training was killed before its first checkpoint has nothing that could be kept. */
function isBegun({ run }: ExistingRun): boolean {
  return run.checkpoint !== undefined || run.model !== undefined;
}

function isSame({ run, finished }: ExistingRun, asked: RunConfig): boolean {
  const stored = run.config;
  const spec = finished ? asked.data.spec : stored.data.spec;
  return differingEntry({ ...stored, data: { ...stored.data, spec } }, asked) === undefined;
}

/** Runs under other names that are the same as missing ones, finished ones first. */
async function adoptable(
  folder: string,
  planned: readonly PlannedRun[],
  missing: readonly PlannedRun[],
): Promise<Map<string, ExistingRun>> {
  const found = new Map<string, ExistingRun>();
  if (missing.length === 0) return found;
  const own = new Set(planned.map(({ name }) => name));
  const strangers: ExistingRun[] = [];
  for (const name of ((await ifThere(readdir(folder))) ?? []).sort()) {
    const place = `${folder}/${name}`;
    if (own.has(name) || !(await isRun(place))) continue;
    strangers.push(await inspect(place));
  }
  strangers.sort((a, b) => Number(b.finished) - Number(a.finished));
  for (const existing of strangers.filter(isBegun)) {
    const wanted = missing.find(({ name, config }) => !found.has(name) && isSame(existing, config));
    if (wanted) found.set(wanted.name, existing);
  }
  return found;
}

/**
 * Give adopted runs the names of the experiment.
 *
 * @returns a sentence for each
 * @throws UserError when a folder is in the way
 */
export async function adopt({ out }: ExperimentPlan, existing: Existing): Promise<string[]> {
  const notes: string[] = [];
  for (const [name, { folder, finished }] of existing.runs) {
    const place = experimentPaths(out).run(name);
    if (folder === place) continue;
    // What may be there is a run that never came to a checkpoint.
    if (await isEntry(place)) await rename(place, `${place}.begun`).catch(() => {});
    await rename(folder, place).catch((error: unknown) => {
      throw new UserError(`${folder}: could not be renamed to ${place} (${problemOf(error)})`);
    });
    notes.push(`${basename(folder)} is ${finished ? '' : 'a part of '}${name}: kept under that name`);
  }
  return notes;
}

async function isEntry(place: string): Promise<boolean> {
  return (await statIfThere(place)) !== undefined;
}

/** @throws UserError when it belongs to another model than the run's */
async function existingResult(file: string, existing: ExistingRun | undefined): Promise<Result | undefined> {
  if (!(await isEntry(file))) return undefined;
  const result = await readResult(file);
  const model = existing?.finished ? runPaths(existing.folder).model : undefined;
  if (model !== undefined && (await sha256(model)) === result.model.sha256) return result;
  throw new UserError(
    `${file}: expected the result of ${model ?? 'a run that is not trained yet'}, found one of another model ` +
      `(${result.model.file}); delete it, or move it away`,
  );
}

async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
