/** The folder of an experiment: where things are in it, and what it remembers of what was asked. */

import { join } from 'node:path';
import { z } from 'zod';
import type { EngineChoice } from '../engine/options.ts';
import { UserError } from '../errors.ts';
import { errorCode, explainWriteError, writeFileAtomic } from '../files/files.ts';
import { ifThere, mkdir, readFile } from '../files/fs.ts';
import { parseJson } from '../json.ts';
import { runConfigSchema } from '../run/config.ts';
import { isRun } from '../run/run.ts';
import { plural } from '../words.ts';
import type { ExperimentPlan } from './plan.ts';
import { scaleSchema, scaleWord } from './scale.ts';

/** Version of a folder's `experiment.json`; files of another one are refused. */
export const FOLDER_SCHEMA = 'pushpull.experiment-folder/1';

const count = z.number().int().nonnegative();
const extentSchema = z.strictObject({ width: count, epochs: count, train: count, test: count });

const folderSchema = z.strictObject({
  schema: z.literal(FOLDER_SCHEMA),
  /** Of the experiment file, without its extension. */
  name: z.string(),
  title: z.string(),
  description: z.string().optional(),
  /** What data the networks see: as it was given, and as it calls itself. */
  data: z.strictObject({
    spec: z.string(),
    name: z.string(),
    /** That it is not what the file means. */
    note: z.string().optional(),
  }),
  /** What was scaled, and that in words; null for nothing. */
  scale: z.strictObject({ asked: scaleSchema, text: z.string() }).nullable(),
  /** What is measured of every run. */
  evaluation: z.strictObject({
    data: z.string(),
    clean: z.string().optional(),
    corruptions: z.array(z.string()).optional(),
    severities: z.array(count).optional(),
    limit: count.optional(),
    seed: count,
    resize: count.optional(),
    cells: count,
    images: count,
  }),
  rows: z.array(
    z.strictObject({
      name: z.string(),
      baseline: z.string().optional(),
      /** All seeds that were asked for so far. */
      seeds: z.array(count),
      /** As the file says; `scaled` as it is trained. */
      full: extentSchema,
      scaled: extentSchema,
      /** Settings of its runs, but for the seed and the machine. */
      config: runConfigSchema.omit({
        ...{ schema: true, seed: true, engine: true, device: true, workers: true },
      }),
    }),
  ),
});

export type ExperimentFolder = z.infer<typeof folderSchema>;

/** Where things are in the folder of an experiment. */
export function experimentPaths(out: string) {
  return {
    settings: join(out, 'experiment.json'),
    status: join(out, 'status.json'),
    runs: join(out, 'runs'),
    run: (name: string) => join(out, 'runs', name),
    results: join(out, 'results'),
    result: (name: string) => join(out, 'results', `${name}.json`),
    tables: join(out, 'tables'),
    figures: join(out, 'figures'),
    report: join(out, 'report'),
  };
}

/** What the folder should hold for a plan; seeds of earlier commands are kept. */
function describePlan(plan: ExperimentPlan, earlier: ExperimentFolder | undefined): ExperimentFolder {
  const { experiment, rows, evaluation, scale, scaledText, dataNote, dataName } = plan;
  const { data, clean, limit, seed = 0, cells, images, preprocessing, corruptions, severities } = evaluation;
  const seedsOf = (name: string) => {
    const asked = plan.runs.filter(({ row }) => row.name === name).map(({ seed }) => seed);
    const before = earlier?.rows.find((row) => row.name === name)?.seeds ?? [];
    return [...new Set([...before, ...asked])].sort((a, b) => a - b);
  };
  return {
    schema: FOLDER_SCHEMA,
    name: experiment.name,
    title: experiment.title,
    ...(experiment.description && { description: experiment.description }),
    data: { spec: rows[0]!.config.data.spec, name: dataName, ...(dataNote && { note: dataNote }) },
    scale: scale ? { asked: scale, text: scaledText ?? 'nothing was made smaller by it' } : null,
    evaluation: {
      data,
      ...(clean !== undefined && { clean }),
      ...(limit !== undefined && { limit }),
      ...{ seed, cells, images },
      ...(corruptions && { corruptions: [...corruptions] }),
      ...(severities && { severities: [...severities] }),
      ...(typeof preprocessing?.resize === 'number' && { resize: preprocessing.resize }),
    },
    rows: rows.map(({ row, config, full, scaled }) => {
      const { schema: _, seed: __, engine: ___, device: ____, workers: _____, ...settings } = config;
      const baseline = row.baseline === undefined ? {} : { baseline: row.baseline };
      return { name: row.name, ...baseline, seeds: seedsOf(row.name), full, scaled, config: settings };
    }),
  };
}

/**
 * Check that a folder is new, or holds the experiment that is planned.
 *
 * @returns what it remembers
 * @throws UserError when it holds another experiment, another rehearsal of it, or something else
 */
export async function checkFolder(plan: ExperimentPlan): Promise<ExperimentFolder | undefined> {
  const { out } = plan;
  const earlier = await readFolder(out);
  if (!earlier) {
    if (!(await isRun(out))) return undefined;
    throw new UserError(`--out ${out}: the folder holds a training run; choose another folder`);
  }
  const refuse = (holds: string, asked: string, cure: string) => {
    throw new UserError(`--out ${out}: ${holds}, ${asked}; ${cure}, or choose another folder`);
  };
  const now = describePlan(plan, earlier);
  if (earlier.name !== now.name) {
    refuse(`holds the experiment ${earlier.name}`, `now ${now.name} is asked for`, 'give that one');
  }
  const [before, asked] = [earlier, now].map(({ scale }) =>
    scale ? `--scale ${scaleWord(scale.asked)}` : 'no --scale',
  );
  if (before !== asked) {
    refuse(
      `the experiment was begun with ${before}`,
      `now there is ${asked}, and its runs could not be compared`,
      earlier.scale ? `give ${before}` : 'leave --scale out',
    );
  }
  const [begun, wanted] = [earlier, now].map(({ rows }) => precisionWords(rows[0]!.config));
  if (begun !== wanted) {
    refuse(
      `the experiment was begun with ${begun}`,
      `now there is ${wanted}, and its runs could not be compared`,
      `give ${begun}`,
    );
  }
  if (earlier.data.name !== now.data.name) {
    refuse(
      `the experiment was begun on ${earlier.data.name} (${earlier.data.spec})`,
      `now the data is ${now.data.name} (${now.data.spec})`,
      'give the same --data',
    );
  }
  const measured = ({ evaluation: { data: _, clean, ...rest } }: ExperimentFolder) =>
    JSON.stringify([clean !== undefined, Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))]);
  if (measured(earlier) !== measured(now)) {
    refuse(
      `its networks are measured on ${earlier.evaluation.data}, ${plural(earlier.evaluation.images, 'image')} in ${plural(earlier.evaluation.cells, 'cell')}`,
      `now that would be ${now.evaluation.data}, ${plural(now.evaluation.images, 'image')} in ${now.evaluation.cells}`,
      'leave --corrupted and the evaluation settings of the file as they were',
    );
  }
  return earlier;
}

/** What of an engine changes the figures. */
function precisionWords({ precision = 'float32', tf32 }: EngineChoice): string {
  return `--precision ${precision}${tf32 ? ' --tf32' : ''}`;
}

/**
 * Write what is planned, unless it is there already.
 *
 * @throws UserError when the folder cannot be written
 */
export async function writeFolder(
  plan: ExperimentPlan,
  earlier: ExperimentFolder | undefined,
): Promise<void> {
  const { settings } = experimentPaths(plan.out);
  const text = `${JSON.stringify(describePlan(plan, earlier), null, 2)}\n`;
  if ((await ifThere(readFile(settings, 'utf8'))) === text) return;
  await writeFileAtomic(settings, text);
}

/** Make the folder where there is none. @throws UserError when it cannot be made */
export async function makeFolder(out: string): Promise<void> {
  await mkdir(experimentPaths(out).runs, { recursive: true }).catch((error: unknown) => {
    throw explainWriteError(error, out);
  });
}

/**
 * What a folder remembers; undefined when it holds no experiment.
 *
 * @throws UserError when the file is damaged or of an unknown version
 */
export async function readFolder(out: string): Promise<ExperimentFolder | undefined> {
  const { settings: file } = experimentPaths(out);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  const parsed = folderSchema.safeParse(parseStoredJson(text, file));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new UserError(
    `${file}: the entry '${path.join('.')}' is wrong (${message}): the file was damaged, or belongs to another ` +
      'version of pushpull. Restore it, or delete it: the next command writes it anew and keeps what fits.',
  );
}

function parseStoredJson(text: string, file: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new UserError(`${file}: it is no JSON (${(error as Error).message}). Restore it, or delete it.`);
  }
}
