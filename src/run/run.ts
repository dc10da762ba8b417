import { join } from 'node:path';
import type { BadLimit } from '../data/bad-images.ts';
import { UserError } from '../errors.ts';
import { explainWriteError, writeFileAtomic } from '../files/files.ts';
import { appendFile, ifThere, isMissing, mkdir, readFile, statIfThere } from '../files/fs.ts';
import { parseJson } from '../json.ts';
import { problemOf } from '../system-errors.ts';
import { findCheckpoint } from './checkpoint.ts';
import { parseRunConfig, type RunConfig } from './config.ts';
import { type EpochRecord, epochRecordSchema } from './history.ts';

/** What a run folder holds. Everything but `config` may be absent in a run that has just begun. */
export interface Run {
  readonly path: string;
  readonly config: RunConfig;
  /** One record an epoch, in order. */
  readonly log: EpochRecord[];
  /** Folder of the newest whole checkpoint. */
  readonly checkpoint: string | undefined;
  /** The exported network; present once the run is finished. */
  readonly model: string | undefined;
}

/** Where things are in a run folder. */
export function runPaths(path: string) {
  return {
    config: join(path, 'config.json'),
    log: join(path, 'log.jsonl'),
    checkpoint: join(path, 'checkpoints', 'last'),
    model: join(path, 'model.onnx'),
    badImages: join(path, 'bad-images.tsv'),
  };
}

/** Whether a folder is a run (has a `config.json`). */
export async function isRun(path: string): Promise<boolean> {
  return exists(runPaths(path).config);
}

/** Whether a folder that is to be read is a run: other programs' models have a `config.json` too. */
export async function isOwnRun(path: string): Promise<boolean> {
  if (!(await isRun(path))) return false;
  try {
    const value = parseJson(await readFile(runPaths(path).config, 'utf8')) as unknown;
    return value === null || typeof value !== 'object' || 'schema' in value;
  } catch {
    // A damaged one is told when the run is opened.
    return true;
  }
}

/**
 * Open a run folder for evaluating, exporting, reporting or resuming.
 *
 * @throws UserError when it is no run, or when a file in it is damaged or of an unknown version.
 */
export async function openRun(path: string): Promise<Run> {
  const paths = runPaths(path);
  let text: string;
  try {
    text = await readFile(paths.config, 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new UserError(
      `${path}: expected the folder of a training run, but it has no config.json. Make one with 'pushpull train --out ${path}'.`,
    );
  }
  return {
    path,
    config: parseRunConfig(parseStoredJson(text, paths.config), paths.config),
    log: await readLog(paths.log),
    checkpoint: await findCheckpoint(paths.checkpoint),
    model: (await exists(paths.model)) ? paths.model : undefined,
  };
}

/**
 * Make the folder of a new run and write its configuration.
 *
 * @throws UserError when the folder already holds a checkpoint or a model, or cannot be written.
 */
export async function createRun(path: string, config: RunConfig): Promise<void> {
  await refuseRun(path);
  try {
    await mkdir(path, { recursive: true });
    await writeFileAtomic(runPaths(path).config, `${JSON.stringify(config, null, 2)}\n`);
    await writeFileAtomic(runPaths(path).log, '');
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `--out ${path}: the run's folder cannot be made (${problemOf(error)}). Choose a folder that can be written.`,
    );
  }
}

/** @throws UserError when the folder already holds a checkpoint or a model. */
export async function refuseRun(path: string): Promise<void> {
  const { checkpoint, model } = runPaths(path);
  if ((await findCheckpoint(checkpoint)) === undefined && !(await exists(model))) return;
  throw new UserError(
    `--out ${path}: the folder already holds a training run. Continue it with --resume, or choose another folder.`,
  );
}

/** Write the whole log: after resuming, it must not tell of epochs that the checkpoint does not know. */
export async function rewriteLog(path: string, records: readonly EpochRecord[]): Promise<void> {
  await writeFileAtomic(runPaths(path).log, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

/** Add a finished epoch to the log. */
export async function appendLog(path: string, record: EpochRecord): Promise<void> {
  const { log } = runPaths(path);
  await appendFile(log, `${JSON.stringify(record)}\n`).catch((error: unknown) => {
    throw explainWriteError(error, log);
  });
}

async function readLog(file: string): Promise<EpochRecord[]> {
  const text = (await ifThere(readFile(file, 'utf8'))) ?? '';
  // What follows the last line break was cut off by a crash while it was written; resuming writes it again.
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line, index) => {
    const parsed = epochRecordSchema.safeParse(parseStoredJson(line, `${file}:${index + 1}`));
    if (parsed.success) return parsed.data;
    const { path, message } = parsed.error.issues[0];
    throw new UserError(
      `${file}:${index + 1}: the entry '${path.join('.')}' is wrong (${message}). Restore the file, or write it anew with --resume.`,
    );
  });
}

function parseStoredJson(text: string, file: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new UserError(
      `${file}: it is no JSON (${(error as Error).message}). Restore the file or train anew.`,
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return (await statIfThere(path)) !== undefined;
}

/** Where a run keeps the images of both splits that it leaves out, and how many it may. */
export function badImagesOf(out: string, { data }: RunConfig, limit: BadLimit | undefined) {
  const images = data.trainImages + data.testImages;
  return { file: runPaths(out).badImages, images, limit, data: data.name };
}
