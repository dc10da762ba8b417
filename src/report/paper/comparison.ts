/** The figures that compare results: 7, 8, and accuracy against severity. */
import { UserError } from '../../errors.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import { plural } from '../format.ts';
import type { RowOptions, TableRow } from '../tables/rows.ts';
import { errorPoints } from './error-plane.ts';
import { type FigureFormat, type PaperFigure, writeFigures } from './figure.tsx';
import { type DrawnSet, drawnRows } from './rows.ts';

export interface ComparisonFigureOptions extends RowOptions {
  /** Rows that are made already, as those of a table; default: `rowsOfResults` makes them of the results. */
  readonly rows?: readonly TableRow[];
  /** Folder for the figures; made where it does not exist. */
  readonly out: string;
  /** Default: both. */
  readonly formats?: readonly FigureFormat[];
  /** Sentences that stand under every figure: that an experiment was scaled down, say. */
  readonly conditions?: readonly string[];
}

export interface ComparisonFigureOutcome {
  /** Paths of the files that were written. */
  readonly files: readonly string[];
  /** What was left out, and why, in plain words. */
  readonly notes: readonly string[];
}

/**
 * Draws figures 7 (clean error against mCE), 8 (the same with the lines `R_net = 0` of each baseline), and accuracy
 * against severity, in the mean and by corruption. Several seeds of one network are one mark with bars; each data set
 * has panels of its own.
 *
 * @throws UserError when there are no results, when two are of one model, or when nothing can be drawn of them
 */
export async function writeComparisonFigures(
  results: readonly Result[],
  options: ComparisonFigureOptions,
): Promise<ComparisonFigureOutcome> {
  if (results.length === 0) {
    throw new UserError('figures of results: expected at least one result file, found none');
  }
  // Scales and shapes take a while to load: only where something is drawn.
  const { errorFigure, gainFigure } = await import('./scatter.tsx');
  const { severityByCorruptionFigure, severityFigure } = await import('./severity.tsx');
  const sets = drawnRows(results, options);
  const notes: string[] = [];
  const figures: PaperFigure[] = [];
  const keep = (figure: PaperFigure | undefined, why: string) => {
    if (figure) figures.push(figure);
    else notes.push(why);
  };
  keep(errorFigure(sets), 'figure 7 needs the clean error and all 15 corruptions at 5 severities');
  keep(
    gainFigure(sets),
    'figure 8 needs a baseline and a network that is compared with it, measured on the whole benchmark',
  );
  keep(severityFigure(sets), 'accuracy against severity needs two severities that all have measured');
  keep(severityByCorruptionFigure(sets), 'accuracy by corruption needs a corruption that all have measured');
  notes.push(...incompleteRows(sets));
  if (figures.length === 0) {
    throw new UserError(`figures of results: nothing can be drawn: ${notes.join('; ')}`);
  }
  return { files: await writeFigures(figures, options.out, options.formats, options.conditions), notes };
}

function incompleteRows(sets: readonly DrawnSet[]): string[] {
  return sets.flatMap((set) => {
    const { points, missing } = errorPoints(set);
    if (points.length === 0 || missing.length === 0) return [];
    const names = missing.map(({ name }) => name).join(', ');
    return [`figures 7 and 8 leave out ${plural(missing.length, 'row')} without an mCE: ${names}`];
  });
}
