/** A table as Markdown. */
import { escapeMarkdown as esc } from '../format.ts';
import { markdownTable } from '../markdown.ts';
import { signOf } from '../marks.ts';
import {
  captionSentences,
  cellText,
  hasPaper,
  type PaperRow,
  type PaperTable,
  paperText,
  rowName,
  spreadText,
} from './table.ts';

export function tableMarkdown(table: PaperTable): string {
  const { columns, groups, footnotes } = table;
  const empty = columns.map(() => '');
  const body = groups.flatMap(({ title, rows }) => [
    ...(title ? [[`**${esc(title)}**`, ...empty]] : []),
    ...rows.flatMap((row) => [
      [
        label(row),
        ...row.cells.map((cell, index) => {
          const { mean, std } = cellText(cell, columns[index]!);
          const better = cell.mark === 'better';
          const text = unbroken(spreadText({ mean: better ? mean : `${mean}${signOf(cell.mark)}`, std }));
          return better ? `**${text}**` : text;
        }),
      ],
      ...(hasPaper(row)
        ? [
            [
              '_paper_',
              ...row.cells.map((cell) => {
                const text = paperText(cell);
                return text ? `_${unbroken(spreadText(text))}_` : '';
              }),
            ],
          ]
        : []),
    ]),
  ]);
  const blocks = [
    `## Table ${table.which}. ${esc(table.title)}`,
    markdownTable(['', ...columns.map(({ title }) => title)], body, 1),
    ...footnotes.map((note, index) => `<sup>${index + 1}</sup> ${esc(note)}`),
    esc(captionSentences(table, true).join(' ')),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** Many columns are narrow; a mean and its deviation in three lines, or a name in four, are hard to read. */
function unbroken(text: string): string {
  return text.replaceAll(' ', '\u00a0');
}

function label(row: PaperRow): string {
  const name = rowName(row);
  const detail = row.detail ? ` (${row.detail})` : '';
  const marks = row.footnotes.map((note) => `<sup>${note + 1}</sup>`).join('');
  return `${unbroken(`${row.isBaseline ? `_${esc(name)}_` : esc(name)}${esc(detail)}`)}${marks}`;
}
