/** A table of the paper as plain data: HTML, Markdown, CSV, LaTeX and the terminal print the same cells. */
import { CORRUPTION_GROUPS } from '../../corrupt/index.ts';
import { formatFraction } from '../format.ts';
import { legend, type Mark, markOf, type Test } from '../marks.ts';
import type { Printed } from './paper.ts';
import type { Figure } from './statistics.ts';

/** The paper's tables; 6 and 7 are the absolute errors of 1 and 2. */
export const TABLE_NUMBERS = [1, 2, 3, 4, 6, 7] as const;
export type TableNumber = (typeof TABLE_NUMBERS)[number];

export interface TableColumn {
  /** Stored name of a metric, or a corruption. */
  readonly key: string;
  readonly title: string;
  readonly description: string;
  /** Empty where it stands in none. */
  readonly group: string;
  /** Decimals that are printed. */
  readonly digits: number;
}

export function column(
  key: string,
  title: string,
  description: string,
  digits: number,
  group = '',
): TableColumn {
  return { key, title, description, digits, group };
}

/** The columns of the metrics that count every corruption, and of the clean error. */
export const METRIC_COLUMNS = {
  error: column('error.clean', 'E', 'Top-1 error on clean images', 3),
  mce: column(
    'mce.absolute',
    'mCE',
    'Absolute mCE: mean of CE over the 15 corruptions, not normalised (Eq. 9)',
    4,
  ),
  mrce: column('mce.baseline', 'mrCE', 'Mean of CE / CE of the baseline over the 15 corruptions (Eq. 10)', 3),
} as const;

/** The corruptions of the benchmark in the order of the columns. */
export const CORRUPTION_COLUMNS = (['noise', 'blur', 'weather', 'digital'] as const).flatMap((group) =>
  CORRUPTION_GROUPS[group].map((corruption) => ({ corruption, group })),
);

export interface PaperCell {
  /** Absent where it cannot be computed from what was measured: a dash. */
  readonly figure?: Figure;
  /** Against the baseline as printed; absent for the baseline itself and where nothing is compared. */
  readonly mark?: Mark;
  /** p value of the difference from the baseline, where it was tested; a corruption's is adjusted by Holm's method. */
  readonly p?: number;
  /** The paper's own number, where it has one. */
  readonly paper?: Printed;
  readonly paperStd?: Printed;
}

export interface PaperRow {
  /** Short, in its group: `push-pull avg3`. */
  readonly label: string;
  /** Under the label, small: `3 seeds`. */
  readonly detail?: string;
  readonly isBaseline: boolean;
  readonly dataset: string;
  readonly network: string;
  readonly variant: string;
  readonly augment?: string;
  /** What it is compared with. */
  readonly baseline?: string;
  /** One a column. */
  readonly cells: readonly PaperCell[];
  /** Indices into the table's footnotes. */
  readonly footnotes: readonly number[];
}

/** Rows that are compared with one baseline, which comes first. */
export interface PaperGroup {
  /** `ResNet-18`, `CIFAR-10 · ResNet-50 + AugMix`; empty where there is nothing to tell apart. */
  readonly title: string;
  readonly rows: readonly PaperRow[];
}

export interface PaperTable {
  readonly which: TableNumber;
  readonly title: string;
  /** What the rows and columns are, in sentences. */
  readonly caption: readonly string[];
  /** That and how the experiment is smaller than the paper's; as it was given. */
  readonly scaled?: string;
  readonly columns: readonly TableColumn[];
  readonly groups: readonly PaperGroup[];
  readonly footnotes: readonly string[];
  /** How differences from a baseline were tested; absent where none was. */
  readonly tested?: string;
  /** What `Figure.n` counts and `Figure.std` goes over. */
  readonly over: 'seeds' | 'alphas' | 'corruptions';
  /** Version of the package that measured the first result. */
  readonly version: string;
}

/** Whether the paper has a number for any cell of the row. */
export function hasPaper({ cells }: PaperRow): boolean {
  return cells.some(({ paper }) => paper !== undefined);
}

/**
 * A cell with the mark of its figure against a reference, both as printed: what rounds to the same is the same.
 *
 * @param comparison without a reference nothing is compared
 */
export function paperCell(
  figure: Figure | undefined,
  { digits }: TableColumn,
  comparison: { readonly reference?: number; readonly test?: Test },
): PaperCell {
  const { reference, test } = comparison;
  const p = test && { p: test.p };
  if (!figure) return { ...p };
  if (reference === undefined) return { figure, ...p };
  const same = formatFraction(figure.mean, digits) === formatFraction(reference, digits);
  return { figure, mark: markOf(same ? 0 : figure.mean - reference, test), ...p };
}

/** What is made of rows; the number, the version and what the caller says are added. */
export type TableContent = Omit<PaperTable, 'which' | 'version' | 'scaled'>;

/**
 * Every sentence of the caption.
 *
 * @param bold whether the format prints in bold what is better
 */
export function captionSentences(
  { caption, scaled, groups, tested }: PaperTable,
  bold: boolean = false,
): string[] {
  const rows = groups.flatMap((group) => group.rows);
  const marks = legend(
    rows.flatMap(({ cells }) => cells.map(({ mark }) => mark)),
    { bold, ...(tested && { how: tested }) },
  );
  return [
    ...caption,
    ...(rows.some(({ baseline }) => baseline !== undefined)
      ? ['A baseline stands above the rows that are compared with it.']
      : []),
    ...(marks ? [marks] : []),
    ...(scaled ? [`Scaled down: ${scaled.replace(/\.$/, '')}.`] : []),
  ];
}
