/** `pushpull experiment --dry-run`: what would be done, and how long it may take. */

import pc from 'picocolors';
import { describeChoice } from '../../engine/options.ts';
import { knownRates, type Rate, remaining } from '../../experiment/estimate/estimate.ts';
import { MEASURE_SECONDS, type MeasuredRates, measureRates } from '../../experiment/estimate/measure.ts';
import { readStoredRates, type StoredRate } from '../../experiment/estimate/stored-rates.ts';
import { checkFolder } from '../../experiment/folder.ts';
import type { ExperimentPlan } from '../../experiment/plan.ts';
import { freshStates, initialStates, type RunState } from '../../experiment/state.ts';
import { buildModule, countParameters } from '../../models/registry.ts';
import { plural, thousands } from '../../words.ts';
import { facts } from '../shared/lines.ts';
import { duration, ProgressLine } from '../shared/progress.ts';
import { conditions } from './table.ts';

/**
 * Print the plan; nothing is written but rates in the cache folder.
 *
 * @param isNew there is no folder whose runs could be gone on with
 */
export async function printPlan(plan: ExperimentPlan, isNew = false): Promise<void> {
  if (!isNew) await checkFolder(plan);
  const states = isNew ? freshStates(plan) : (await initialStates(plan)).states;
  for (const line of [
    pc.bold(plan.experiment.title),
    ...conditions(plan).map(pc.yellow),
    '',
    ...rowLines(plan, states),
    '',
  ]) {
    console.log(line);
  }
  const known = knownRates(plan, states);
  const isKnown = ({ stage, kind }: Rate) => known.some((own) => own.stage === stage && own.kind === kind);
  const stored = (await readStoredRates(plan)).filter((rate) => !isKnown(rate));
  const finished = remaining(plan, states, [])?.seconds === 0;
  const measured = finished ? NOTHING : await measureWithBar(plan, [...known, ...stored]);
  facts(totals(plan, states, { known, stored, measured }));
}

const NOTHING: MeasuredRates = { rates: [], unmeasured: [] };

async function measureWithBar(plan: ExperimentPlan, known: readonly Rate[]): Promise<MeasuredRates> {
  const line = new ProgressLine();
  const begin = performance.now();
  let name = '';
  const draw = () => {
    const seconds = Math.min(MEASURE_SECONDS, Math.round((performance.now() - begin) / 1000));
    if (name !== '') line.update(seconds, MEASURE_SECONDS, `measuring ${name}`, 's at most');
  };
  const timer = setInterval(draw, 500);
  const onRun = (next: string) => {
    name = next;
    draw();
  };
  return await measureRates(plan, known, { onRun }).finally(() => {
    clearInterval(timer);
    line.clear();
  });
}

interface Column {
  readonly title: string;
  readonly cells: readonly string[];
  readonly right?: boolean;
}

/** A line a row of the experiment that is selected. */
function rowLines(plan: ExperimentPlan, states: readonly RunState[]): string[] {
  const names = [...new Set(plan.runs.map(({ row }) => row.name))];
  const rows = plan.rows.filter(({ row }) => names.includes(row.name));
  const of = (name: string) => states.filter((state) => state.row === name);
  const columns: Column[] = [
    { title: 'row', cells: rows.map(({ row }) => row.name) },
    { title: 'compared with', cells: rows.map(({ row }) => row.baseline ?? '') },
    { title: 'width', cells: rows.map(({ config }) => String(config.model.width)), right: true },
    {
      title: 'parameters',
      cells: rows.map(({ config }) => thousands(countParameters(buildModule(config.model)))),
      right: true,
    },
    {
      title: 'epochs × images',
      cells: rows.map(({ config }) => `${config.recipe.epochs} × ${thousands(config.data.trainImages)}`),
      right: true,
    },
    {
      title: 'seeds',
      cells: rows.map(({ row }) =>
        of(row.name)
          .map(({ seed }) => seed)
          .join(', '),
      ),
    },
    { title: 'there already', cells: rows.map(({ row }) => thereAlready(of(row.name))) },
  ];
  return tableLines(columns);
}

function thereAlready(states: readonly RunState[]): string {
  const count = (text: string, is: (state: RunState) => boolean) => {
    const number = states.filter(is).length;
    return number === 0 ? [] : [number === states.length ? text : `${number} ${text}`];
  };
  const parts = [
    ...count('measured', ({ evaluation }) => evaluation.stage === 'done'),
    ...count(
      'trained',
      ({ training, evaluation }) => training.stage === 'done' && evaluation.stage !== 'done',
    ),
    ...count('begun', ({ training }) => training.stage === 'waiting' && training.progress > 0),
    ...count('diverged', ({ training }) => training.stage === 'failed'),
  ];
  return parts.join(', ');
}

function tableLines(columns: readonly Column[]): string[] {
  const widths = columns.map(({ title, cells }) =>
    Math.max(title.length, ...cells.map(({ length }) => length)),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, at) => (columns[at]!.right ? text.padStart(widths[at]!) : text.padEnd(widths[at]!)))
      .join('   ')
      .trimEnd();
  const [{ cells }] = columns as [Column];
  return [
    pc.bold(line(columns.map(({ title }) => title))),
    ...cells.map((_, index) => line(columns.map((column) => column.cells[index]!))),
  ];
}

function totals(
  plan: ExperimentPlan,
  states: readonly RunState[],
  rates: PlanRates,
): (readonly [string, string])[] {
  const untrained = plan.runs.filter(
    (_, index) => !['done', 'failed'].includes(states[index]!.training.stage),
  );
  const images = untrained.reduce(
    (sum, { config }) => sum + config.recipe.epochs * config.data.trainImages,
    0,
  );
  const { cells, images: each, data } = plan.evaluation;
  const unmeasured = states.filter(({ evaluation }) => evaluation.stage === 'waiting').length;
  const left = remaining(plan, states, [...rates.known, ...rates.stored, ...rates.measured.rates]);
  const { jobs, engine } = plan;
  return [
    ['data', `${plan.dataName}, ${plan.rows[0]!.config.data.spec}`],
    ['trainings', `${untrained.length} of ${plan.runs.length} to do: ${plural(images, 'image')} to train on`],
    [
      'evaluations',
      `${unmeasured} of ${plan.runs.length} to do: ${cells} cells × ${plural(each, 'image')} of ${data} each`,
    ],
    ['tables', plan.experiment.tables.join(', ') || 'none'],
    ['machine', `${describeChoice(engine)}, ${plural(jobs, 'job')} of ${plural(engine.threads, 'thread')}`],
    [
      'time',
      left === undefined
        ? `not known: no rate was found within ${MEASURE_SECONDS} s`
        : left.seconds === 0
          ? 'nothing is left to do but tables and report'
          : `about ${duration(left.seconds)}: ${duration(left.training)} of training, ${duration(left.evaluation)} of evaluation${jobs > 1 ? `, shared by ${jobs} jobs` : ''}; ${howKnown(rates)}`,
    ],
  ];
}

interface PlanRates {
  /** From what the folder has. */
  readonly known: readonly Rate[];
  readonly stored: readonly StoredRate[];
  readonly measured: MeasuredRates;
}

/** Where the rates are from. */
export function howKnown({ known, stored, measured: { rates, unmeasured } }: PlanRates): string {
  const dates = stored.map(({ date }) => date).sort();
  const ofRuns = stored.every(({ source }) => source === 'finished');
  const sources = [
    ...(rates.length > 0 ? ['a few seconds of kinds of network here'] : []),
    ...(stored.length > 0
      ? [`${ofRuns ? 'finished runs' : 'rates'} stored of this machine (since ${dates[0]})`]
      : []),
    ...(known.length > 0 ? ['finished runs'] : []),
  ];
  const names = unmeasured.slice(0, 3).map(({ row }) => row.name);
  const others =
    unmeasured.length === 0
      ? ''
      : `; by multiply-adds alone where ${MEASURE_SECONDS} s left no time: ${names.join(', ')}${unmeasured.length > 3 ? ', …' : ''}`;
  return `reckoned from ${sources.join(', and from ')}${others}`;
}
