/** A table as it is printed: the lines that Markdown, LaTeX, HTML and the terminal write, each in its own way. */
import { formatFraction, MISSING } from '../../format.ts';
import type { Mark } from '../../marks.ts';
import type { PaperCell, PaperTable } from '../table.ts';

export interface PrintedCell {
  /** Empty where there is nothing to say, which is not the same as a dash. */
  readonly text: string;
  /** Deviation, without its sign. */
  readonly std?: string;
  /** How it stands to the baseline's; absent for the baseline itself, and where there is nothing to compare. */
  readonly mark?: Mark;
  /** A mean over fewer than five severities; not the CE of the literature. */
  readonly partial?: boolean;
}

export interface PrintedLine {
  /** Of the paper: its own numbers, beneath ours. */
  readonly kind: 'heading' | 'baseline' | 'compared' | 'paper';
  readonly label: string;
  /** Beside the label, small: `3 seeds`. */
  readonly detail?: string;
  /** Indices into the table's footnotes. */
  readonly footnotes?: readonly number[];
  /** One a column; none for a heading. */
  readonly cells: readonly PrintedCell[];
}

/** The lines of a table of the paper: headings, our rows, and the paper's beneath. */
export function printedLines({ columns, groups }: PaperTable): PrintedLine[] {
  return groups.flatMap(({ title, rows }): PrintedLine[] => [
    ...(title ? [{ kind: 'heading', label: title, cells: [] } as const] : []),
    ...rows.flatMap(({ label, detail, footnotes, isBaseline, cells }): PrintedLine[] => {
      const kind = isBaseline ? 'baseline' : 'compared';
      const ours = cells.map((cell, index) => ourCell(cell, columns[index]!.digits));
      const theirs = cells.map(({ paper = '', paperStd: std }) => ({ text: paper, std }));
      return [
        { kind, label, detail, footnotes, cells: ours },
        ...(isEmpty(theirs) ? [] : [{ kind: 'paper', label: 'paper', cells: theirs } as const]),
      ];
    }),
  ]);
}

function ourCell({ figure, mark }: PaperCell, digits: number): PrintedCell {
  if (!figure) return { text: MISSING, mark };
  const std = figure.std === undefined ? undefined : formatFraction(figure.std, digits);
  return { text: formatFraction(figure.mean, digits), std, mark };
}

/** Whether a line has nothing to say. */
export function isEmpty(cells: readonly PrintedCell[]): boolean {
  return cells.every(({ text }) => text === '');
}

/** `.2853 ± .0021`, or the mean alone. */
export function spreadText(text: string, std: string | undefined): string {
  return std === undefined ? text : `${text} ± ${std}`;
}

/** The label, which says so where it is a baseline under another name. */
export function lineName({ label, kind }: PrintedLine): string {
  return kind === 'baseline' && label !== 'baseline' ? `${label} (baseline)` : label;
}
