/** The results table for a terminal. */
import pc from 'picocolors';
import type { Result } from '../evaluate/result.ts';
import { type CompareOptions, compare } from './comparison.ts';
import { headline } from './headline.ts';
import { resultTable, type TableCell, type TableColumn, type TableRow } from './table.ts';

export interface TerminalOptions extends CompareOptions {
  /** Characters a line; default: those of the terminal, 100 where there is none. */
  readonly columns?: number;
  /** Default: as picocolors finds out (terminal, NO_COLOR, FORCE_COLOR). */
  readonly color?: boolean;
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
  const color = pc.createColors(options.color ?? pc.isColorSupported);
  const width = options.columns ?? process.stdout.columns ?? 100;
  const comparison = compare(results, options);
  const { columns, rows, hasPartial } = resultTable(comparison);
  const labels = rows.map(({ model }) => shorten(model.label, LABEL_WIDTH));
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const widths = columns.map(
    ({ title }, index) =>
      Math.max(title.length, ...rows.map(({ cells }) => plain(cells[index]!).trimEnd().length)) + GAP,
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
      lines.push(rowLine(row, labels[index]!.padEnd(labelWidth), block, widths, color));
    }
  }
  lines.push('', color.dim(footnote(rows, hasPartial)), headline(comparison).sentence);
  return lines.join('\n');
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
  { model, cells }: TableRow,
  label: string,
  block: readonly number[],
  widths: readonly number[],
  color: ReturnType<typeof pc.createColors>,
): string {
  const paint = (cell: TableCell, text: string) => {
    if (model.isBaseline) return color.dim(text);
    return cell.mark === 'better' ? color.green(color.bold(text)) : text;
  };
  const texts = block.map((index) => paint(cells[index]!, plain(cells[index]!).padStart(widths[index]!)));
  return `${model.isBaseline ? color.dim(label) : color.bold(label)}${texts.join('')}`.trimEnd();
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

function footnote(rows: readonly TableRow[], hasPartial: boolean): string {
  const notes = ['Top-1 errors as fractions of 1.'];
  if (rows.some(({ cells }) => cells.some(({ mark }) => mark === 'better')))
    notes.push('* better than the baseline.');
  if (hasPartial) notes.push('† over fewer than five severities.');
  return notes.join(' ');
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
