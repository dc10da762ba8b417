/** Tables for a terminal. */
import pc from 'picocolors';
import { wrapText } from '../../format.ts';
import { signOf } from '../../marks.ts';
import { captionSentences, type PaperTable, type TableColumn } from '../table.ts';
import { type PrintedCell, type PrintedLine, printedLines, spreadText } from './printed.ts';

export interface TextOptions {
  /** Characters a line; default: those of the terminal, 100 where there is none. */
  readonly columns?: number;
  /** Default: as picocolors finds out (terminal, NO_COLOR, FORCE_COLOR). */
  readonly color?: boolean;
}

/** Widest label; what is longer is cut. */
const LABEL_WIDTH = 28;
const GAP = 2;

/**
 * A table of the paper as text, groups of columns below each other where the line is short. Ends with footnotes and
 * caption, wrapped.
 */
export function paperTableText(table: PaperTable, options: TextOptions = {}): string {
  const { which, title, columns, footnotes } = table;
  const notes = footnotes.map((note, index) => `[${index + 1}] ${note}`);
  return [
    `Table ${which}. ${title}`,
    '',
    ...layoutTable(columns, printedLines(table), options),
    '',
    ...dimmed([...notes, captionSentences(table).join(' ')], options),
  ].join('\n');
}

/** Texts below a table, wrapped. */
export function dimmed(texts: readonly string[], options: TextOptions): string[] {
  const color = pc.createColors(options.color ?? pc.isColorSupported);
  return texts.flatMap((text) => wrapText(text, lineWidth(options)).map((line) => color.dim(line)));
}

/** Lines of a table that fit the width, groups of columns below each other where they do not fit beside each other. */
export function layoutTable(
  columns: readonly TableColumn[],
  rows: readonly PrintedLine[],
  options: TextOptions = {},
): string[] {
  const color = pc.createColors(options.color ?? pc.isColorSupported);
  const width = lineWidth(options);
  const labels = rows.map((row) => shorten(label(row), LABEL_WIDTH));
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
  { kind, cells }: PrintedLine,
  label: string,
  block: readonly number[],
  widths: readonly number[],
  color: ReturnType<typeof pc.createColors>,
): string {
  if (cells.length === 0) return color.bold(label.trimEnd());
  const dim = kind === 'baseline' || kind === 'paper';
  const paint = (cell: PrintedCell, text: string) => {
    if (dim) return color.dim(text);
    if (cell.mark === 'better') return color.green(color.bold(text));
    return cell.mark === 'worse' ? color.red(text) : text;
  };
  const texts = block.map((index) => paint(cells[index]!, plain(cells[index]!).padStart(widths[index]!)));
  return `${dim ? color.dim(label) : color.bold(label)}${texts.join('')}`.trimEnd();
}

/** A figure and its signs: `.285*`, `.285†` over fewer than five severities; a space where there is none. */
function plain({ text, std, mark, partial }: PrintedCell): string {
  return `${spreadText(`${text}${partial ? '†' : ''}`, std)}${signOf(mark) || ' '}`;
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

function label({ kind, label: name, footnotes = [] }: PrintedLine): string {
  return `${kind === 'paper' ? '  ' : ''}${name}${footnotes.map((note) => `[${note + 1}]`).join('')}`;
}

export function lineWidth({ columns = process.stdout.columns ?? 100 }: TextOptions): number {
  return columns;
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
