/** How rows stand together in a table, and the sentences that every table needs. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import { listWords, plural } from '../format.ts';
import { incomplete, isPaired } from './figures.ts';
import { paperDataset } from './paper.ts';
import { augmentTitle, distinction, networkTitle, sizeOf, type TableRow } from './rows.ts';
import type { PaperCell, PaperGroup, PaperRow } from './table.ts';

/** The row that `row` is compared with. */
export function baselineOf(row: TableRow, rows: readonly TableRow[]): TableRow | undefined {
  return row.baseline === undefined ? undefined : rows.find(({ label }) => label === row.baseline);
}

/** Collects footnotes; the same sentence is printed once. */
export class Footnotes {
  readonly texts: string[] = [];

  /** @returns the index of the sentence */
  add(text: string): number {
    const known = this.texts.indexOf(text);
    return known >= 0 ? known : this.texts.push(text) - 1;
  }
}

/** Title of a group of different networks beside other groups. */
const OTHERS = 'Other models';

/** Rows by what they are compared with, data sets and groups in the order of their first row, baselines first. */
export function groupRows(
  rows: readonly TableRow[],
  cells: (row: TableRow, baseline: TableRow | undefined) => readonly PaperCell[],
  notes: (row: TableRow) => readonly number[],
): PaperGroup[] {
  const datasets = [...new Set(rows.map(({ dataset }) => dataset))];
  const manySeeds = new Set(rows.map(({ results }) => results.length)).size > 1;
  return datasets.flatMap((dataset) => {
    const groups = new Map<string, TableRow[]>();
    for (const row of rows.filter((candidate) => candidate.dataset === dataset)) {
      const key = row.isBaseline ? row.label : (row.baseline ?? '');
      const group = groups.get(key) ?? [];
      groups.set(key, row.isBaseline ? [row, ...group] : [...group, row]);
    }
    return [...groups.values()].map((group): PaperGroup => {
      const parts = [
        ...(datasets.length > 1 ? [dataset] : []),
        commonName(group, rows) || (groups.size > 1 ? OTHERS : ''),
      ];
      return {
        title: parts.filter((part) => part !== '').join(' · '),
        rows: group.map(
          (row): PaperRow => ({
            label: labelIn(row, group),
            ...(manySeeds && { detail: plural(row.results.length, 'seed') }),
            isBaseline: row.isBaseline,
            dataset: row.dataset,
            network: row.network,
            variant: row.variant,
            ...(row.augment !== undefined && { augment: row.augment }),
            ...(row.baseline !== undefined && { baseline: row.baseline }),
            cells: cells(row, baselineOf(row, rows)),
            footnotes: notes(row),
          }),
        ),
      };
    });
  });
}

/** The network of a group, and its augmentation; empty where its rows differ in them. */
function commonName(group: readonly TableRow[], rows: readonly TableRow[]): string {
  const [first] = group;
  const same = group.every(
    ({ network, augment }) => network === first!.network && augment === first!.augment,
  );
  if (!same || first!.variant === 'onnx') return '';
  const name = `${networkTitle(first!.network)}${first!.augment ? ` + ${augmentTitle(first!.augment)}` : ''}`;
  const twins = rows.filter(
    (row) =>
      !group.includes(row) &&
      row.dataset === first!.dataset &&
      row.network === first!.network &&
      row.augment === first!.augment,
  );
  return twins.length === 0 ? name : `${name} (${distinction(first!, twins)})`;
}

function labelIn(row: TableRow, group: readonly TableRow[]): string {
  const named = (candidate: TableRow) => {
    const shared = group.every(({ network }) => network === candidate.network);
    const augments = new Set(group.map(({ augment }) => augment)).size > 1;
    const name = candidate.variant === 'onnx' ? networkTitle(candidate.network) : candidate.variant;
    const network = shared || candidate.variant === 'onnx' ? '' : `${networkTitle(candidate.network)} `;
    return `${network}${name}${augments && candidate.augment ? ` + ${augmentTitle(candidate.augment)}` : ''}`;
  };
  const label = named(row);
  const twins = group.filter((other) => other !== row && named(other) === label);
  return twins.length === 0 ? label : `${label} (${distinction(row, twins)})`;
}

/** The footnote of a row whose seeds do not all have the whole grid. */
export function incompleteNote(row: TableRow): string | undefined {
  const missing = incomplete(row);
  if (missing.length === 0) return undefined;
  const whole = BENCHMARK_CORRUPTIONS.length * 5;
  if (row.results.length === 1) {
    return `${missing[0]!.cells} of the ${whole} corrupted cells were measured: no mCE and no mrCE, which need all.`;
  }
  const counts = listWords(missing.map(({ cells }) => String(cells)));
  const seeds = row.results.length - missing.length;
  const rest =
    seeds === 0 ? 'no mCE and no mrCE, which need all' : `mCE and mrCE are over ${plural(seeds, 'seed')}`;
  return `${missing.length} of ${plural(row.results.length, 'seed')} measured ${counts} of the ${whole} corrupted cells: ${rest}.`;
}

/** What a dash of an otherwise complete row means. */
export const NO_BASELINE =
  'No baseline that was trained alike among the results: nothing that is relative to one.';

/** How several seeds become one figure, and which seed is compared with which. */
export function seedSentences(rows: readonly TableRow[]): string[] {
  const counts = rows.map(({ results }) => results.length);
  const most = Math.max(...counts);
  if (most === 1) return [];
  const how = new Set(counts).size === 1 ? `the ${most} seeds of a row` : 'the seeds of a row';
  const sentences = [
    `Figures are mean ± standard deviation over ${how} (divisor n − 1; none for a single seed).`,
  ];
  const compared = rows.flatMap((row) => {
    const baseline = baselineOf(row, rows);
    return baseline ? [isPaired(row, baseline)] : [];
  });
  if (compared.length === 0) return sentences;
  sentences.push(
    compared.every(Boolean)
      ? 'Each seed is compared with the same seed of the baseline, and the ratios are averaged.'
      : 'A seed is compared with the same seed of the baseline where there is one, otherwise with the mean CE of the baseline over its seeds; the ratios are averaged.',
  );
  return sentences;
}

/** What was measured on how many images, in what way, and where that is another experiment than the paper's. */
export function conditionSentences(rows: readonly TableRow[], hasPaper: boolean): string[] {
  const sentences: string[] = [];
  for (const dataset of new Set(rows.map((row) => row.dataset))) {
    const own = rows.filter((row) => row.dataset === dataset);
    const { data } = own[0]!.results[0]!;
    sentences.push(`${dataset}: ${plural(data.images, `${data.split} image`)}, ${originOf(data)}.`);
  }
  const sizes = rows.map(sizeOf);
  const widths = new Set(sizes.flatMap(({ width }) => width ?? []));
  const epochs = new Set(sizes.flatMap((size) => size.epochs ?? []));
  const facts = [
    ...(widths.size > 0 ? [`width ${listWords([...widths].map(String))}`] : []),
    ...(epochs.size > 0
      ? [
          `trained for ${listWords([...epochs].map(String))} ${epochs.size === 1 && epochs.has(1) ? 'epoch' : 'epochs'}`,
        ]
      : []),
  ];
  if (facts.length > 0) sentences.push(`Networks: ${facts.join(', ')}.`);
  if (!hasPaper) return sentences;
  const others = [...new Set(rows.map(({ dataset }) => dataset))].filter((name) => {
    const original = paperDataset(name);
    return original !== undefined && original !== name;
  });
  sentences.push(
    `Rows “paper” repeat the numbers that the paper prints${others.length > 0 ? `, which are of ${listWords([...new Set(others.map((name) => paperDataset(name)!))])}` : ''}: full width, its own training, the published corrupted sets.`,
  );
  return sentences;
}

/** A set is never called published: its files cannot prove it, only a manifest of ours that they are not. */
function originOf({ corrupted, frost }: Result['data']): string {
  if (!corrupted) return 'corrupted in memory';
  return frost === 'published'
    ? 'corrupted images read from a set that does not tell who made it'
    : 'corrupted images read from a set made by pushpull';
}

/** `on CIFAR-10`, `on CIFAR-10 and ImageNet-100`. */
export function onDatasets(rows: readonly TableRow[]): string {
  return `on ${listWords([...new Set(rows.map(({ dataset }) => dataset))])}`;
}
