/** The plane of clean error and mCE: where rows lie in it, and where the two together are no gain. */
import { type DrawnRow, type DrawnSet, type Estimate, estimate } from './rows.ts';

/** A row in the plane of the two errors. */
export interface ErrorPoint {
  readonly drawn: DrawnRow;
  /** Clean top-1 error. */
  readonly clean: Estimate;
  /** Absolute mCE (Eq. 9). */
  readonly mce: Estimate;
}

/** Rows that have both errors, and those that have not. */
export function errorPoints({ rows }: DrawnSet): { points: ErrorPoint[]; missing: DrawnRow[] } {
  const points: ErrorPoint[] = [];
  const missing: DrawnRow[] = [];
  for (const drawn of rows) {
    const [clean, mce] = (['error.clean', 'mce.absolute'] as const).map((name) =>
      estimate(
        drawn.row,
        ({ metrics }) => metrics[name],
        ({ intervals }) => intervals?.[name],
      ),
    );
    if (clean && mce) points.push({ drawn, clean, mce });
    else missing.push(drawn);
  }
  return { points, missing };
}

/** A straight line in the plane: `mce = at + slope · (clean - from)`. */
export interface ErrorLine {
  readonly beta: number;
  readonly slope: number;
  readonly from: number;
  readonly at: number;
}

/**
 * The line `R_net = 0` of a baseline: `(E0 - E)/E0 + beta · (mCE0 - mCE)/mCE0 = 0` (Eq. 11-13) solved for mCE,
 *
 *     mCE = mCE0 - mCE0 / (beta · E0) · (E - E0).
 *
 * It goes through the baseline. Below it, what is lost on clean images is won on corrupted ones, weighed by beta; with
 * beta = mCE0/E0 its slope is -1: one point of either error counts the same.
 */
export function breakEven(e0: number, mce0: number, beta: number): ErrorLine {
  return { beta, slope: -mce0 / (beta * e0), from: e0, at: mce0 };
}

/** The mCE on a line at a clean error. */
export function onLine({ slope, from, at }: ErrorLine, clean: number): number {
  return at + slope * (clean - from);
}
