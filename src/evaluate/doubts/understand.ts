/** A model as one set of options reads it, and what it answers to a sample of the data. */
import type { Engine } from '../../engine/engine.ts';
import { answerOf, countNotFinite } from '../grid/answers.ts';
import { type SampledImages, sampleImages } from '../images/samples.ts';
import { describeData, type TestData } from '../images/test-data.ts';
import type { ImageBatch } from '../model/feeder.ts';
import { type Classifier, type OpenedModel, openModel } from '../model/model.ts';
import type { ModelFile } from '../model/model-file.ts';
import type { PreprocessingFlags } from '../model/preprocessing.ts';
import type { EvaluateOptions } from '../options.ts';
import type { ResultData } from '../result/schema.ts';

/** What is to be understood. */
export interface Subject {
  readonly test: TestData;
  readonly engine: Engine;
  readonly source: ModelFile;
  readonly options: EvaluateOptions;
}

export interface Understood {
  readonly flags: PreprocessingFlags;
  readonly opened: OpenedModel;
  readonly data: ResultData;
  readonly sample: SampledImages;
  readonly classifier: Classifier;
}

/** @throws UserError if model, data and options do not fit together */
export async function understand(subject: Subject, flags: PreprocessingFlags): Promise<Understood> {
  const { test, engine, source, options } = subject;
  const opened = await openModel(engine, source, flags);
  try {
    const data = await describeData(test, opened, options);
    const sample = await sampleImages(test, data.preprocessing);
    const classifier = await opened.classifier(test.classes, sample);
    return { flags, opened, data, sample, classifier };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** A model's answers to a sample. */
export interface SampleAnswers {
  /** `[n]` the class of each image. */
  readonly labels: Int32Array;
  /** `[n]` the class that the model takes it for; -1 where it has no opinion. */
  readonly predicted: Int32Array;
  /** Images whose scores are no plain numbers. */
  readonly nan: number;
  readonly infinite: number;
}

/** Images that are decoded and classified at once. */
const PART = 16;

/** @param count images that are spread over the data; all where there are fewer */
export async function answersTo(
  { test }: Subject,
  { data, classifier }: Understood,
  count: number,
): Promise<SampleAnswers> {
  const labels: number[] = [];
  const predicted: number[] = [];
  const notFinite = { nan: 0, infinite: 0 };
  const { classes } = classifier;
  for (let start = 0; start < count; start += PART) {
    const part = { of: count, start, end: Math.min(start + PART, count) };
    const batch = await sampleImages(test, data.preprocessing, part);
    if (batch.count === 0) continue;
    const logits = await classifier.classify(batch);
    const counted = countNotFinite(logits, classes);
    notFinite.nan += counted.nan;
    notFinite.infinite += counted.infinite;
    for (let image = 0; image < batch.count; image++) {
      labels.push(batch.labels[image]);
      predicted.push(answerOf(logits.subarray(image * classes, (image + 1) * classes)).output);
    }
  }
  return { labels: Int32Array.from(labels), predicted: Int32Array.from(predicted), ...notFinite };
}

/** The images of a batch at these places, in a batch of their own. */
export function picked({ images, count }: ImageBatch, places: readonly number[]): ImageBatch {
  const size = images.length / count;
  const length = places.length * size;
  const own = images instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  for (const [at, place] of places.entries())
    own.set(images.subarray(place * size, (place + 1) * size), at * size);
  return { images: own, count: places.length };
}
