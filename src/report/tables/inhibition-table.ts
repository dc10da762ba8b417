/** Table 3: E and mrCE over fixed inhibition strengths alpha, by the pooling of the pull response. */
import { UserError } from '../../errors.ts';
import { mean } from '../../evaluate/result/metrics.ts';
import { listWords } from '../format.ts';
import { seedFigures } from './figures.ts';
import {
  baselineOf,
  conditionSentences,
  Footnotes,
  groupRows,
  incompleteNote,
  onDatasets,
} from './groups.ts';
import { PAPER_TABLE3, paperPooling } from './paper.ts';
import type { TableRow } from './rows.ts';
import { byDefinition, type Figure, summarize } from './statistics.ts';
import { hasPaper, METRIC_COLUMNS, type PaperCell, paperCell, type TableContent } from './table.ts';

const TITLE = 'Fixed inhibition strengths, by pooling of the pull response';
const COLUMNS = [METRIC_COLUMNS.error, METRIC_COLUMNS.mrce];

/** A push-pull layer of fixed strength alone: no blurring, no trained alpha. */
function fixedInhibition({ variant }: TableRow): { avg: number; alpha: number } | undefined {
  const match = /^push-pull avg(\d+) α (\S+)$/.exec(variant);
  return match ? { avg: Number(match[1]), alpha: Number(match[2]) } : undefined;
}

export function inhibitionTable(rows: readonly TableRow[]): TableContent {
  const fixed = rows.filter(fixedInhibition);
  if (fixed.length === 0) {
    throw new UserError(
      `Table 3 is over fixed inhibition strengths: expected results of networks trained with --alpha NUMBER, found ` +
        `${listWords(rows.map(({ label }) => label))}; train and evaluate some first`,
    );
  }
  const orphan = fixed.find(({ baseline }) => baseline === undefined);
  if (orphan) {
    throw new UserError(
      `Table 3 is relative to a baseline: expected the result of the plain network that ${orphan.label} is compared ` +
        'with, found none; add it, or name one with --baseline RESULT.json',
    );
  }
  const members = poolingRows(fixed);
  const baselines = rows.filter(({ label }) => fixed.some(({ baseline }) => baseline === label));
  const footnotes = new Footnotes();
  const shown = [...baselines, ...members.keys()];
  const cells = (row: TableRow, baseline: TableRow | undefined): PaperCell[] => {
    const alphas = members.get(row);
    const reference = baseline && figuresOf([baseline], rows);
    const own = figuresOf(alphas ?? [row], rows);
    const paper = alphas && paperPooling(row, fixedInhibition(alphas[0]!)!.avg);
    const printed = [paper?.error, paper?.mrce];
    return COLUMNS.map((column, index): PaperCell => {
      const figure = index === 1 && row.isBaseline ? byDefinition(own[index]) : own[index];
      const against = index === 1 ? 1 : reference?.[index]?.mean;
      const [paperMean, paperStd] = printed[index] ?? [];
      return {
        ...paperCell(figure, column, { reference: baseline && against }),
        ...(paperMean && { paper: paperMean, paperStd }),
      };
    });
  };
  const notes = (row: TableRow) =>
    (members.get(row) ?? []).flatMap((member) => {
      const note = incompleteNote(member);
      return note ? [footnotes.add(`α ${fixedInhibition(member)!.alpha}: ${note}`)] : [];
    });
  const groups = groupRows(shown, cells, notes);
  const withPaper = groups.some((group) => group.rows.some(hasPaper));
  const left = rows.length - fixed.length - baselines.length;
  return {
    title: TITLE,
    caption: [
      `Clean error E and mrCE (relative to the baseline, Eq. 10) ${onDatasets(shown)}, mean ± standard deviation over the inhibition strengths α of a row (divisor n − 1; over seeds for the baseline); lower is better.`,
      alphaSentence([...members.values()]),
      ...(fixed.some(({ results }) => results.length > 1)
        ? [
            'The figures of a strength are first averaged over seeds, each compared with the same seed of the baseline where there is one, otherwise with its mean CE.',
          ]
        : []),
      ...(left > 0 ? [`${left} of the given networks have no fixed α and are left out.`] : []),
      ...conditionSentences([...baselines, ...fixed], withPaper),
    ],
    columns: COLUMNS,
    groups,
    footnotes: footnotes.texts,
    over: 'alphas',
  };
}

/** Rows that differ in alpha alone, under one row that stands for them; poolings in order, alphas rising. */
function poolingRows(fixed: readonly TableRow[]): Map<TableRow, TableRow[]> {
  const groups = new Map<string, TableRow[]>();
  for (const row of fixed) {
    const key = JSON.stringify([row.baseline, fixedInhibition(row)!.avg]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const byAlpha = (a: TableRow, b: TableRow) => fixedInhibition(a)!.alpha - fixedInhibition(b)!.alpha;
  const sorted = [...groups.values()].sort(([a], [b]) => fixedInhibition(a!)!.avg - fixedInhibition(b!)!.avg);
  return new Map(
    sorted.map((group): [TableRow, TableRow[]] => {
      const { avg } = fixedInhibition(group[0]!)!;
      const variant = avg === 0 ? 'push-pull, no pooling' : `push-pull avg${avg}`;
      return [
        { ...group[0]!, variant, label: `${group[0]!.baseline} ${variant}`, results: group[0]!.results },
        [...group].sort(byAlpha),
      ];
    }),
  );
}

/** E and mrCE over rows, each row's mean over its seeds; over the seeds where there is one row. */
function figuresOf(members: readonly TableRow[], rows: readonly TableRow[]): (Figure | undefined)[] {
  const figures = members.map((row) => seedFigures(row, baselineOf(row, rows)));
  return (['error.clean', 'mce.baseline'] as const).map((name) => {
    const values = figures.map((seeds) => seeds.flatMap(({ metrics }) => metrics[name] ?? []));
    // The baseline has no alpha: its deviation is over its seeds.
    if (members.length === 1 && members[0]!.isBaseline) return summarize(values[0]!);
    return summarize(values.map((seeds) => (seeds.length > 0 ? mean(seeds) : undefined)));
  });
}

function alphaSentence(poolings: readonly (readonly TableRow[])[]): string {
  const sets = poolings.map((group) => [...new Set(group.map((row) => fixedInhibition(row)!.alpha))]);
  const known = [...new Set(sets.map((set) => set.join(', ')))];
  const paper = PAPER_TABLE3.alphas.join(', ');
  if (known.length === 1) {
    return `α in {${known[0]}}${known[0] === paper ? ', as in the paper' : `; the paper’s are {${paper}}`}.`;
  }
  const each = poolings.map(
    (group, index) => `{${sets[index]!.join(', ')}} for avg${fixedInhibition(group[0]!)!.avg}`,
  );
  return `α in ${listWords(each)}; the paper’s are {${paper}}.`;
}
