/** Errors class by class, and which classes are taken for which, from a model's answers to single images. */
import { BENCHMARK_CORRUPTIONS, CORRUPTIONS, SEVERITIES } from '../corrupt/names.ts';
import { type Answers, isAnswered } from '../evaluate/grid/answers.ts';
import type { Predictions } from '../evaluate/result/predictions.ts';

/** Top-1 errors of the images of each class, in [0, 1]; NaN for a class without a classified image. */
export interface ClassErrors {
  /** Names, in the order of every array below. */
  readonly classes: readonly string[];
  /** `[C]` images of each class in a corrupted cell. */
  readonly images: Int32Array;
  /** `[C]` on the clean images; absent where none were measured. */
  readonly clean?: Float64Array;
  /** `[C]` mean over the measured severities, by corruption. */
  readonly byCorruption: ReadonlyMap<string, Float64Array>;
  /** `[C]` mean of `byCorruption` over the corruptions of the benchmark; absent where none was measured. */
  readonly corrupted?: Float64Array;
}

/** One class taken for another. */
export interface Confusion {
  /** The right class and the one that was answered, as indices. */
  readonly label: number;
  readonly predicted: number;
  /** Images of the class so answered, over all classified ones of it, under the corruptions of the benchmark. */
  readonly corrupted: number;
  /** The same on clean images; absent where none were measured. */
  readonly clean?: number;
}

/** Errors of each class, clean and by corruption. */
export function classErrors(predictions: Predictions): ClassErrors {
  const { classes, labels, cleanLabels } = predictions;
  const images = new Int32Array(classes.length);
  for (const label of labels) images[label]++;
  const clean = predictions.cell('clean');
  const byCorruption = new Map<string, Float64Array>();
  for (const corruption of CORRUPTIONS) {
    const cells = SEVERITIES.flatMap((severity) => predictions.cell({ corruption, severity }) ?? []);
    if (cells.length === 0) continue;
    byCorruption.set(
      corruption,
      meanOf(
        cells.map((answers) => errorsByClass(labels, answers, classes.length)),
        classes.length,
      ),
    );
  }
  const counted = BENCHMARK_CORRUPTIONS.flatMap((corruption) => byCorruption.get(corruption) ?? []);
  return {
    classes,
    images,
    ...(clean && { clean: errorsByClass(cleanLabels, clean, classes.length) }),
    byCorruption,
    ...(counted.length > 0 && { corrupted: meanOf(counted, classes.length) }),
  };
}

function errorsByClass(labels: Int32Array, answers: Answers, classes: number): Float64Array {
  const wrong = new Float64Array(classes);
  const answered = new Float64Array(classes);
  for (const [image, label] of labels.entries()) {
    if (!isAnswered(answers, image)) continue;
    answered[label]++;
    if (answers.predicted[image] !== label) wrong[label]++;
  }
  return wrong.map((count, label) => count / answered[label]!);
}

function meanOf(rows: readonly Float64Array[], length: number): Float64Array {
  return Float64Array.from(
    { length },
    (_, index) => rows.reduce((sum, row) => sum + row[index]!, 0) / rows.length,
  );
}

/**
 * Every pair of classes of which one was taken for the other, most frequent under corruption first. Answers that are
 * none of the data's classes are no confusion of two classes and are left out.
 */
export function confusions(predictions: Predictions): Confusion[] {
  const { classes, labels, cleanLabels } = predictions;
  const corrupted = new ConfusionCounts(classes.length);
  for (const corruption of BENCHMARK_CORRUPTIONS) {
    for (const severity of SEVERITIES) {
      const answers = predictions.cell({ corruption, severity });
      if (answers) corrupted.add(labels, answers);
    }
  }
  const cleanAnswers = predictions.cell('clean');
  const clean = new ConfusionCounts(classes.length);
  if (cleanAnswers) clean.add(cleanLabels, cleanAnswers);

  return corrupted
    .pairs()
    .map(({ label, predicted, share }) => ({
      label,
      predicted,
      corrupted: share,
      ...(cleanAnswers && { clean: clean.share(label, predicted) }),
    }))
    .sort((a, b) => b.corrupted - a.corrupted || a.label - b.label || a.predicted - b.predicted);
}

/** How often the images of each class were answered by each class. */
class ConfusionCounts {
  readonly #classes: number;
  /** `[C, C]`, the right class first. */
  readonly #counts: Uint32Array;
  readonly #answered: Uint32Array;

  constructor(classes: number) {
    this.#classes = classes;
    this.#counts = new Uint32Array(classes * classes);
    this.#answered = new Uint32Array(classes);
  }

  add(labels: Int32Array, answers: Answers): void {
    for (const [image, label] of labels.entries()) {
      if (!isAnswered(answers, image)) continue;
      this.#answered[label]++;
      const predicted = answers.predicted[image]!;
      if (predicted >= 0) this.#counts[label * this.#classes + predicted]++;
    }
  }

  share(label: number, predicted: number): number {
    return this.#counts[label * this.#classes + predicted]! / this.#answered[label]!;
  }

  /** Pairs of two different classes that occur. */
  pairs(): { label: number; predicted: number; share: number }[] {
    const pairs: { label: number; predicted: number; share: number }[] = [];
    for (const [at, count] of this.#counts.entries()) {
      const [label, predicted] = [Math.floor(at / this.#classes), at % this.#classes];
      if (count > 0 && label !== predicted)
        pairs.push({ label, predicted, share: this.share(label, predicted) });
    }
    return pairs;
  }
}
