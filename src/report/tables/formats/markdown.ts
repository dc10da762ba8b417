/** Tables as Markdown. */
import { escapeMarkdown as esc } from '../../format.ts';
import { signOf } from '../../marks.ts';
import { captionSentences, type PaperTable, type TableColumn } from '../table.ts';
import { lineName, type PrintedCell, type PrintedLine, printedLines, spreadText } from './printed.ts';

/** A table of the paper with its title, footnotes and caption. */
export function tableMarkdown(table: PaperTable): string {
  const { which, title, columns, footnotes } = table;
  const blocks = [
    `## Table ${which}. ${esc(title)}`,
    printedMarkdown(columns, printedLines(table), label),
    ...footnotes.map((note, index) => `<sup>${index + 1}</sup> ${esc(note)}`),
    esc(captionSentences(table, true).join(' ')),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** @param name what stands before the figures of a line */
export function printedMarkdown(
  columns: readonly TableColumn[],
  lines: readonly PrintedLine[],
  name = (line: PrintedLine) => esc(lineName(line)),
): string {
  const body = lines.map((line) => {
    if (line.kind === 'heading') return [`**${esc(line.label)}**`, ...columns.map(() => '')];
    if (line.kind === 'paper') {
      return [`_${line.label}_`, ...line.cells.map(({ text, std }) => text && `_${figure({ text, std })}_`)];
    }
    return [
      name(line),
      ...line.cells.map((cell) => (cell.mark === 'better' ? `**${figure(cell)}**` : figure(cell))),
    ];
  });
  return markdownTable(['', ...columns.map(({ title }) => title)], body, 1);
}

/** @param left Columns, counted from the first, that hold words and are aligned left. */
export function markdownTable(
  header: readonly string[],
  body: readonly (readonly string[])[],
  left: number,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(header),
    line(header.map((_, index) => (index < left ? ':--' : '--:'))),
    ...body.map(line),
  ].join('\n');
}

/** Bold says better. */
function figure({ text, std, mark, partial }: PrintedCell): string {
  const sign = mark === 'better' ? '' : signOf(mark);
  return unbroken(spreadText(`${text}${partial ? '†' : ''}${sign}`, std));
}

/** Many columns are narrow; a mean and its deviation in three lines, or a name in four, are hard to read. */
function unbroken(text: string): string {
  return text.replaceAll(' ', '\u00a0');
}

function label(line: PrintedLine): string {
  const { kind, detail, footnotes = [] } = line;
  const name = esc(lineName(line));
  const marks = footnotes.map((note) => `<sup>${note + 1}</sup>`).join('');
  return `${unbroken(`${kind === 'baseline' ? `_${name}_` : name}${detail ? ` (${esc(detail)})` : ''}`)}${marks}`;
}
