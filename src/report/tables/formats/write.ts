/** Tables as files. */
import path from 'node:path';
import { writeFileAtomic } from '../../../files/files.ts';
import type { PaperTable } from '../table.ts';
import { tableCsv } from './csv.ts';
import { tableHtml } from './html.tsx';
import { tableLatex } from './latex.ts';
import { tableMarkdown } from './markdown.ts';

export type TableFormat = 'html' | 'markdown' | 'csv' | 'latex';

const WRITERS: Readonly<
  Record<TableFormat, { extension: string; write: (table: PaperTable) => string | Promise<string> }>
> = {
  html: { extension: 'html', write: tableHtml },
  markdown: { extension: 'md', write: tableMarkdown },
  csv: { extension: 'csv', write: tableCsv },
  latex: { extension: 'tex', write: tableLatex },
};

/** The whole text of a table in a format. */
export async function writeTable(table: PaperTable, format: TableFormat): Promise<string> {
  return WRITERS[format].write(table);
}

/**
 * Writes `table-N.html`, `.md`, `.csv` and `.tex` into a folder, which is made where it does not exist.
 *
 * @returns the paths, by format
 * @throws UserError naming the file that cannot be written
 */
export async function saveTable(table: PaperTable, folder: string): Promise<Record<TableFormat, string>> {
  const texts = await Promise.all(
    (Object.keys(WRITERS) as TableFormat[]).map(async (format) => {
      const file = path.join(folder, `table-${table.which}.${WRITERS[format].extension}`);
      return { format, file, text: await writeTable(table, format) };
    }),
  );
  for (const { file, text } of texts) await writeFileAtomic(file, text);
  return Object.fromEntries(texts.map(({ format, file }) => [format, file])) as Record<TableFormat, string>;
}
