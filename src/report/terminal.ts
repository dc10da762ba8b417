/** The results table for a terminal. */
import pc from 'picocolors';
import type { Predictions } from '../evaluate/predictions.ts';
import type { Result } from '../evaluate/result.ts';
import { withStatistics } from './certainty.ts';
import { type CompareOptions, type Comparison, compare, isTested } from './comparison.ts';
import { wrapText } from './format.ts';
import { headline } from './headline.ts';
import { BY_IMAGES, legend, signOf } from './marks.ts';
import { resultTable, type TableCell, type TableColumn } from './table.ts';

export interface TextOptions {
  /** Characters a line; default: those of the terminal, 100 where there is none. */
  readonly columns?: number;
  /** Default: as picocolors finds out (terminal, NO_COLOR, FORCE_COLOR). */
  readonly color?: boolean;
}

export interface TerminalOptions extends CompareOptions, TextOptions {
  /** The models' answers to single images, which tell what is more than chance; see `findPredictions`. */
  readonly predictions?: ReadonlyMap<Result, Predictions>;
}

/** A line of a table as text. */
export interface TextRow {
  readonly label: string;
  /** One a column; none for a line that is a heading. */
  readonly cells: readonly TableCell[];
  /** Of less weight: a baseline, a number for comparison. */
  readonly dim?: boolean;
}

/** Widest label; what is longer is cut. */
const LABEL_WIDTH = 28;
const GAP = 2;

/**
 * The table of the report as text: the same figures, groups of columns below each other where the line is short.
 * Signs say how a figure stands to the baseline's, with or without colours (`marks.ts`). Ends with the headline.
 *
 * @throws UserError when the results do not belong together
 */
export function terminalTable(results: readonly Result[], options: TerminalOptions = {}): string {
  const comparison = withStatistics(compare(results, options), options.predictions);
  const { columns, rows, hasPartial } = resultTable(comparison);
  const texts = rows.map(({ model, cells }) => ({ label: model.label, cells, dim: model.isBaseline }));
  const color = pc.createColors(options.color ?? pc.isColorSupported);
  return [
    ...layoutTable(columns, texts, options),
    '',
    ...footnotes(comparison, texts, hasPartial).flatMap((text) =>
      wrapText(text, lineWidth(options)).map((line) => color.dim(line)),
    ),
    ...wrapText(headline(comparison).sentence, lineWidth(options)),
  ].join('\n');
}

/** Lines of a table that fit the width, groups of columns below each other where they do not fit beside each other. */
export function layoutTable(
  columns: readonly TableColumn[],
  rows: readonly TextRow[],
  options: TextOptions = {},
): string[] {
  const color = pc.createColors(options.color ?? pc.isColorSupported);
  const width = lineWidth(options);
  const labels = rows.map(({ label }) => shorten(label, LABEL_WIDTH));
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const widths = columns.map(
    ({ title }, index) =>
      Math.max(
        title.length,
        ...rows.map(({ cells }) => (cells[index] ? plain(cells[index]).trimEnd().length : 0)),
      ) + GAP,
  );

  const lines: string[] = [];
  for (const block of blocks(columns, widths, width - labelWidth - 1)) {
    if (lines.length > 0) lines.push('');
    const groupLine = groupNames(columns, block, widths);
    if (groupLine) lines.push(color.dim(' '.repeat(labelWidth) + groupLine));
    // Cells end with a place for the mark, so headings end one character earlier.
    const titles = block.map((index) => `${columns[index]!.title} `.padStart(widths[index]! + 1).slice(1));
    lines.push(color.dim(`${' '.repeat(labelWidth)}${titles.join('')}`.trimEnd()));
    for (const [index, row] of rows.entries()) {
      if (row.cells.length > 0 && !block.some((at) => row.cells[at]!.text !== '')) continue;
      lines.push(rowLine(row, labels[index]!.padEnd(labelWidth), block, widths, color));
    }
  }
  return lines;
}

/** The name of each group above its first column; it may reach over the columns that follow. */
function groupNames(
  columns: readonly TableColumn[],
  block: readonly number[],
  widths: readonly number[],
): string {
  let line = '';
  let start = 0;
  for (const index of block) {
    const { group } = columns[index]!;
    if (group && (index === block[0] || columns[index - 1]!.group !== group)) {
      line = line.padEnd(start + GAP) + group;
    }
    start += widths[index]!;
  }
  return line;
}

function rowLine(
  { cells, dim }: TextRow,
  label: string,
  block: readonly number[],
  widths: readonly number[],
  color: ReturnType<typeof pc.createColors>,
): string {
  if (cells.length === 0) return color.bold(label.trimEnd());
  const paint = (cell: TableCell, text: string) => {
    if (dim) return color.dim(text);
    if (cell.mark === 'better') return color.green(color.bold(text));
    return cell.mark === 'worse' ? color.red(text) : text;
  };
  const texts = block.map((index) => paint(cells[index]!, plain(cells[index]!).padStart(widths[index]!)));
  return `${dim ? color.dim(label) : color.bold(label)}${texts.join('')}`.trimEnd();
}

/** A figure and its signs: `.285*`, `.285†` over fewer than five severities; a space where there is none. */
function plain({ text, mark, partial }: TableCell): string {
  return `${text}${partial ? '†' : ''}${signOf(mark) || ' '}`;
}

/** Indices of columns, in runs that fit `room`; a group of columns is not broken unless it alone is too wide. */
function blocks(columns: readonly TableColumn[], widths: readonly number[], room: number): number[][] {
  const groups: number[][] = [];
  for (const [index, { group }] of columns.entries()) {
    if (index > 0 && columns[index - 1]!.group === group) groups.at(-1)!.push(index);
    else groups.push([index]);
  }
  const total = (indices: readonly number[]) => indices.reduce((sum, index) => sum + widths[index]!, 0);
  const result: number[][] = [];
  for (const group of groups) {
    const last = result.at(-1);
    if (last && total(last) + total(group) <= room) last.push(...group);
    else result.push([...group]);
  }
  return result;
}

function footnotes(comparison: Comparison, rows: readonly TextRow[], hasPartial: boolean): string[] {
  const marks = legend(
    rows.flatMap(({ cells }) => cells.map(({ mark }) => mark)),
    isTested(comparison) ? { how: BY_IMAGES } : {},
  );
  return [
    'Top-1 errors as fractions of 1; mCE is absolute (Eq. 9), mrCE relative to the baseline (Eq. 10).',
    ...(marks ? [marks] : []),
    ...(hasPartial ? ['† over fewer than five severities.'] : []),
  ];
}

function lineWidth({ columns = process.stdout.columns ?? 100 }: TextOptions): number {
  return columns;
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
