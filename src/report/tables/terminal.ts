/** A table of the paper for a terminal. */
import pc from 'picocolors';
import { wrapText } from '../format.ts';
import { layoutTable, type TextOptions, type TextRow } from '../terminal.ts';
import { captionSentences, cellText, hasPaper, type PaperTable, paperText, spreadText } from './table.ts';

/**
 * The table as text, groups of columns below each other where the line is short. Ends with footnotes and caption, wrapped.
 */
export function paperTableText(table: PaperTable, options: TextOptions = {}): string {
  const { columns, groups, footnotes } = table;
  const color = pc.createColors(options.color ?? pc.isColorSupported);
  const width = options.columns ?? process.stdout.columns ?? 100;
  const rows = groups.flatMap(({ title, rows: members }): TextRow[] => [
    ...(title ? [{ label: title, cells: [] }] : []),
    ...members.flatMap((row): TextRow[] => {
      const marks = row.footnotes.map((note) => `[${note + 1}]`).join('');
      const cells = row.cells.map((cell, index) => ({
        text: spreadText(cellText(cell, columns[index]!)),
        mark: cell.mark,
      }));
      const own: TextRow = { label: `${row.label}${marks}`, cells, dim: row.isBaseline };
      if (!hasPaper(row)) return [own];
      const printed = row.cells.map((cell) => {
        const text = paperText(cell);
        return { text: text ? spreadText(text) : '' };
      });
      return [own, { label: '  paper', cells: printed, dim: true }];
    }),
  ]);
  const notes = footnotes.map((note, index) => `[${index + 1}] ${note}`);
  return [
    `Table ${table.which}. ${table.title}`,
    '',
    ...layoutTable(columns, rows, { columns: width, color: options.color }),
    '',
    ...[...notes, captionSentences(table).join(' ')].flatMap((text) =>
      wrapText(text, width).map((line) => color.dim(line)),
    ),
  ].join('\n');
}
