/** What is measured: the data, and a model that was understood with the help of a few of its images. */
import type { Engine, EngineOptions } from '../engine/engine.ts';
import { checkLimits } from '../engine/limits.ts';
import { createEngine } from '../engine/node/index.ts';
import { checkEngineOptions } from '../engine/options.ts';
import { UserError } from '../errors.ts';
import { examine } from './doubts/examine.ts';
import { answerOf } from './grid/answers.ts';
import type { SampledImages } from './images/samples.ts';
import { openTestData, type TestData } from './images/test-data.ts';
import { type Classifier, readModelFile } from './model/model.ts';
import { guardFor } from './model/model-demands.ts';
import type { ModelFile } from './model/model-file.ts';
import { runOf } from './model/session.ts';
import type { EvaluateOptions } from './options.ts';
import type { ResultData } from './result/schema.ts';

export interface Subject {
  readonly test: TestData;
  readonly engine: Engine;
  readonly data: ResultData;
  readonly classifier: Classifier;
  /** The images that the model was tried on. */
  readonly sample: SampledImages;
}

/** Registers what has to be closed in the end, the last first. */
export type Keep = <T extends { close(): Promise<void> }>(resource: T) => T;

/**
 * Reads the model that is asked for.
 *
 * @throws UserError when there is none, or the engine that is asked for takes no such file
 */
export async function readSubject(options: EvaluateOptions): Promise<ModelFile> {
  const { model, engine, preprocessing } = options;
  const source = await readModelFile(model, preprocessing?.labels);
  if (engine !== 'torch') return source;
  runOf(source);
  const limit = (['modelTimeout', 'modelMemory'] as const).find((name) => options[name] !== undefined);
  if (limit === undefined) return source;
  const option = limit === 'modelTimeout' ? '--model-timeout' : '--model-memory';
  throw new UserError(
    `${option}: expected --engine onnxruntime with it, found torch; leave ${option} out, or --engine`,
  );
}

/**
 * Opens data and model, and finds out how the two fit together.
 *
 * @throws UserError if they do not
 */
export async function openSubject(options: EvaluateOptions, source: ModelFile, keep: Keep): Promise<Subject> {
  const test = keep(await openTestData(options, source.names));
  const { engine: name, device = 'cpu', threads, precision, gpu, tf32, torch } = options;
  const choice: EngineOptions = { engine: name, device, threads, precision, gpu, tf32, torch };
  const engine = keep(await createEngine({ ...choice, ...guardFor(source, options) }));
  const { opened, data, classifier, sample } = await examine({ test, engine, source, options });
  keep(opened);
  return { test, engine, data, classifier, sample };
}

/** How a model was understood, and what it says of a few images. */
export interface ModelPreview {
  readonly model: Classifier['model'];
  readonly data: ResultData;
  readonly answers: readonly PreviewedAnswer[];
}

export interface PreviewedAnswer {
  /** Path of the image. */
  readonly image: string;
  /** Name of its class. */
  readonly label: string;
  /** Name of the class that the model takes it for; undefined where it has no opinion (NaN). */
  readonly predicted: string | undefined;
  /** Probability of that class, in [0, 1]. */
  readonly confidence: number;
}

/**
 * Finds out how {@link evaluate} would read a model with these options, and lets it classify a few images of the data,
 * clean ones where there are any. Nothing is measured or written.
 *
 * @throws UserError as `evaluate` does, if model, data and options do not fit together
 */
export async function previewModel(options: EvaluateOptions): Promise<ModelPreview> {
  checkEngineOptions(options);
  checkLimits(options);
  const source = await readSubject(options);
  const kept: { close(): Promise<void> }[] = [];
  try {
    const { test, data, classifier, sample } = await openSubject(options, source, (resource) => {
      kept.unshift(resource);
      return resource;
    });
    const { classes } = test;
    const logits = sample.count > 0 ? await classifier.classify(sample) : new Float32Array();
    const answers = sample.described.map((image, at) => {
      const { output, confidence } = answerOf(
        logits.subarray(at * classes.length, (at + 1) * classes.length),
      );
      return { image, label: classes[sample.labels[at]], predicted: classes[output], confidence };
    });
    return { model: classifier.model, data, answers };
  } finally {
    for (const resource of kept) await resource.close();
  }
}
