/** Tables 1 to 4, 6 and 7 of the paper from rows. */
import { UserError } from '../../errors.ts';
import { assertSameImages } from '../comparison.ts';
import { listWords, plural } from '../format.ts';
import { corruptionTable } from './corruption-table.ts';
import { frequencyTable } from './frequency-table.ts';
import { inhibitionTable } from './inhibition-table.ts';
import type { TableRow } from './rows.ts';
import type { PaperTable, TableNumber } from './table.ts';

export interface PaperTableOptions {
  /** That the experiment is smaller than the paper's, and how; every format prints it. */
  readonly scaled?: string;
  /** Default: what the table shows. */
  readonly title?: string;
}

/**
 * A table in the paper's layout.
 *
 * @param which 1: networks with and without push-pull, errors relative to the baseline; 2: the same beside other layers
 *   and augmentations; 3: over alpha by pooling; 4: by frequency; 6 and 7: absolute errors of 1 and 2
 * @throws UserError when there are no rows, when rows on one data set were measured on different images, or when a
 *   table needs a baseline or networks that are not there
 */
export function paperTable(
  which: TableNumber,
  rows: readonly TableRow[],
  options: PaperTableOptions = {},
): PaperTable {
  if (rows.length === 0) throw new UserError(`Table ${which} needs at least one result file, found none`);
  checkBaselines(rows);
  for (const dataset of new Set(rows.map((row) => row.dataset))) {
    assertSameImages(rows.filter((row) => row.dataset === dataset).flatMap((row) => row.results));
  }
  const { title, scaled } = options;
  const made =
    which === 3 ? inhibitionTable(rows) : which === 4 ? frequencyTable(rows) : corruptionTable(which, rows);
  return {
    ...{ which, version: rows[0]!.results[0]!.environment.pushpull },
    ...made,
    ...(title && { title }),
    ...(scaled && { scaled }),
  };
}

function checkBaselines(rows: readonly TableRow[]): void {
  const empty = rows.find(({ results }) => results.length === 0);
  if (empty) throw new UserError(`${empty.label}: expected a result for each seed, found none`);
  for (const { label, baseline } of rows) {
    if (baseline === undefined || rows.some((row) => row.label === baseline)) continue;
    const names = rows.map((row) => row.label);
    throw new UserError(
      `${label}: expected its baseline ${baseline} among the rows, found ${plural(names.length, 'row')}: ` +
        `${listWords(names)}; add the results of the baseline`,
    );
  }
}
