/** Tables 1 and 2 (errors relative to the baseline), 6 and 7 (the same absolute). */
import { CORRUPTION_GROUPS } from '../../corrupt/index.ts';
import { longName, shortName } from '../format.ts';
import type { PaperTableOptions } from './build-table.ts';
import { type SeedFigures, seedFigures } from './figures.ts';
import {
  column,
  conditionSentences,
  Footnotes,
  groupRows,
  incompleteNote,
  NO_BASELINE,
  onDatasets,
  seedSentences,
  versionOf,
} from './groups.ts';
import { type PaperEntry, paperEntry } from './paper.ts';
import type { TableRow } from './rows.ts';
import { byDefinition, type Figure, summarize } from './statistics.ts';
import { compareFigures, hasPaper, type PaperCell, type PaperColumn, type PaperTable } from './table.ts';
import { testedHow, testsOf } from './tests.ts';

const TITLES = {
  1: 'Networks with and without a push-pull layer under image corruptions',
  2: 'The push-pull layer beside other layers and augmentations',
  6: 'Absolute errors of the networks of Table 1',
  7: 'Absolute errors of the networks of Table 2',
} as const;

const METRICS = [
  {
    name: 'error.clean',
    paper: 'error',
    column: column('error.clean', 'E', 'Top-1 error on clean images', 3),
  },
  {
    name: 'mce.absolute',
    paper: 'mce',
    column: column(
      'mce.absolute',
      'mCE',
      'Absolute mCE: mean of CE over the 15 corruptions, not normalised (Eq. 9)',
      4,
    ),
  },
  {
    name: 'mce.baseline',
    paper: 'mrce',
    column: column(
      'mce.baseline',
      'mrCE',
      'Mean of CE / CE of the baseline over the 15 corruptions (Eq. 10)',
      3,
    ),
  },
] as const satisfies { name: string; paper: keyof PaperEntry; column: PaperColumn }[];

const CORRUPTION_COLUMNS = (['noise', 'blur', 'weather', 'digital'] as const).flatMap((group) =>
  CORRUPTION_GROUPS[group].map((corruption) => ({ corruption, group })),
);

export function corruptionTable(
  which: 1 | 2 | 6 | 7,
  rows: readonly TableRow[],
  options: PaperTableOptions,
): PaperTable {
  const absolute = which === 6 || which === 7;
  const columns = [
    ...METRICS.map((metric) => metric.column),
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
    return columns.map(({ key, digits }, index): PaperCell => {
      const figure = own[index];
      const ratio = key === 'mce.baseline' || key.startsWith('rce.');
      const against = ratio ? 1 : reference?.[index]?.mean;
      const test = tests(key);
      const mark = baseline && compareFigures(figure, against, digits, test);
      const metric = METRICS[index];
      const printed = metric && paper?.[metric.paper];
      return {
        ...(figure && { figure }),
        ...(mark && { mark }),
        ...(test && { p: test.p }),
        ...(printed && { paper: printed }),
      };
    });
  };
  const groups = groupRows(rows, cells, notes);
  const withPaper = groups.some((group) => group.rows.some(hasPaper));
  return {
    which,
    title: options.title ?? TITLES[which],
    caption: [
      `E, mCE (absolute, Eq. 9) and mrCE (relative to the baseline, Eq. 10) ${onDatasets(rows)}; top-1 errors as fractions of 1, lower is better.`,
      absolute
        ? 'The 15 corruption columns are absolute: CE, the mean error over five severities.'
        : `The 15 corruption columns are relative: CE / CE of the baseline, below 1 is better; Table ${which === 1 ? 6 : 7} has the absolute CE.`,
      ...seedSentences(rows),
      ...conditionSentences(rows, withPaper),
    ],
    ...(options.scaled && { scaled: options.scaled }),
    columns,
    groups,
    footnotes: footnotes.texts,
    tested: testedHow(rows),
    over: 'seeds',
    version: versionOf(rows),
  };
}

/** Over the seeds, one a column. */
function figuresOf(row: TableRow, baseline: TableRow | undefined, absolute: boolean): (Figure | undefined)[] {
  const seeds = seedFigures(row, baseline);
  const over = (value: (seed: SeedFigures) => number | undefined) => summarize(seeds.map(value));
  return [
    ...METRICS.map(({ name }) => {
      const figure = over(({ metrics }) => metrics[name]);
      return name === 'mce.baseline' && row.isBaseline ? byDefinition(figure) : figure;
    }),
    ...CORRUPTION_COLUMNS.map(({ corruption }) => {
      if (absolute) return over(({ ce }) => ce[corruption]);
      const figure = over(({ relative }) => relative[corruption]);
      return row.isBaseline ? byDefinition(figure) : figure;
    }),
  ];
}
