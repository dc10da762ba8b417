/** Errors class by class and confused classes, of all models that can tell, side by side. */
import { type ClassErrors, type Confusion, classErrors, confusions } from '../../analyze/class-errors.ts';
import { mean } from '../../evaluate/result/metrics.ts';
import type { Predictions } from '../../evaluate/result/predictions.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import type { ComparedModel, Comparison } from '../comparison.ts';

/** A model with its errors by class. */
export interface ModelClasses {
  readonly model: ComparedModel;
  readonly errors: ClassErrors;
}

export interface ConfusedPair {
  readonly label: string;
  readonly predicted: string;
  /** One a model of `ClassTable.models`; shares of the class's images, 0 where it never happened. */
  readonly shares: readonly Pick<Confusion, 'corrupted' | 'clean'>[];
}

export interface ClassTable {
  readonly classes: readonly string[];
  /** `[C]` images of each class in a corrupted cell. */
  readonly images: readonly number[];
  /** In the order of the comparison. */
  readonly models: readonly ModelClasses[];
  /** The one whose errors are compared with; absent where it cannot tell. */
  readonly baseline?: ModelClasses;
  /** Indices of the classes, the one with the largest mean error on corrupted images first. */
  readonly order: readonly number[];
  /** Most frequent first, by their mean over the models. */
  readonly confused: readonly ConfusedPair[];
}

/** Pairs that are listed. */
const MOST_CONFUSED = 12;

/** Undefined where no model's answers to single images are known. */
export function classTable(
  comparison: Comparison,
  predictions: ReadonlyMap<Result, Predictions> = new Map(),
): ClassTable | undefined {
  const models = comparison.models.flatMap((model): ModelClasses[] => {
    const own = predictions.get(model.result);
    return own ? [{ model, errors: classErrors(own) }] : [];
  });
  const [first] = models;
  if (!first) return undefined;
  const { classes, images } = first.errors;
  const badness = (label: number) =>
    mean(models.map(({ errors }) => (errors.corrupted ?? errors.clean)?.[label] ?? 0));
  const known = [...classes.keys()].filter((label) => images[label]! > 0);
  const ranked = known.map((label) => ({ label, error: badness(label) }));
  return {
    classes,
    images: [...images],
    models,
    baseline: models.find(({ model }) => model.isBaseline),
    order: ranked.sort((a, b) => b.error - a.error || a.label - b.label).map(({ label }) => label),
    confused: confusedPairs(
      classes,
      models.map(({ model }) => confusions(predictions.get(model.result)!)),
    ),
  };
}

function confusedPairs(classes: readonly string[], lists: readonly (readonly Confusion[])[]): ConfusedPair[] {
  const key = ({ label, predicted }: Confusion) => label * classes.length + predicted;
  const maps = lists.map((list) => new Map(list.map((confusion) => [key(confusion), confusion])));
  const hasClean = lists.some((list) => list.some(({ clean }) => clean !== undefined));
  const pairs = [...new Set(maps.flatMap((map) => [...map.keys()]))].map((at) => {
    const shares = maps.map((map) => {
      const { corrupted = 0, clean = hasClean ? 0 : undefined } = map.get(at) ?? {};
      return { corrupted, clean };
    });
    return { at, shares, share: mean(shares.map(({ corrupted }) => corrupted)) };
  });
  return pairs
    .sort((a, b) => b.share - a.share || a.at - b.at)
    .slice(0, MOST_CONFUSED)
    .map(({ at, shares }) => ({
      label: classes[Math.floor(at / classes.length)]!,
      predicted: classes[at % classes.length]!,
      shares,
    }));
}
