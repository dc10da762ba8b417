/** Errors image by image, summed as far as no statistic tells the summands apart. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import type { Answers } from '../grid/answers.ts';
import { isAnswered } from '../grid/answers.ts';
import type { Cell } from '../grid/grid.ts';
import { type Errors, mean } from '../result/metrics.ts';
import type { Predictions } from '../result/predictions.ts';
import type { ErrorGrid } from '../result/schema.ts';

const BENCHMARK: ReadonlySet<string> = new Set(BENCHMARK_CORRUPTIONS);

/** Several severities of a corruption which the same images were read of: their error rates share one divisor. */
interface ErrorTerm {
  /** `[N]` at how many of the severities the image was misclassified. */
  readonly wrong: Uint8Array;
  readonly severities: number;
  /** `[N]` 1 for images that were read, 0 for others; undefined where all were. */
  readonly read: Uint8Array | undefined;
}

/** What one model got wrong, by image. */
export interface ImageErrors {
  /** Images of a corrupted cell, N. */
  readonly images: number;
  /** Clean images, M. */
  readonly cleanImages: number;
  /** Whether clean image i is the one that was corrupted as image i. */
  readonly sameImages: boolean;
  readonly clean?: ErrorTerm;
  readonly corruptions: ReadonlyMap<
    string,
    { readonly terms: readonly ErrorTerm[]; readonly severities: number[] }
  >;
  /** The same errors summed the other way: by severity, over the corruptions of the benchmark. */
  readonly severities: ReadonlyMap<
    number,
    { readonly terms: readonly ErrorTerm[]; readonly corruptions: number }
  >;
}

/**
 * The errors behind some cells; undefined when the answers to one of them are not there.
 *
 * @param cells the clean images and corrupted cells that count
 */
export function imageErrors(
  predictions: Predictions,
  cells: readonly (Cell | 'clean')[],
): ImageErrors | undefined {
  const { labels, cleanLabels, images } = predictions;
  const masks: Uint8Array[] = [];
  const corruptions = new Map<string, { terms: ErrorTerm[]; severities: number[] }>();
  const severities = new Map<number, { terms: ErrorTerm[]; corruptions: number }>();
  let clean: ErrorTerm | undefined;
  for (const cell of cells) {
    const answers = predictions.cell(cell);
    if (!answers) return undefined;
    if (cell === 'clean') {
      clean = termOf(cleanLabels, answers, masks);
      continue;
    }
    const own = corruptions.get(cell.corruption) ?? { terms: [], severities: [] };
    const term = termOf(labels, answers, masks);
    addTerm(own.terms, term);
    own.severities.push(cell.severity);
    corruptions.set(cell.corruption, own);
    if (!BENCHMARK.has(cell.corruption)) continue;
    const shared = severities.get(cell.severity) ?? { terms: [], corruptions: 0 };
    addTerm(shared.terms, term);
    severities.set(cell.severity, { ...shared, corruptions: shared.corruptions + 1 });
  }
  return {
    images,
    cleanImages: cleanLabels.length,
    sameImages: labels === cleanLabels,
    clean,
    corruptions,
    severities,
  };
}

function termOf(labels: Int32Array, answers: Answers, masks: Uint8Array[]): ErrorTerm {
  const read = new Uint8Array(labels.length);
  const wrong = new Uint8Array(labels.length);
  for (let image = 0; image < labels.length; image++) {
    if (!isAnswered(answers, image)) continue;
    read[image] = 1;
    if (answers.predicted[image] !== labels[image]) wrong[image] = 1;
  }
  if (read.every((value) => value === 1)) return { wrong, severities: 1, read: undefined };
  // One object for equal masks, so that their sums are made once.
  const known = masks.find(
    (mask) => mask.length === read.length && mask.every((value, at) => value === read[at]),
  );
  if (!known) masks.push(read);
  return { wrong, severities: 1, read: known ?? read };
}

function addTerm(terms: ErrorTerm[], { wrong, severities, read }: ErrorTerm): void {
  const at = terms.findIndex((term) => term.read === read);
  if (at < 0) {
    terms.push({ wrong, severities, read });
    return;
  }
  const known = terms[at]!;
  terms[at] = {
    wrong: known.wrong.map((count, image) => count + wrong[image]!),
    severities: known.severities + severities,
    read,
  };
}

/** The columns of numbers of which sums over images are needed, to know the error rates of a draw. */
export function columnsOf({ clean, corruptions, severities }: ImageErrors): {
  readonly clean: Uint8Array[];
  readonly corrupted: Uint8Array[];
} {
  const columns = ({ wrong, read }: ErrorTerm) => (read ? [wrong, read] : [wrong]);
  const corrupted = [...corruptions.values(), ...severities.values()].flatMap(({ terms }) =>
    terms.flatMap(columns),
  );
  return { clean: clean ? columns(clean) : [], corrupted: [...new Set(corrupted)] };
}

/**
 * Error rates from sums over as many images as there are. Each severity of a corruption has the mean over its
 * severities, on which alone metrics depend.
 *
 * @param sumOf the sum of a column over the images
 */
export function errorsOfSums(errors: ImageErrors, sumOf: (column: Uint8Array) => number): Errors {
  const rate = rateBy(sumOf);
  const grid: ErrorGrid = {};
  for (const [corruption, { terms, severities }] of errors.corruptions) {
    const sum = terms.reduce((total, term) => total + rate(term), 0);
    const row: (number | null)[] = [null, null, null, null, null];
    for (const severity of severities) row[severity - 1] = sum / severities.length;
    grid[corruption] = row;
  }
  return { ...(errors.clean && { clean: { top1: rate(errors.clean) } }), errors: grid };
}

/** Mean error over the 15 benchmark corruptions, by severity, from such sums; of severities at which all were measured. */
export function severityErrors(
  errors: ImageErrors,
  sumOf: (column: Uint8Array) => number,
): Record<string, number> {
  const rate = rateBy(sumOf);
  const complete = [...errors.severities].filter(([, { corruptions }]) => corruptions === BENCHMARK.size);
  return Object.fromEntries(
    complete.map(([severity, { terms }]) => [
      severity,
      terms.reduce((total, term) => total + rate(term), 0) / BENCHMARK.size,
    ]),
  );
}

/** The summed error rates of a term, in units of one severity. */
function rateBy(sumOf: (column: Uint8Array) => number) {
  return ({ wrong, read }: ErrorTerm): number => sumOf(wrong) / (read ? sumOf(read) : wrong.length);
}

/** Error rates over every image once. */
export function errorsOfAll(errors: ImageErrors): Errors {
  return errorsOfSums(errors, (column) => column.reduce((sum, value) => sum + value, 0));
}

/** Mean over the measured severities of each corruption: its CE where all five were measured. */
export function corruptionMeans({ errors }: Errors): Record<string, number> {
  return Object.fromEntries(
    Object.entries(errors).map(([corruption, row]) => [
      corruption,
      mean(row.filter((error) => error !== null)),
    ]),
  );
}
