/** The end of an evaluation on the terminal: errors in percent, a row a corruption, then the metrics by name. */

import pc from 'picocolors';
import { CORRUPTION_GROUPS } from '../../corrupt/index.ts';
import type { MetricName, Result } from '../../evaluate/result/schema.ts';
import { formatP, wrapText } from '../../report/format.ts';
import { BY_IMAGES, legend, type Mark, markOf, signOf } from '../../report/marks.ts';
import { decimals, plural, signed } from '../../words.ts';
import { terminalWidth } from '../shared/lines.ts';
import { intervalOf, percent, points } from './statistics-format.ts';

/** What each stored name means, in the order of printing; short enough for a line of 80 columns. */
const METRICS: readonly { name: MetricName; text: string; form: 'percent' | 'ratio' | 'gain' }[] = [
  { name: 'mce.absolute', text: 'absolute mCE (Eq. 9)', form: 'percent' },
  { name: 'mce.baseline', text: 'mrCE, to the baseline (Eq. 10)', form: 'ratio' },
  { name: 'mce.alexnet', text: 'mCE, to AlexNet (Hendrycks)', form: 'percent' },
  { name: 'rmce.alexnet', text: 'relative mCE (Hendrycks)', form: 'percent' },
  { name: 'gain.error.clean', text: 'R_E, gain in E (Eq. 11)', form: 'gain' },
  { name: 'gain.mce.absolute', text: 'R_mCE, gain in it (Eq. 12)', form: 'gain' },
  { name: 'rnet.beta1', text: 'R_net, net gain, beta 1 (Eq. 13)', form: 'gain' },
  { name: 'rnet.auto', text: "R_net, beta baseline's mCE / E", form: 'gain' },
  { name: 'partial.error', text: 'mean error of measured cells', form: 'percent' },
  { name: 'partial.baseline', text: 'the same, to the baseline', form: 'ratio' },
];

const FORMS = {
  percent: (value: number) => `${percent(value)} %`,
  ratio: (value: number) => decimals(value, 3),
  gain: (value: number) => signed(value, 3),
};
const ENDS = { ...FORMS, percent };

const NAME_WIDTH = 19;
const INTERVAL_WIDTH = 15;
const cell = (text: string, width = 7) => text.padStart(width);

/** @param width columns of the terminal, 80 or more */
export function resultTable(result: Result, width: number = terminalWidth()): string {
  const lines = ['', ...errorRows(result, width), '', ...metricRows(result), ...comparisonRows(result)];
  for (const note of result.notes) lines.push(...wrapText(`note: ${note}`, width).map(pc.dim));
  return lines.join('\n');
}

/** A row of the table of errors. */
interface ErrorRow {
  readonly label: string;
  /** Five severities, or what stands in their place. */
  readonly severities: string;
  readonly error?: number;
  readonly interval?: readonly [number, number];
  readonly calibration?: number;
  readonly base?: number;
  /** p value of the difference from the baseline, adjusted. */
  readonly p?: number;
}

function errorRows(result: Result, width: number): string[] {
  const { intervals, calibration, baseline } = result;
  const level = intervals && `${Math.round(100 * intervals.level)} % CI`;
  const marks: Mark[] = [];
  const severities = (row: ErrorRow) => row.severities.padStart(35);
  const error = (row: ErrorRow) => pc.bold(cell(percent(row.error), 8));
  const behind = (row: ErrorRow) =>
    [
      ...(level ? [pc.dim(cell(intervalOf(row.interval, percent), INTERVAL_WIDTH))] : []),
      ...(calibration ? [cell(percent(row.calibration))] : []),
      ...(baseline ? [cell(percent(row.base), 8), compared(row, marks)] : []),
    ].join('');
  const heads = {
    severities: [1, 2, 3, 4, 5].map((severity) => cell(String(severity))).join(''),
    error: cell('CE', 8),
    behind: [
      ...(level ? [cell(level, INTERVAL_WIDTH - 3).padEnd(INTERVAL_WIDTH)] : []),
      ...(calibration ? [cell('ECE')] : []),
      ...(baseline ? [cell('base', 8), cell('ratio')] : []),
    ].join(''),
  };
  const table = (head: string, parts: readonly ((row: ErrorRow) => string)[]) => [
    pc.bold(`${'error in %'.padEnd(NAME_WIDTH)}${head}`.trimEnd()),
    ...rowsOf(result).map((row) =>
      typeof row === 'string'
        ? pc.dim(row)
        : `${row.label.padEnd(NAME_WIDTH)}${parts.map((part) => part(row)).join('')}`.trimEnd(),
    ),
  ];
  const beside = NAME_WIDTH + heads.severities.length + heads.error.length + heads.behind.length + 1 <= width;
  const lines =
    beside || heads.behind === ''
      ? table(heads.severities + heads.error + heads.behind, [severities, error, behind])
      : [...table(heads.severities, [severities]), '', ...table(heads.error + heads.behind, [error, behind])];
  const signs = legend(marks, result.significance ? { how: BY_IMAGES } : {});
  if (signs) lines.push(...wrapText(signs, width).map(pc.dim));
  return lines;
}

/** Rows, and the names of the groups between them. */
function rowsOf({ clean, errors, ce, baseline, intervals, calibration, significance }: Result) {
  const rows: (ErrorRow | string)[] = [
    {
      label: 'clean',
      severities: pc.dim((clean ? `top-5 ${percent(clean.top5)}` : 'not measured').padStart(35)),
      error: clean?.top1,
      interval: intervals?.['error.clean'],
      calibration: calibration?.clean,
      base: baseline?.clean?.top1,
      p: significance?.clean?.p,
    },
  ];
  for (const [group, names] of Object.entries(CORRUPTION_GROUPS)) {
    const measured = names.filter((name) => errors[name]);
    if (measured.length > 0) rows.push(group);
    for (const name of measured) {
      rows.push({
        label: `  ${name}`,
        severities: errors[name]!.map((error) => cell(percent(error))).join(''),
        error: ce[name],
        interval: intervals?.ce[name],
        calibration: calibration?.corruptions[name],
        base: baseline?.ce[name],
        p: significance?.ce[name]?.holm,
      });
    }
  }
  return rows;
}

/** The ratio to the baseline's error, and the sign of what it is worth. */
function compared({ error, base, p }: ErrorRow, marks: Mark[]): string {
  if (error === undefined || !base) return cell('·');
  const difference = error - base;
  const mark = markOf(difference, p === undefined ? undefined : { difference, p });
  marks.push(mark);
  const text = cell(`${decimals(error / base, 3)}${signOf(mark) || ' '}`, 8);
  return mark === 'better' ? pc.green(text) : mark === 'worse' ? pc.red(text) : text;
}

function metricRows({ metrics, intervals, calibration, baseline, frequency }: Result): string[] {
  const lines: string[] = [];
  const push = (name: string, number: string, interval: string, text: string) => {
    const gap = intervals ? `  ${pc.dim(interval.padEnd(INTERVAL_WIDTH + 3))}` : '  ';
    lines.push(`${name.padEnd(NAME_WIDTH)}${pc.bold(cell(number, 9))}${gap}${pc.dim(text)}`);
  };
  for (const { name, text, form } of METRICS) {
    const value = metrics[name];
    if (value === undefined) continue;
    push(name, FORMS[form](value), intervalOf(intervals?.[name], ENDS[form]), text);
  }
  for (const [part, value] of [
    ['clean', calibration?.clean],
    ['corrupted', calibration?.corrupted],
  ] as const) {
    if (value === undefined) continue;
    const text = part === 'clean' ? 'calibration error, 15 bins' : 'the same, mean over cells';
    push(`ece.${part}`, FORMS.percent(value), '', text);
  }
  if (frequency) {
    const groups = Object.entries(frequency).map(
      ([name, { mean, std }]) => `${name} ${decimals(mean, 2)} ± ${decimals(std, 2)}`,
    );
    lines.push(`${'mrCE by frequency'.padEnd(NAME_WIDTH)}  ${groups.join('   ')}`);
  }
  if (baseline)
    lines.push(pc.dim(`baseline: ${baseline.model.name} ${baseline.model.variant}, ${baseline.file}`));
  return lines;
}

/** Differences from the baseline on the same images. */
function comparisonRows({ significance }: Result): string[] {
  if (!significance) return [];
  const { clean, corrupted } = significance;
  const title = "error less the baseline's, in points";
  const lines = ['', pc.bold(title.padEnd(37) + 'p'.padStart(16))];
  const row = (name: string, test: NonNullable<typeof clean | typeof corrupted>) => {
    const { difference, interval, p } = test;
    const sign = signOf(markOf(difference, test));
    return (
      `  ${name.padEnd(NAME_WIDTH - 2)}${pc.bold(`${cell(points(difference), 9)}${sign.padEnd(1)}`)} ` +
      `${pc.dim(intervalOf(interval, points).padEnd(INTERVAL_WIDTH))}${cell(formatP(p), 8)}`
    );
  };
  if (clean) {
    const { onlyThis, onlyBaseline } = clean;
    lines.push(
      row('clean', clean),
      pc.dim(`    right alone: ${plural(onlyThis, 'image')}, baseline ${onlyBaseline}`),
    );
  }
  if (corrupted) {
    lines.push(row(corrupted.metric === 'mce.absolute' ? 'absolute mCE' : 'measured cells', corrupted));
  }
  return lines;
}
