/** The results table for a terminal. */
import pc from 'picocolors';
import type { Result } from '../evaluate/result.ts';
import { type CompareOptions, compare } from './comparison.ts';
import { headline } from './headline.ts';
import { resultTable, type TableCell, type TableColumn } from './table.ts';

export interface TextOptions {
  /** Characters a line; default: those of the terminal, 100 where there is none. */
  readonly columns?: number;
  /** Default: as picocolors finds out (terminal, NO_COLOR, FORCE_COLOR). */
  readonly color?: boolean;
}

export interface TerminalOptions extends CompareOptions, TextOptions {}

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
 * A star marks what is better than the baseline, with or without colours. Ends with the headline.
 *
 * @throws UserError when the results do not belong together
 */
export function terminalTable(results: readonly Result[], options: TerminalOptions = {}): string {
  const comparison = compare(results, options);
  const { columns, rows, hasPartial } = resultTable(comparison);
  const texts = rows.map(({ model, cells }) => ({ label: model.label, cells, dim: model.isBaseline }));
  const color = pc.createColors(options.color ?? pc.isColorSupported);
  return [
    ...layoutTable(columns, texts, options),
    '',
    color.dim(footnote(texts, hasPartial)),
    headline(comparison).sentence,
  ].join('\n');
}

/** Lines of a table that fit the width, groups of columns below each other where they do not fit beside each other. */
export function layoutTable(
  columns: readonly TableColumn[],
  rows: readonly TextRow[],
  options: TextOptions = {},
): string[] {
  const color = pc.createColors(options.color ?? pc.isColorSupported);
  const width = options.columns ?? process.stdout.columns ?? 100;
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
    return cell.mark === 'better' ? color.green(color.bold(text)) : text;
  };
  const texts = block.map((index) => paint(cells[index]!, plain(cells[index]!).padStart(widths[index]!)));
  return `${dim ? color.dim(label) : color.bold(label)}${texts.join('')}`.trimEnd();
}

/** A figure and its mark: `.285*` better, `.285†` over fewer than five severities, else a space. */
function plain({ text, mark, partial }: TableCell): string {
  return `${text}${partial ? '†' : ''}${mark === 'better' ? '*' : ' '}`;
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

function footnote(rows: readonly TextRow[], hasPartial: boolean): string {
  const notes = ['Top-1 errors as fractions of 1.'];
  if (rows.some(({ cells }) => cells.some(({ mark }) => mark === 'better')))
    notes.push('* better than the baseline.');
  if (hasPartial) notes.push('† over fewer than five severities.');
  return notes.join(' ');
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
