/** Tables 1 and 2 (errors relative to the baseline), 6 and 7 (the same absolute). */
import { longName, shortName } from '../format.ts';
import { type SeedFigures, seedFigures } from './figures.ts';
import {
  conditionSentences,
  Footnotes,
  groupRows,
  incompleteNote,
  NO_BASELINE,
  onDatasets,
  seedSentences,
} from './groups.ts';
import { paperEntry } from './paper.ts';
import type { TableRow } from './rows.ts';
import { byDefinition, type Figure, summarize } from './statistics.ts';
import {
  CORRUPTION_COLUMNS,
  column,
  hasPaper,
  METRIC_COLUMNS,
  type PaperCell,
  paperCell,
  type TableContent,
} from './table.ts';
import { testedHow, testsOf } from './tests.ts';

const TITLES = {
  1: 'Networks with and without a push-pull layer under image corruptions',
  2: 'The push-pull layer beside other layers and augmentations',
  6: 'Absolute errors of the networks of Table 1',
  7: 'Absolute errors of the networks of Table 2',
} as const;

/** What the paper prints of them beside each row. */
const PRINTED = Object.keys(METRIC_COLUMNS) as (keyof typeof METRIC_COLUMNS)[];

export function corruptionTable(which: 1 | 2 | 6 | 7, rows: readonly TableRow[]): TableContent {
  const absolute = which === 6 || which === 7;
  const columns = [
    ...Object.values(METRIC_COLUMNS),
    ...CORRUPTION_COLUMNS.map(({ corruption, group }) =>
      column(
        `${absolute ? 'ce' : 'rce'}.${corruption}`,
        shortName(corruption),
        `${longName(corruption)}: CE${absolute ? '' : ' / CE of the baseline'}`,
        3,
        group,
      ),
    ),
  ];
  const footnotes = new Footnotes();
  const notes = (row: TableRow) => {
    const note = incompleteNote(row);
    return [
      ...(note ? [footnotes.add(note)] : []),
      ...(row.isBaseline || row.baseline !== undefined ? [] : [footnotes.add(NO_BASELINE)]),
    ];
  };
  const cells = (row: TableRow, baseline: TableRow | undefined): PaperCell[] => {
    const own = figuresOf(row, baseline, absolute);
    const reference = baseline && figuresOf(baseline, undefined, absolute);
    const paper = paperEntry(row);
    const tests = testsOf(row, baseline);
    return columns.map((column, index): PaperCell => {
      const { key } = column;
      const ratio = key === 'mce.baseline' || key.startsWith('rce.');
      const against = ratio ? 1 : reference?.[index]?.mean;
      const printed = PRINTED[index] && paper?.[PRINTED[index]];
      return {
        ...paperCell(own[index], column, { reference: baseline && against, test: tests(key) }),
        ...(printed && { paper: printed }),
      };
    });
  };
  const groups = groupRows(rows, cells, notes);
  const withPaper = groups.some((group) => group.rows.some(hasPaper));
  return {
    title: TITLES[which],
    caption: [
      `E, mCE (absolute, Eq. 9) and mrCE (relative to the baseline, Eq. 10) ${onDatasets(rows)}; top-1 errors as fractions of 1, lower is better.`,
      absolute
        ? 'The 15 corruption columns are absolute: CE, the mean error over five severities.'
        : `The 15 corruption columns are relative: CE / CE of the baseline, below 1 is better; Table ${which === 1 ? 6 : 7} has the absolute CE.`,
      ...seedSentences(rows),
      ...conditionSentences(rows, withPaper),
    ],
    columns,
    groups,
    footnotes: footnotes.texts,
    tested: testedHow(rows),
    over: 'seeds',
  };
}

/** Over the seeds, one a column. */
function figuresOf(row: TableRow, baseline: TableRow | undefined, absolute: boolean): (Figure | undefined)[] {
  const seeds = seedFigures(row, baseline);
  type Value = (seed: SeedFigures) => number | undefined;
  const over = (value: Value) => summarize(seeds.map(value));
  const ratio = (value: Value) => (row.isBaseline ? byDefinition(over(value)) : over(value));
  return [
    over(({ metrics }) => metrics['error.clean']),
    over(({ metrics }) => metrics['mce.absolute']),
    ratio(({ metrics }) => metrics['mce.baseline']),
    ...CORRUPTION_COLUMNS.map(({ corruption }) =>
      absolute ? over(({ ce }) => ce[corruption]) : ratio(({ relative }) => relative[corruption]),
    ),
  ];
}
