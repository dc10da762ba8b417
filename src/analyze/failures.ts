/** Which single images to look at: where a model is surely wrong, and where two models disagree. */
import { BENCHMARK_CORRUPTIONS, type CorruptionName, SEVERITIES, type Severity } from '../corrupt/names.ts';
import type { Answers } from '../evaluate/grid/answers.ts';
import type { Predictions } from '../evaluate/result/predictions.ts';

/** An image under a corruption that a model got wrong. */
export interface Failure {
  /** Place in the measured selection. */
  readonly image: number;
  readonly corruption: CorruptionName;
  readonly severity: Severity;
  /** How sure the answers are by which it was chosen, in [0, 1]: the larger, the earlier. */
  readonly weight: number;
}

/**
 * Images that the model gets right when clean and wrong when corrupted, surest first.
 *
 * They are different: no image comes twice, and no corruption or class more often than its share, unless there are
 * too few others. Of an image's corruptions the one is taken where the model is surest, of equally sure ones the mildest.
 * Where no clean images were measured, or others than those that were corrupted, all corrupted ones count.
 *
 * @param count at most so many
 */
export function surestMistakes(model: Predictions, count: number): Failure[] {
  return choose(model, count, ({ predicted, confidence }, image, label) =>
    predicted[image] === label ? undefined : confidence[image]!,
  );
}

/**
 * Images under a corruption that one model gets right and the other wrong, both being right when clean; those first
 * where both are sure (the product of their confidences is large). Different from each other as in
 * {@link surestMistakes}.
 *
 * @param right the model that is right on them
 * @param wrong the other, on the same images
 */
export function disagreements(right: Predictions, wrong: Predictions, count: number): Failure[] {
  assertSameLabels(right, wrong);
  const rightWhenClean = correctWhenClean(right);
  return choose(wrong, count, ({ predicted, confidence }, image, label, cell) => {
    if (predicted[image] === label || rightWhenClean?.(image) === false) return undefined;
    const other = right.cell(cell);
    if (other?.predicted[image] !== label) return undefined;
    return confidence[image]! * other.confidence[image]!;
  });
}

function assertSameLabels(a: Predictions, b: Predictions): void {
  if (a.images === b.images && a.labels.every((label, image) => label === b.labels[image])) return;
  throw new RangeError(
    `expected predictions for the same images, found ${a.images} and ${b.images} with other labels`,
  );
}

/** Whether an image was classified rightly before it was corrupted; undefined where that was not measured. */
function correctWhenClean(predictions: Predictions): ((image: number) => boolean) | undefined {
  const { labels, cleanLabels } = predictions;
  const clean = predictions.cell('clean');
  if (!clean || cleanLabels !== labels) return undefined;
  return (image) => clean.predicted[image] === labels[image];
}

type Weigh = (
  answers: Answers,
  image: number,
  label: number,
  cell: { corruption: CorruptionName; severity: Severity },
) => number | undefined;

function choose(model: Predictions, count: number, weigh: Weigh): Failure[] {
  const correct = correctWhenClean(model);
  const candidates: Failure[] = [];
  let corruptions = 0;
  for (const corruption of BENCHMARK_CORRUPTIONS) {
    const best = new Map<number, Failure>();
    for (const severity of SEVERITIES) {
      const answers = model.cell({ corruption, severity });
      if (!answers) continue;
      for (const [image, label] of model.labels.entries()) {
        if (correct?.(image) === false) continue;
        const weight = weigh(answers, image, label, { corruption, severity });
        // NaN where the image could not be read.
        if (weight === undefined || Number.isNaN(weight) || weight <= (best.get(image)?.weight ?? -1))
          continue;
        best.set(image, { image, corruption, severity, weight });
      }
    }
    if (best.size > 0) corruptions++;
    candidates.push(...best.values());
  }
  candidates.sort((a, b) => b.weight - a.weight || a.severity - b.severity || a.image - b.image);
  return different(candidates, model, { count, corruptions });
}

/** The first `count` that differ enough; what differs less fills up in further rounds. */
function different(
  candidates: readonly Failure[],
  { labels }: Predictions,
  { count, corruptions }: { readonly count: number; readonly corruptions: number },
): Failure[] {
  const chosen: Failure[] = [];
  const images = new Set<number>();
  const ofCorruption = new Map<string, number>();
  const ofClass = new Map<number, number>();
  const classes = new Set(candidates.map(({ image }) => labels[image]!)).size;
  const most = {
    corruption: Math.ceil(count / Math.max(1, corruptions)),
    class: Math.ceil(count / Math.max(1, classes)),
  };
  for (const slack of [1, 2, Number.POSITIVE_INFINITY]) {
    for (const candidate of candidates) {
      if (chosen.length === count) break;
      const { image, corruption } = candidate;
      const label = labels[image]!;
      const [used, seen] = [ofCorruption.get(corruption) ?? 0, ofClass.get(label) ?? 0];
      if (images.has(image) || used >= most.corruption * slack || seen >= most.class * slack) continue;
      images.add(image);
      ofCorruption.set(corruption, used + 1);
      ofClass.set(label, seen + 1);
      chosen.push(candidate);
    }
  }
  return chosen.sort((a, b) => b.weight - a.weight);
}
