/** What comes out of an experiment: tables, and the report. */

import { basename, join } from 'node:path';
import { UserError } from '../errors.ts';
import { readResult } from '../evaluate/result/result.ts';
import type { Result } from '../evaluate/result/schema.ts';
import { ifThere, readdir } from '../files/fs.ts';
import { buildReport } from '../report/build.ts';
import { findEvidence } from '../report/evidence/evidence.ts';
import { writeComparisonFigures } from '../report/paper/comparison.ts';
import { inspectModel } from '../report/paper/inspect.ts';
import { paperTable } from '../report/tables/build-table.ts';
import { saveTable } from '../report/tables/formats/write.ts';
import { datasetName, type TableRow } from '../report/tables/rows.ts';
import type { PaperTable, TableNumber } from '../report/tables/table.ts';
import { experimentPaths } from './folder.ts';
import { type ExperimentPlan, type PlannedRow, runName } from './plan.ts';

export interface Outputs {
  /** The paper's tables, as far as there are results for them. */
  readonly tables: readonly PaperTable[];
  /** Paths of what was written, tables first. */
  readonly files: readonly string[];
  /** Why something is not there, in sentences. */
  readonly omissions: readonly string[];
}

/** What was written beside tables, and what was not. */
type Written = Omit<Outputs, 'tables'>;

/** A result with its file, for what is looked for beside it. */
interface MeasuredSeed {
  readonly seed: number;
  readonly file: string;
  readonly result: Result;
}

/** Rows of the experiment of which a result is complete, whatever command made it; in the order of the file. */
type Measured = ReadonlyMap<PlannedRow, readonly MeasuredSeed[]>;

/** Behind every title: that this is a rehearsal, or on other data. */
export function titleSuffix({
  scaledText,
  dataNote,
}: Pick<ExperimentPlan, 'scaledText' | 'dataNote'>): string {
  const parts = [...(scaledText ? ['scaled down'] : []), ...(dataNote ? [dataNote] : [])];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/**
 * Write the tables that the file asks for, as far as there are results for them.
 *
 * @throws UserError when a file cannot be written
 */
export async function writeTables(plan: ExperimentPlan): Promise<void> {
  await tablesOf(plan, await measuredRows(plan));
}

/** Write all: tables, figures, then the report. @throws UserError when a file cannot be written */
export async function writeOutputs(plan: ExperimentPlan): Promise<Outputs> {
  const measured = await measuredRows(plan);
  const tables = await tablesOf(plan, measured);
  const nothing: Written = { files: [], omissions: [] };
  const figures = plan.experiment.figures ? await figuresOf(plan, measured) : nothing;
  const report = plan.experiment.report ? await reportsOf(plan, measured) : nothing;
  return {
    tables: tables.tables,
    files: [...tables.files, ...figures.files, ...report.files],
    omissions: [...tables.omissions, ...figures.omissions, ...report.omissions],
  };
}

async function measuredRows({ out, rows }: ExperimentPlan): Promise<Measured> {
  const paths = experimentPaths(out);
  const names = (await ifThere(readdir(paths.results))) ?? [];
  const measured = new Map<PlannedRow, MeasuredSeed[]>();
  for (const planned of rows) {
    const seeds: MeasuredSeed[] = [];
    for (const name of names) {
      if (!name.startsWith(`${planned.row.name}-seed`)) continue;
      const seed = /^(\d+)\.json$/.exec(name.slice(planned.row.name.length + '-seed'.length))?.[1];
      if (seed === undefined) continue;
      const file = join(paths.results, name);
      const result = await readResult(file);
      if (result.complete) seeds.push({ seed: Number(seed), file, result });
    }
    if (seeds.length > 0)
      measured.set(
        planned,
        seeds.sort((a, b) => a.seed - b.seed),
      );
  }
  return measured;
}

async function tablesOf(plan: ExperimentPlan, measured: Measured): Promise<Outputs> {
  const tables: PaperTable[] = [];
  const files: string[] = [];
  const omissions: string[] = [];
  const rows = tableRows(plan, measured);
  if (rows.length === 0) return { tables, files, omissions };
  for (const which of plan.experiment.tables) {
    const table = experimentTable(which, rows, plan);
    if (typeof table === 'string') {
      omissions.push(table);
      continue;
    }
    tables.push(table);
    files.push(...Object.values(await saveTable(table, experimentPaths(plan.out).tables)));
  }
  return { tables, files, omissions };
}

/** A table with what makes it another experiment than the file's; or why it cannot be made yet. */
function experimentTable(
  which: TableNumber,
  rows: readonly TableRow[],
  plan: ExperimentPlan,
): PaperTable | string {
  try {
    const table = paperTable(which, rows, plan.scaledText === undefined ? {} : { scaled: plan.scaledText });
    const note = plan.dataNote === undefined ? [] : [`Trained and measured ${plan.dataNote}.`];
    return { ...table, title: `${table.title}${titleSuffix(plan)}`, caption: [...table.caption, ...note] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `Table ${which} is left out: ${error.message}.`;
  }
}

/** Rows as the experiment names them and their baselines. */
function tableRows({ rows }: ExperimentPlan, measured: Measured): TableRow[] {
  const baselines = new Set(rows.map(({ row }) => row.baseline));
  return [...measured].map(([{ row, config }, seeds]): TableRow => {
    const [{ result }] = seeds as [MeasuredSeed];
    const { augment } = config.trainingImages;
    const compared = [...measured.keys()].some((other) => other.row.name === row.baseline);
    return {
      label: row.name,
      network: result.model.name,
      variant: result.model.variant,
      ...(augment && { augment }),
      dataset: datasetName(result),
      isBaseline: baselines.has(row.name),
      ...(compared && { baseline: row.baseline! }),
      results: seeds.map((seed) => seed.result),
    };
  });
}

/** Figures 7 and 8 and accuracy against severity of all rows, and 3 to 6 of each row's first seed, in its folder. */
async function figuresOf(plan: ExperimentPlan, measured: Measured): Promise<Written> {
  const { figures: out } = experimentPaths(plan.out);
  const files: string[] = [];
  const omissions: string[] = [];
  const conditions = conditionSentences(plan);
  const keep = async (draw: () => Promise<{ readonly files: readonly string[] }>, what: string) => {
    try {
      files.push(...(await draw()).files);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      omissions.push(`${what} left out: ${error.message}.`);
    }
  };
  const results = [...measured.values()].flatMap((seeds) => seeds.map(({ result }) => result));
  if (results.length === 0) return { files, omissions };
  await keep(() => writeComparisonFigures(results, { out, conditions }), 'Figures 7 and 8 are');
  for (const [{ row }, [first]] of measured) {
    const run = experimentPaths(plan.out).run(runName(row.name, first!.seed));
    await keep(
      () => inspectModel(run, { out: join(out, row.name), conditions }),
      `Figures 3 to 6 of ${row.name} are`,
    );
  }
  return { files, omissions };
}

/** That this is a rehearsal, or on other data, in sentences. */
function conditionSentences({ scaledText, dataNote }: ExperimentPlan): string[] {
  return [
    ...(scaledText ? [`Scaled down: ${scaledText}.`] : []),
    ...(dataNote ? [`Trained and measured ${dataNote}.`] : []),
  ];
}

/** A page for each baseline with what is compared with it; one page where there is one baseline. */
async function reportsOf(plan: ExperimentPlan, measured: Measured): Promise<Written> {
  const groups = new Map<string, (readonly MeasuredSeed[])[]>();
  for (const [{ row }, seeds] of measured) {
    const key = row.baseline ?? row.name;
    groups.set(key, [...(groups.get(key) ?? []), seeds]);
  }
  const { report } = experimentPaths(plan.out);
  const files: string[] = [];
  const omissions: string[] = [];
  for (const [name, group] of groups) {
    const folder = groups.size === 1 ? report : join(report, name);
    const outputs = await reportOf(plan, group, folder, name);
    files.push(...outputs.files);
    omissions.push(...outputs.omissions);
  }
  return { files, omissions: [...new Set(omissions)] };
}

async function reportOf(
  plan: ExperimentPlan,
  rows: readonly (readonly MeasuredSeed[])[],
  out: string,
  baselineRow: string,
): Promise<Written> {
  const group = rows.map(([first]) => first!);
  const seeds = new Map(rows.map((all) => [all[0]!.result, all.map(({ result }) => result)]));
  const baseline = group.find(({ file }) => file.includes(`${baselineRow}-seed`))?.result;
  const isBaseline = plan.rows.some(({ row }) => row.baseline === baselineRow);
  const against = isBaseline ? baseline : undefined;
  const { data, cacheDir } = plan.evaluation;
  const evidence = await findEvidence(new Map(group.map(({ file, result }) => [file, result])), {
    ...(plan.evaluation.clean === undefined && { data }),
    ...(cacheDir && { cacheDir }),
    ...(against && { baseline: against }),
  });
  // Single images, classes and p values are of one network each; what holds over seeds is in the tables.
  const shown = rows.some((all) => all.length > 1)
    ? [
        `The headline and the figures below it are means over all seeds; the rest of this page shows one seed of each network (${group.map(({ file }) => basename(file, '.json')).join(', ')}).`,
      ]
    : [];
  const { html } = await buildReport(
    group.map(({ result }) => result),
    {
      out,
      title: `${plan.experiment.title}${titleSuffix(plan)}`,
      ...(against && { baseline: against }),
      seeds,
      ...evidence,
      omissions: [...conditionSentences(plan), ...shown, ...evidence.omissions],
    },
  );
  return { files: [html], omissions: [...evidence.omissions] };
}
