/**
 * What stands behind a figure, as plain text: shown on hover, on focus and on a tap.
 *
 * A tip is a heading and lines below it; tabs part the cells of a line. It goes into a `title` attribute or an SVG
 * `<title>`, where every browser shows it as it is; the page's script lays it out as a small table.
 */
import type { MetricName } from '../evaluate/result/schema.ts';
import { type ComparedModel, type Comparison, comparable, corruptionError } from './comparison.ts';
import type { TableCell } from './content/results-table.ts';
import {
  formatCount,
  formatFraction,
  formatInterval,
  formatP,
  formatPoints,
  longName,
  MISSING,
} from './format.ts';
import type { TableColumn } from './tables/table.ts';

/** Lines of cells as the text of a tip; lines without content are left out. */
export function tip(heading: string, lines: readonly (readonly string[] | undefined)[]): string {
  const clean = (cell: string) => cell.replace(/\s+/g, ' ');
  const kept = lines.filter((line) => line !== undefined).map((line) => line.map(clean).join('\t'));
  return [clean(heading), ...kept].join('\n');
}

/** What stands behind a cell of the results table. */
export function cellTip(
  { baseline }: Comparison,
  model: ComparedModel,
  column: TableColumn,
  cell: TableCell,
): string {
  const other = model.isBaseline ? undefined : baseline;
  return column.group ? corruptionTip(model, column.key, cell, other) : metricTip(model, column, cell, other);
}

/** Digits of an exact figure: a ten-thousandth is one image of 10,000. */
const DIGITS = 4;

function metricTip(
  { label, statistics }: ComparedModel,
  column: TableColumn,
  cell: TableCell,
  baseline: ComparedModel | undefined,
): string {
  return tip(`${column.title} · ${label}`, [
    [column.description],
    [label, formatFraction(cell.value, DIGITS)],
    intervalLine(statistics, statistics?.intervals?.[column.key as MetricName]),
    ...againstBaseline(cell, baseline, column.key as MetricName),
  ]);
}

function againstBaseline(
  { value, reference }: TableCell,
  baseline: ComparedModel | undefined,
  name?: MetricName,
): (readonly string[])[] {
  if (!baseline || value === undefined || reference === undefined) return [];
  // A ratio to the baseline says already how the two stand.
  if (name === 'mce.baseline' || name === 'partial.baseline') return [];
  return [
    [baseline.label, formatFraction(reference, DIGITS)],
    ['difference', `${formatPoints(value - reference, 2)} points`],
    ...(reference > 0 ? [['ratio', formatFraction(value / reference, DIGITS)]] : []),
  ];
}

/** The five errors behind a figure of a corruption, and the baseline's. */
function corruptionTip(
  model: ComparedModel,
  corruption: string,
  cell: TableCell,
  baseline: ComparedModel | undefined,
): string {
  const own = model.result.errors[corruption] ?? [];
  const theirs = baseline?.result.errors[corruption] ?? [];
  const mean = corruptionError(model.result, corruption);
  const other = baseline && corruptionError(baseline.result, corruption);
  const average = (error: typeof mean) => formatFraction(error?.value, DIGITS);
  const whole = mean === undefined || mean.severities.length === 5;
  const test = model.statistics?.significance?.ce[corruption];
  return tip(`${longName(corruption)} · ${model.label}`, [
    ['severity', '1', '2', '3', '4', '5', whole ? 'CE' : 'mean'],
    [model.label, ...SEVERITY_INDICES.map((index) => formatFraction(own[index])), average(mean)],
    ...(baseline && other
      ? [
          [baseline.label, ...SEVERITY_INDICES.map((index) => formatFraction(theirs[index])), average(other)],
          [
            'difference, points',
            ...SEVERITY_INDICES.map((index) => difference(own[index], theirs[index])),
            comparable(mean, other) ? formatPoints(mean!.value - other.value, 2) : MISSING,
          ],
        ]
      : []),
    intervalLine(model.statistics, model.statistics?.intervals?.ce[corruption], whole),
    ...(test ? [['p of the difference, adjusted', formatP(test.holm)]] : []),
    imagesBehind(model, corruption),
    ...(cell.value !== undefined && cell.reference !== undefined && cell.reference > 0 && baseline
      ? [['ratio to the baseline', formatFraction(cell.value / cell.reference, DIGITS)]]
      : []),
  ]);
}

function intervalLine(
  statistics: ComparedModel['statistics'],
  interval: readonly [number, number] | undefined,
  whole = true,
): readonly string[] | undefined {
  if (!interval) return undefined;
  const level = Math.round(100 * statistics!.intervals!.level);
  return [`${level}% interval${whole ? '' : ' of the mean'}`, formatInterval(interval, DIGITS)];
}

const SEVERITY_INDICES = [0, 1, 2, 3, 4] as const;

function difference(own: number | null | undefined, theirs: number | null | undefined): string {
  return typeof own === 'number' && typeof theirs === 'number' ? formatPoints(own - theirs) : MISSING;
}

function imagesBehind({ result }: ComparedModel, corruption: string): readonly string[] | undefined {
  const counts = (result.images[corruption] ?? []).filter((count) => count !== null);
  if (counts.length === 0) return undefined;
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const range = least === most ? formatCount(least) : `${formatCount(least)} to ${formatCount(most)}`;
  return ['images a severity', range];
}
