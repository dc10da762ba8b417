/** A table as CSV: a line a figure, plain numbers at full precision. */
import { textCell } from '../../../files/cells.ts';
import type { PaperTable } from '../table.ts';

const HEADER = [
  'table',
  'dataset',
  'network',
  'variant',
  'augment',
  'role',
  'baseline',
  'metric',
  'mean',
  'std',
  'n',
  'over',
  'p',
  'paper_mean',
  'paper_std',
  'note',
  'scaled',
];

/**
 * One header line, then a line for each row and column of the table. `metric` is the stored name of the result file
 * (`ce.*`: CE; `rce.*`: CE / CE of the baseline); `n` values of what `over` says are behind `mean` and `std`; a figure that
 * was not measured, a deviation of a single value, and a `p` of what was not tested, are empty.
 */
export function tableCsv(table: PaperTable): string {
  const lines = table.groups.flatMap(({ rows }) =>
    rows.flatMap((row) =>
      row.cells.map(({ figure, p, paper, paperStd }, index) => [
        table.which,
        row.dataset,
        row.network,
        row.variant,
        row.augment,
        row.isBaseline ? 'baseline' : 'compared',
        row.baseline,
        table.columns[index]!.key,
        figure?.mean,
        figure?.std,
        figure?.n,
        row.isBaseline ? 'seeds' : table.over,
        p,
        paper === undefined ? undefined : Number(paper),
        paperStd === undefined ? undefined : Number(paperStd),
        row.footnotes.map((note) => table.footnotes[note]).join(' '),
        table.scaled,
      ]),
    ),
  );
  return `${[HEADER, ...lines].map((fields) => fields.map(field).join(',')).join('\n')}\n`;
}

/**
 * RFC 4180: quoted where a comma, a quote or a line break would end the field. Names and notes that a spreadsheet would
 * compute as formulas get the apostrophe that tells it that they are text; numbers stay as they are.
 */
export function field(value: string | number | undefined): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? textCell(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
