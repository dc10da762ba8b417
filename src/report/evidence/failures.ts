/** The single images of a report: which are shown, and what the models said about them. */
import { disagreements, type Failure, surestMistakes } from '../../analyze/failures.ts';
import type { Answers } from '../../evaluate/grid/answers.ts';
import type { Predictions } from '../../evaluate/result/predictions.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import type { Image } from '../../image/image.ts';
import type { ComparedModel, Comparison } from '../comparison.ts';
import { capitalize } from '../format.ts';
import type { MeasuredData } from './measured-data.ts';
import { pictureUri } from './pictures.ts';

/** What a model said about an image. */
export interface Answer {
  /** Name of the class; undefined where it is none of the data's. */
  readonly name: string | undefined;
  readonly right: boolean;
  /** In [0, 1]. */
  readonly confidence: number;
}

export interface AnsweredFailure extends Failure {
  /** Name of the right class. */
  readonly label: string;
  readonly answers: readonly {
    readonly model: Result;
    /** Absent where no clean images were measured, or others. */
    readonly clean?: Answer;
    readonly corrupted?: Answer;
  }[];
}

/** Failures that are shown together. */
export interface ChosenGroup<T extends AnsweredFailure = AnsweredFailure> {
  readonly heading: string;
  readonly lede: string;
  readonly failures: readonly T[];
}

export interface PicturedFailure extends AnsweredFailure {
  /** Where the image is from. */
  readonly source: string;
  readonly clean?: Image;
  readonly corrupted: Image;
}

export type FailureGroup = ChosenGroup<PicturedFailure>;

/** The same with the pictures as data URIs. */
export interface EncodedFailure extends AnsweredFailure {
  readonly source: string;
  readonly clean?: string;
  readonly corrupted: string;
  /** Of the pictures as they are embedded, pixels. */
  readonly width: number;
  readonly height: number;
}

/** Images in each group: three rows of four, and one or two for what models disagree on. */
const MISTAKES = 12;
const DISAGREEMENTS = 8;
/** Models whose answers stand under an image. */
const MOST_ANSWERS = 4;

/**
 * The failures worth looking at: the surest mistakes of the best model, then images that one of best model and
 * baseline gets right and the other wrong. With one model alone its own mistakes.
 */
export function chooseFailures(
  comparison: Comparison,
  predictions: ReadonlyMap<Result, Predictions>,
): ChosenGroup[] {
  const { models, baseline, best } = comparison;
  const known = models.filter(({ result }) => predictions.has(result));
  const subject = known.find((model) => model === best) ?? known[0];
  if (!subject) return [];
  const other = known.find((model) => model === baseline && model !== subject);
  // The two in question first, then the others as far as there is room.
  const shown = [...new Set([...(other ? [other] : []), subject, ...known])].slice(0, MOST_ANSWERS);
  const answer = (failures: readonly Failure[]) =>
    failures.map((failure) => withAnswers(failure, shown, predictions));

  const of = (model: ComparedModel) => predictions.get(model.result)!;
  const groups: ChosenGroup[] = [
    {
      heading: `Surest mistakes of ${subject.label}`,
      lede: `${hasClean(of(subject)) ? 'Right on the clean image, wrong' : 'Wrong'} on the corrupted one, and most confident of it.`,
      failures: answer(surestMistakes(of(subject), MISTAKES)),
    },
  ];
  if (other) {
    for (const [right, wrong] of [
      [subject, other],
      [other, subject],
    ] as const) {
      groups.push({
        heading: `${capitalize(right.label)} is right, ${wrong.label} is wrong`,
        lede: `${hasClean(of(subject)) ? 'Both are right on the clean image' : 'The same corrupted image'}; first where both are sure of what they say.`,
        failures: answer(disagreements(of(right), of(wrong), DISAGREEMENTS)),
      });
    }
  }
  return groups.filter(({ failures }) => failures.length > 0);
}

function hasClean(predictions: Predictions): boolean {
  return predictions.labels === predictions.cleanLabels && predictions.cell('clean') !== undefined;
}

function withAnswers(
  failure: Failure,
  models: readonly ComparedModel[],
  predictions: ReadonlyMap<Result, Predictions>,
): AnsweredFailure {
  const { image, corruption, severity } = failure;
  const { labels, classes } = predictions.get(models[0]!.result)!;
  const label = labels[image]!;
  return {
    ...failure,
    label: classes[label]!,
    answers: models.map(({ result }) => {
      const own = predictions.get(result)!;
      const read = (answers: Answers | undefined): Answer | undefined => {
        const confidence = answers?.confidence[image] ?? Number.NaN;
        if (!answers || Number.isNaN(confidence)) return undefined;
        const predicted = answers.predicted[image]!;
        return { name: own.classes[predicted], right: predicted === label, confidence };
      };
      return {
        model: result,
        clean: own.labels === own.cleanLabels ? read(own.cell('clean')) : undefined,
        corrupted: read(own.cell({ corruption, severity })),
      };
    }),
  };
}

/** Adds the pictures. */
export async function picture(
  failures: readonly AnsweredFailure[],
  images: MeasuredData,
): Promise<PicturedFailure[]> {
  const pictured: PicturedFailure[] = [];
  for (const failure of failures) {
    const { image, corruption, severity } = failure;
    pictured.push({
      ...failure,
      source: images.describe(image),
      ...(images.hasClean && { clean: await images.clean(image) }),
      corrupted: await images.corrupted(image, corruption, severity),
    });
  }
  return pictured;
}

export async function encodeFailures(
  groups: readonly FailureGroup[],
): Promise<ChosenGroup<EncodedFailure>[]> {
  return await Promise.all(
    groups.map(async (group) => ({
      ...group,
      failures: await Promise.all(
        group.failures.map(async (failure) => ({
          ...failure,
          clean: failure.clean && (await pictureUri(failure.clean)),
          corrupted: await pictureUri(failure.corrupted),
          width: failure.corrupted.width,
          height: failure.corrupted.height,
        })),
      ),
    })),
  );
}
