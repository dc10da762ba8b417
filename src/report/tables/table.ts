/** A table of the paper as plain data: HTML, Markdown, CSV, LaTeX and the terminal print the same cells. */
import { formatFraction, MISSING } from '../format.ts';
import { legend, type Mark, markOf, type Test } from '../marks.ts';
import type { TableColumn } from '../table.ts';
import type { Printed } from './paper.ts';
import type { Figure } from './statistics.ts';

/** The paper's tables; 6 and 7 are the absolute errors of 1 and 2. */
export const TABLE_NUMBERS = [1, 2, 3, 4, 6, 7] as const;
export type TableNumber = (typeof TABLE_NUMBERS)[number];

export interface PaperColumn extends TableColumn {
  /** Decimals that are printed. */
  readonly digits: number;
}

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
  readonly columns: readonly PaperColumn[];
  readonly groups: readonly PaperGroup[];
  readonly footnotes: readonly string[];
  /** How differences from a baseline were tested; absent where none was. */
  readonly tested?: string;
  /** What `Figure.n` counts and `Figure.std` goes over. */
  readonly over: 'seeds' | 'alphas' | 'corruptions';
  /** Version of the package that measured the first result. */
  readonly version: string;
}

/** A cell as printed. */
export interface CellText {
  readonly mean: string;
  /** Deviation without its sign. */
  readonly std?: string;
}

export function cellText({ figure }: PaperCell, { digits }: PaperColumn): CellText {
  if (!figure) return { mean: MISSING };
  const mean = formatFraction(figure.mean, digits);
  return figure.std === undefined ? { mean } : { mean, std: formatFraction(figure.std, digits) };
}

/** `.2853 ± .0021`, or the mean alone. */
export function spreadText({ mean, std }: CellText): string {
  return std === undefined ? mean : `${mean} ± ${std}`;
}

/** The paper's number of a cell as printed there. */
export function paperText({ paper, paperStd }: PaperCell): CellText | undefined {
  if (paper === undefined) return undefined;
  return paperStd === undefined ? { mean: paper } : { mean: paper, std: paperStd };
}

/** The row's label, which says so where it is a baseline under another name. */
export function rowName({ label, isBaseline }: PaperRow): string {
  return isBaseline && label !== 'baseline' ? `${label} (baseline)` : label;
}

/** Whether the paper has a number for any cell of the row. */
export function hasPaper({ cells }: PaperRow): boolean {
  return cells.some(({ paper }) => paper !== undefined);
}

/** How a figure stands against a reference, both as printed: what rounds to the same is the same. */
export function compareFigures(
  figure: Figure | undefined,
  reference: number | undefined,
  digits: number,
  test?: Test,
): Mark | undefined {
  if (!figure || reference === undefined) return undefined;
  const same = formatFraction(figure.mean, digits) === formatFraction(reference, digits);
  return markOf(same ? 0 : figure.mean - reference, test);
}

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
