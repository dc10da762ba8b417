/** Table 4: mrCE inside the low, mid and high frequency group. */
import { FREQUENCY_GROUPS } from '../../corrupt/index.ts';
import { UserError } from '../../errors.ts';
import { mean, standardDeviation } from '../../evaluate/result/metrics.ts';
import { listWords, longName } from '../format.ts';
import { meanRelative, seedFigures } from './figures.ts';
import { baselineOf, conditionSentences, Footnotes, groupRows, NO_BASELINE, onDatasets } from './groups.ts';
import { paperFrequencies } from './paper.ts';
import type { TableRow } from './rows.ts';
import { column, hasPaper, type PaperCell, paperCell, type TableContent } from './table.ts';
import { testsOf } from './tests.ts';

const GROUPS = ['low', 'mid', 'high'] as const;
const TITLE = 'Where in the spectrum the error changes: mrCE by frequency group';

export function frequencyTable(rows: readonly TableRow[]): TableContent {
  if (!rows.some(({ baseline }) => baseline !== undefined)) {
    const files = rows.flatMap(({ results }) => results.map(({ model }) => model.file));
    throw new UserError(
      `Table 4 is relative to a baseline: expected the result of a plain network among the results, found ` +
        `${listWords(files)} and none to compare with; add it, or name one with --baseline RESULT.json`,
    );
  }
  const columns = GROUPS.map((group) =>
    column(
      `frequency.${group}`,
      group,
      `mrCE over ${listWords(FREQUENCY_GROUPS[group].map((name) => longName(name)))}`,
      3,
    ),
  );
  const footnotes = new Footnotes();
  const cells = (row: TableRow, baseline: TableRow | undefined): PaperCell[] => {
    const seeds = seedFigures(row, baseline);
    const paper = paperFrequencies(row);
    const tests = testsOf(row, baseline);
    return GROUPS.map((group, index): PaperCell => {
      const ratios = FREQUENCY_GROUPS[group].map((corruption) => meanRelative(seeds, corruption));
      if (!ratios.every((ratio) => ratio !== undefined)) return {};
      const figure = row.isBaseline
        ? { mean: mean(ratios), n: ratios.length }
        : { mean: mean(ratios), std: standardDeviation(ratios), n: ratios.length };
      const test = tests(columns[index]!.key);
      return {
        ...paperCell(figure, columns[index]!, { reference: baseline && 1, test }),
        ...(paper && { paper: paper[group] }),
      };
    });
  };
  const notes = (row: TableRow) => {
    const seeds = seedFigures(row, baselineOf(row, rows));
    const lacking = GROUPS.flatMap((group) => FREQUENCY_GROUPS[group]).filter(
      (corruption) => meanRelative(seeds, corruption) === undefined,
    );
    if (lacking.length === 0) return [];
    if (!row.isBaseline && row.baseline === undefined) return [footnotes.add(NO_BASELINE)];
    return [
      footnotes.add(
        `Without ${listWords(lacking.map((name) => longName(name)))} at all five severities, here or in the baseline: no figure for the group.`,
      ),
    ];
  };
  const groups = groupRows(rows, cells, notes);
  const withPaper = groups.some((group) => group.rows.some(hasPaper));
  const seeds = Math.max(...rows.map(({ results }) => results.length));
  const tested = groups.some((group) => group.rows.some((row) => row.cells.some(({ p }) => p !== undefined)));
  return {
    title: TITLE,
    caption: [
      `mrCE (Eq. 10) inside three groups of corruptions ${onDatasets(rows)}: mean ± standard deviation of CE / CE of the baseline over the corruptions of a group (divisor n: they are the whole group); below 1 is better.`,
      ...GROUPS.map(
        (group) =>
          `${group}: ${listWords(FREQUENCY_GROUPS[group].map((name) => longName(name).toLowerCase().replace('jpeg', 'JPEG')))}.`,
      ),
      ...(seeds > 1
        ? [
            'The ratio of a corruption is first averaged over seeds, each compared with the same seed of the baseline where there is one, otherwise with its mean CE.',
          ]
        : []),
      ...conditionSentences(rows, withPaper),
    ],
    columns,
    groups,
    footnotes: footnotes.texts,
    tested: tested ? 'p < .05 by Student’s paired t test over the seeds' : undefined,
    over: 'corruptions',
  };
}
