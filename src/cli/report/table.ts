/** `pushpull report --table`: a table of the paper from results. */

import { UserError } from '../../errors.ts';
import { folderLock, withLock } from '../../files/lock.ts';
import { readResults } from '../shared/results.ts';

export interface TableFlags {
  readonly out: string;
  /** Result file to compare with. */
  readonly baseline?: string;
  readonly title?: string;
  /** Number of a table of the paper. */
  readonly table?: string;
  /** For the caption: how the experiment is smaller than the paper's. */
  readonly scaled?: string;
}

/** Writes the table in four formats and prints it. */
export async function writePaperTable(files: readonly string[], flags: TableFlags): Promise<void> {
  const { paperTable } = await import('../../report/tables/build-table.ts');
  const { rowsOfResults } = await import('../../report/tables/rows.ts');
  const { TABLE_NUMBERS } = await import('../../report/tables/table.ts');
  const { paperTableText } = await import('../../report/tables/formats/terminal.ts');
  const { saveTable } = await import('../../report/tables/formats/write.ts');

  const which = TABLE_NUMBERS.find((number) => String(number) === flags.table);
  if (which === undefined) {
    throw new UserError(
      `--table ${flags.table}: expected one of the paper's tables (${TABLE_NUMBERS.join(', ')}); ` +
        '6 and 7 are the absolute errors of 1 and 2',
    );
  }
  const results = await readResults(files, flags.baseline);
  const rows = rowsOfResults(
    [...results.values()],
    flags.baseline === undefined ? {} : { baselines: [results.get(flags.baseline)!] },
  );
  const table = paperTable(which, rows, { scaled: flags.scaled, title: flags.title });
  const written = await withLock(folderLock(flags.out), () => saveTable(table, flags.out));
  console.log(
    `${paperTableText(table)}\n\n${Object.values(written)
      .map((file) => `table: ${file}`)
      .join('\n')}`,
  );
}
