/** Images whose scores are no plain numbers, counted for each cell and told. */

import { plural } from '../../words.ts';
import type { CellTally, Result } from '../result/schema.ts';
import type { Cell } from './grid.ts';
import type { MeasuredCell } from './measure.ts';

type NotFinite = NonNullable<Result['notFinite']>;
type Kind = keyof NotFinite;

/** Cells that a note names before it sums the others up. */
const NAMED = 3;

/** What is said of each kind, and what follows from it. */
const WORDS: Readonly<Record<Kind, readonly [what: string, meaning: string]>> = {
  nan: [
    'the model gives no answer (NaN, or a probability of 0 for every class)',
    'these count as errors; check how it wants its images, its precision, and whether the export is whole',
  ],
  infinite: [
    'a score of the model is infinite',
    'it is taken for the answer, with a confidence of 1; half precision that overflows looks like this',
  ],
};

const KINDS = Object.keys(WORDS) as Kind[];

/** The counts of an evaluation while it grows. */
export class NotFiniteRecord {
  readonly #tallies: Readonly<Record<Kind, CellTally>>;

  constructor(earlier: Result['notFinite']) {
    const tally = (kind: Kind) => structuredClone(earlier?.[kind]) ?? { clean: 0, cells: {} };
    this.#tallies = { nan: tally('nan'), infinite: tally('infinite') };
  }

  add({ cell, ...measured }: Pick<MeasuredCell, 'cell' | Kind>): void {
    for (const kind of KINDS) {
      const { [kind]: count = 0 } = measured;
      this.#enter(kind, cell, count);
    }
  }

  /** Forgets a cell that is measured again. */
  remove(cell: Cell | 'clean'): void {
    for (const kind of KINDS) this.#enter(kind, cell, 0);
  }

  #enter(kind: Kind, cell: Cell | 'clean', count: number): void {
    const tally = this.#tallies[kind];
    if (cell === 'clean') {
      tally.clean = count;
      return;
    }
    const { corruption, severity } = cell;
    const row = tally.cells[corruption] ?? Array<number | null>(5).fill(null);
    row[severity - 1] = count > 0 ? count : null;
    if (row.some((value) => value !== null)) tally.cells[corruption] = row;
    else delete tally.cells[corruption];
  }

  /** As it is stored; undefined where all scores were plain numbers. */
  result(): Result['notFinite'] {
    const found = KINDS.filter((kind) => total(this.#tallies[kind]) > 0);
    if (found.length === 0) return undefined;
    return Object.fromEntries(found.map((kind) => [kind, structuredClone(this.#tallies[kind])]));
  }

  /**
   * A line for people for each kind that there is.
   *
   * @param images measured ones, by cell
   */
  notes(images: { readonly clean: number | undefined; readonly cells: Result['images'] }): string[] {
    return KINDS.flatMap((kind) => {
      const { clean, cells } = this.#tallies[kind];
      const places = [
        ...(clean > 0 ? [{ name: 'the clean data', count: clean, of: images.clean ?? 0 }] : []),
        ...Object.entries(cells).flatMap(([corruption, row]) =>
          row.flatMap((count, at) =>
            count
              ? [{ name: `${corruption} ${at + 1}`, count, of: images.cells[corruption]?.[at] ?? 0 }]
              : [],
          ),
        ),
      ];
      if (places.length === 0) return [];
      const named = places
        .slice(0, NAMED)
        .map(({ name, count, of }) => `${count} of ${plural(of, 'image')} of ${name}`);
      const rest = places.slice(NAMED);
      const more =
        rest.length > 0
          ? `, and ${rest.reduce((sum, { count }) => sum + count, 0)} of ${rest.length} other ${rest.length === 1 ? 'cell' : 'cells'}`
          : '';
      const [what, meaning] = WORDS[kind];
      return [`${what} on ${named.join(', ')}${more}: ${meaning}`];
    });
  }
}

function total({ clean, cells }: CellTally): number {
  return Object.values(cells).reduce(
    (sum, row) => row.reduce<number>((all, count) => all + (count ?? 0), sum),
    clean,
  );
}

/** The counts as they were before some cells were measured. */
export function withoutTallies(
  notFinite: Result['notFinite'],
  cells: readonly (Cell | 'clean')[],
): Result['notFinite'] {
  if (!notFinite) return undefined;
  const record = new NotFiniteRecord(notFinite);
  for (const cell of cells) record.remove(cell);
  return record.result();
}
