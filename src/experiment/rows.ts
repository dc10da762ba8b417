/** The rows of an experiment: its grids multiplied out, and what must hold between rows. */
import type { AugmentationRequest } from '../augment/augment.ts';
import type { ExperimentFile, StemEntry, TrainingSettings } from './schema.ts';

/** One network, trained one way, once with each seed. */
export interface ExperimentRow {
  readonly name: string;
  readonly network: string;
  readonly stem: StemEntry;
  readonly augmentation: AugmentationRequest;
  /** Name of the row that this one is compared with. */
  readonly baseline?: string;
  readonly seeds: readonly number[];
  /** The file's settings, overruled by the row's. */
  readonly training: TrainingSettings;
}

/** Place of a value in a file: keys and indices from the top. */
export type EntryPath = readonly (string | number)[];

/** What is wrong with a file, and where. */
export class FileProblem extends Error {
  readonly path: EntryPath;

  constructor(path: EntryPath, message: string) {
    super(message);
    this.path = path;
  }
}

interface PlacedRow extends ExperimentRow {
  readonly place: EntryPath;
  readonly baselinePlace: EntryPath;
}

/**
 * All rows of a file, those of the grids first, in the order of the file; networks change slowest, then augmentations,
 * then stems.
 *
 * @throws FileProblem when a name is unknown or there twice, when a baseline is not one, or when two rows are the same
 */
export function expandRows(file: ExperimentFile): ExperimentRow[] {
  const placed = [...file.grid.flatMap((_, index) => gridRows(file, index)), ...listedRows(file)];
  if (placed.length === 0) {
    throw new FileProblem([], 'expected a grid or rows, found neither; an experiment has one row at least');
  }
  checkNames(placed);
  checkBaselines(placed);
  checkDifferent(placed);
  return placed.map(({ place: _, baselinePlace: __, ...row }) => row);
}

function gridRows(file: ExperimentFile, index: number): PlacedRow[] {
  const grid = file.grid[index]!;
  const place = ['grid', index];
  for (const axis of ['networks', 'stems', 'augmentations'] as const) {
    const values: readonly string[] = grid[axis];
    const twice = values.findIndex((value, at) => values.indexOf(value) < at);
    if (twice >= 0)
      throw new FileProblem([...place, axis, twice], `found "${values[twice]}" twice; name it once`);
  }
  if (grid.baseline !== undefined && !grid.stems.includes(grid.baseline)) {
    throw new FileProblem(
      [...place, 'baseline'],
      `expected one of the stems of this grid (${grid.stems.join(', ')}), found "${grid.baseline}"`,
    );
  }
  const stems = grid.stems.map((name, at) => ({ name, stem: findStem(file, name, [...place, 'stems', at]) }));
  return grid.networks.flatMap((network) =>
    grid.augmentations.flatMap((augmentation) => {
      const nameOf = (stem: string) =>
        [network, stem, ...(augmentation === 'none' ? [] : [augmentation])].join('-');
      return stems.map(({ name, stem }): PlacedRow => {
        const baseline =
          grid.baseline === undefined || grid.baseline === name ? {} : { baseline: nameOf(grid.baseline) };
        return {
          name: nameOf(name),
          network,
          stem,
          augmentation,
          ...baseline,
          seeds: grid.seeds ?? file.seeds,
          training: { ...file.training, ...grid.training },
          place,
          baselinePlace: [...place, 'baseline'],
        };
      });
    }),
  );
}

function listedRows(file: ExperimentFile): PlacedRow[] {
  return file.rows.map(({ name, network, stem, augmentation, baseline, seeds, training }, index) => ({
    name,
    network,
    stem: findStem(file, stem, ['rows', index, 'stem']),
    augmentation,
    ...(baseline !== undefined && { baseline }),
    seeds: seeds ?? file.seeds,
    training: { ...file.training, ...training },
    place: ['rows', index, 'name'],
    baselinePlace: ['rows', index, 'baseline'],
  }));
}

function findStem({ stems }: ExperimentFile, name: string, place: EntryPath): StemEntry {
  const stem = stems[name];
  if (stem !== undefined) return stem;
  throw new FileProblem(
    place,
    `expected one of the stems of this file (${Object.keys(stems).join(', ')}), found "${name}"`,
  );
}

function checkNames(rows: readonly PlacedRow[]): void {
  const seen = new Map<string, PlacedRow>();
  for (const row of rows) {
    // Names become folders, and some file systems do not tell cases apart.
    const key = row.name.toLowerCase();
    if (seen.has(key)) {
      throw new FileProblem(row.place, `found the row "${row.name}" twice; give each row a name of its own`);
    }
    seen.set(key, row);
    const twice = row.seeds.find((seed, at) => row.seeds.indexOf(seed) < at);
    if (twice !== undefined) throw new FileProblem(row.place, `found seed ${twice} of "${row.name}" twice`);
  }
}

function checkBaselines(rows: readonly PlacedRow[]): void {
  const byName = new Map(rows.map((row) => [row.name, row]));
  for (const row of rows) {
    if (row.baseline === undefined) continue;
    const baseline = byName.get(row.baseline);
    if (!baseline) {
      throw new FileProblem(
        row.baselinePlace,
        `expected the name of a row (${[...byName.keys()].join(', ')}), found "${row.baseline}"`,
      );
    }
    const chain = [row.name];
    for (let next: PlacedRow | undefined = baseline; next; next = byName.get(next.baseline ?? '')) {
      if (chain.includes(next.name)) {
        const circle = [...chain, next.name].join(' → ');
        throw new FileProblem(row.baselinePlace, `expected a row to compare with, found a circle: ${circle}`);
      }
      chain.push(next.name);
    }
    if (baseline.baseline !== undefined) {
      throw new FileProblem(
        row.baselinePlace,
        `expected a row that is compared with no other, found "${baseline.name}", whose baseline is "${baseline.baseline}"`,
      );
    }
  }
}

function checkDifferent(rows: readonly PlacedRow[]): void {
  const seen = new Map<string, string>();
  for (const { name, network, stem, augmentation, training, place } of rows) {
    const { antialias = 'none', ...layer } = stem;
    const key = canonical({ network, augmentation, antialias, layer, training });
    const twin = seen.get(key);
    if (twin !== undefined) {
      throw new FileProblem(
        place,
        `"${name}" is the same as "${twin}": one network, stem, augmentation and training; leave one of them out`,
      );
    }
    seen.set(key, name);
  }
}

/** JSON with keys in order, so that the order of a file's lines does not count. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  );
}
