/** Any ONNX image classifier behind one call: a batch of prepared images in, logits of the data's classes out. */

import path from 'node:path';
import type { Engine, ModelSession } from '../../engine/engine.ts';
import { ModelStoppedError, OutOfMemoryError, UserError } from '../../errors.ts';
import { CARD_KEY, type ModelCard, type Preprocessing, parseModelCard } from '../../models/card.ts';
import { type AdaptedModel, adaptModel, type ImageFeed } from '../../onnx/adapt.ts';
import { outputsOf, sourceOf } from '../../onnx/interface.ts';
import { decodeModel, type ModelProto } from '../../onnx/model.ts';
import { randomStream } from '../../random/random.ts';
import { modelConfigSchema } from '../../run/config.ts';
import { trainingRecordSchema } from '../../run/history.ts';
import { plural } from '../../words.ts';
import { type BatchDependence, batchDependence, ScoreOrigin } from '../doubts/graph.ts';
import { impliedScale } from '../doubts/range.ts';
import type { ModelReading, ResultModel } from '../result/schema.ts';
import { isGeometryTold } from './assumed-geometry.ts';
import { describeDeclared } from './declared/declared.ts';
import { declaredPreprocessing } from './declared-preprocessing.ts';
import { Feeder, type ImageBatch } from './feeder.ts';
import { findModel } from './find-model.ts';
import { findClassOutputs, hashOutputs } from './labels/class-outputs.ts';
import { declaredNames } from './labels/metadata.ts';
import { readLabelFile } from './labels/output-names.ts';
import { checkDemands } from './model-demands.ts';
import type { ModelFile } from './model-file.ts';
import { readOnnxFile } from './onnx-file.ts';
import { type ProbedOutput, pickOutput, probeOutputs } from './outputs.ts';
import {
  type ImagePort,
  imageInput,
  loadedType,
  type PreprocessingFlags,
  resolvePreprocessing,
  takesPixels,
} from './preprocessing.ts';
import { bothClasses, classScorer, readScores } from './scores.ts';
import { loadSession, reason } from './session.ts';

/** A model that is loaded, and how it wants its images; what its outputs mean is found out next. */
export interface OpenedModel {
  readonly preprocessing: Preprocessing;
  /** Whether anything says how pictures come to its size; see assumed-geometry.ts. */
  readonly geometryTold: boolean;
  /**
   * Runs the model on a few images to find out which output has the scores, what they are, and which of them stand for
   * the classes of the data.
   *
   * @param images Prepared ones of the data; noise in their place where none are given.
   * @throws UserError when the model fails on them, gives no scores of classes, or the classes do not fit
   */
  classifier(classes: readonly string[], images?: ImageBatch): Promise<Classifier>;
  close(): Promise<void>;
}

export interface Classifier {
  /** With how it was read. */
  readonly model: ResultModel & { readonly reading: ModelReading };
  readonly preprocessing: Preprocessing;
  /** Number of classes of the data, C. */
  readonly classes: number;
  /** What of its graph makes an answer depend on more than its image. */
  readonly dependence: readonly BatchDependence[];
  /** Logits of the data's classes in their order, `[count, C]`; their softmax is the model's confidence. */
  classify(batch: ImageBatch): Promise<Float32Array | Float64Array>;
}

/**
 * Reads the model of a path: an ONNX file, a run folder with its `model.onnx`, or another folder with one.
 *
 * @param labels a file that names the classes of its outputs, in place of what it says itself
 * @throws UserError if there is none, or it is no ONNX model
 */
export async function readModelFile(modelOrRun: string, labels?: string): Promise<ModelFile> {
  const { file, run, name, notes } = await findModel(modelOrRun);
  const { bytes, proto, sha256, parameters } = await readOnnxFile(file);
  checkTask(proto, file);
  const entry = proto.metadataProps.find(({ key }) => key === CARD_KEY);
  const card = entry && parseModelCard(entry.value, file);
  const model: ResultModel = {
    name: card?.model.name ?? name ?? path.basename(file).replace(/\.onnx$/i, ''),
    variant: card?.model.variant ?? 'onnx',
    parameters: card?.model.parameters ?? parameters,
    file: modelOrRun,
    sha256,
    ...(card && howMade(card)),
  };
  const names = labels === undefined ? await declaredNames(file, proto, card) : await readLabelFile(labels);
  const declared = card ? undefined : await declaredPreprocessing(file, proto.metadataProps);
  return { path: file, run, bytes, model, card, declared, names, notes };
}

/** Ultralytics notes what a model is for; its detectors look much like classifiers from outside. */
function checkTask({ metadataProps }: ModelProto, file: string): void {
  const task = metadataProps.find(({ key }) => key === 'task')?.value;
  if (!task || !['detect', 'segment', 'pose', 'obb'].includes(task)) return;
  throw new UserError(
    `${file}: expected an image classifier, found a model for the task "${task}", as its metadata say`,
  );
}

/** Structure and training, in so far as the card tells them in the way of this version. */
function howMade(card: ModelCard): Pick<ResultModel, 'config' | 'training'> {
  const config = modelConfigSchema.strip().safeParse(card.model);
  const training = trainingRecordSchema.safeParse(card.training);
  return {
    ...(config.success && { config: config.data }),
    ...(training.success && { training: training.data }),
  };
}

/**
 * Loads a model and finds out how to feed it: layout, size, channels and type of its input from the file, the rest from
 * its card, from a configuration of HuggingFace's or timm's beside it, or from `flags`.
 *
 * @param engine An ONNX file itself needs ONNX Runtime; a run's network is built anew for any other.
 * @throws UserError if the input takes no images, or if its preprocessing is unknown
 */
export async function openModel(
  engine: Engine,
  source: ModelFile,
  given: PreprocessingFlags = {},
): Promise<OpenedModel> {
  const { file } = source.model;
  const { flags, adopted } = impliedScale(given);
  const proto = decodeModel(source.bytes, file);
  const input = imageInput(proto, file);
  const preprocessing = resolvePreprocessing(input, {
    file,
    card: source.card?.preprocessing,
    declared: source.declared,
    flags,
  });
  checkDemands(engine, { proto, input, preprocessing, file });
  const adapted = adaptModel(proto, imageFeed(input, preprocessing), file);
  const { session, notes } = await loadSession(engine, source, { proto, adapted });
  const opened = {
    ...{ source, flags, adopted, proto, input, preprocessing, adapted, session },
    notes: [...(source.notes ?? []), ...notes],
  };
  return {
    preprocessing,
    geometryTold: isGeometryTold({ card: source.card, declared: source.declared, flags }),
    classifier: (classes, images) => findClassifier(opened, classes, images),
    close: () => session.dispose(),
  };
}

/** How a model's own input differs from what the loader hands over. */
export function imageFeed(input: ImagePort, { layout, channels, mean, std }: Preprocessing): ImageFeed {
  return { input, layout, channels: channels ?? 'rgb', mean: mean[0], std: std[0] };
}

interface Opened {
  readonly source: ModelFile;
  readonly flags: PreprocessingFlags;
  /** What was read otherwise than told, in words. */
  readonly adopted: readonly string[];
  readonly proto: ModelProto;
  readonly input: ImagePort;
  readonly preprocessing: Preprocessing;
  readonly adapted: AdaptedModel;
  readonly session: ModelSession;
  /** What was chosen or changed to run the file. */
  readonly notes: readonly string[];
}

/** Images of noise that are run where there are none of the data. */
const NOISE_IMAGES = 2;

async function findClassifier(
  opened: Opened,
  classes: readonly string[],
  images: ImageBatch | undefined,
): Promise<Classifier> {
  const { source, flags, proto, input, preprocessing, notes } = opened;
  const { file } = source.model;
  const batch = images && images.count > 0 ? images : noise(preprocessing);
  const origin = new ScoreOrigin(proto.graph);
  const { feeder, output } = await probe(opened, batch, {
    file,
    name: flags.output,
    counts: [...(source.names?.complete ? [source.names.names.length] : []), classes.length],
    ports: outputsOf(proto.graph),
    against: ({ name, count }) => origin.against(name, count),
  });
  checkNumbers(output, file);
  const { doubt, ...scores } = readScores(
    ...([output.rows, output.count, sourceOf(proto.graph, output.name), flags.scores] as const),
  );
  // A single score is that of the second of two classes.
  const count = Math.max(output.count, 2);
  const found = findClassOutputs({ classes, count, names: source.names, order: flags.classOrder, file });
  const score = classScorer(count, scores.kind, found);
  const used = found.outputs.flat().length;
  const reading: ModelReading = {
    ...(notes.length > 0 && { file: [...notes] }),
    input: {
      name: input.name,
      dtype: input.dtype,
      shape: [...input.shape],
      batch: feeder.batchSize ?? null,
      channels: preprocessing.channels ?? 'rgb',
      ...(source.declared && {
        declared: describeDeclared(source.declared, flags, takesPixels(input)),
      }),
    },
    output: { name: output.name, dtype: output.dtype, count: output.count },
    scores,
    classes: {
      from: found.from,
      why: found.why,
      ...(found.order && { order: found.order }),
      ...(found.from === 'file' && { file: source.names!.source }),
      unused: count - used,
      shared: found.outputs.filter((own) => own.length > 1).length,
      mapping: hashOutputs(found.outputs),
    },
    ...(opened.adopted.length > 0 && { adopted: [...opened.adopted] }),
    ...(doubt !== undefined && { doubts: [doubt] }),
  };
  return {
    model: { ...source.model, reading },
    preprocessing,
    classes: classes.length,
    dependence: batchDependence(proto, output.name),
    classify: async (batch) => {
      const raw = await rawScores(feeder, batch, output);
      return score(output.count === 1 ? bothClasses(raw, scores.kind) : raw);
    },
  };

  function noise({ width, height }: Preprocessing): ImageBatch {
    const random = randomStream('probe', 0);
    const values = NOISE_IMAGES * 3 * width * height;
    const pixels = Uint8Array.from({ length: values }, () => random.int(0, 256));
    const type = loadedType(preprocessing);
    const noisy = type === 'uint8' ? pixels : Float32Array.from(pixels, (level) => level / 127.5 - 1);
    return { images: noisy, count: NOISE_IMAGES };
  }
}

/** Runs the model on some images, one by one if it turns out to take no more although its file says so. */
async function probe(
  { session, adapted, preprocessing }: Opened,
  batch: ImageBatch,
  wanted: Omit<Parameters<typeof pickOutput>[1], 'shapes'>,
): Promise<{ readonly feeder: Feeder; readonly output: ProbedOutput }> {
  const spec = session.inputs.find(({ name }) => name === adapted.input)!;
  const attempt = async (oneByOne: boolean) => {
    const feeder = new Feeder(session, spec, preprocessing, oneByOne);
    let probed: Awaited<ReturnType<typeof probeOutputs>>;
    try {
      probed = await probeOutputs(feeder, batch, adapted.outputs);
    } catch (error) {
      if (error instanceof OutOfMemoryError || error instanceof ModelStoppedError) throw error;
      const { width, height } = preprocessing;
      throw new UserError(
        `${wanted.file}: fails on an image of ${width}×${height} pixels (${reason(error)}); ` +
          'check --input-size and --layout',
      );
    }
    const { candidates, shapes } = probed;
    return { feeder, output: pickOutput(candidates, { ...wanted, shapes }) };
  };
  try {
    return await attempt(false);
  } catch (error) {
    const onlyOne = new Feeder(session, spec, preprocessing).batchSize !== undefined || batch.count === 1;
    if (onlyOne || !(error instanceof UserError)) throw error;
    return await attempt(true).catch(() => {
      throw error;
    });
  }
}

function checkNumbers({ name, rows, count }: ProbedOutput, file: string): void {
  const images = rows.length / count;
  const bad = Array.from({ length: images }, (_, image) =>
    rows.subarray(image * count, (image + 1) * count).some(Number.isNaN),
  );
  if (!bad.every(Boolean)) return;
  throw new UserError(
    `${file}: its output "${name}" is not a number (NaN) for ${images === 1 ? 'an image' : `each of ${images} images`} of the data; ` +
      'check --mean, --std and --scale, and whether the export is whole',
  );
}

/** What the model says of a batch, `[count, K]`. */
async function rawScores(
  feeder: Feeder,
  batch: ImageBatch,
  { fetch, count: scores }: ProbedOutput,
): Promise<Float32Array> {
  const raw = new Float32Array(batch.count * scores);
  let done = 0;
  for await (const { outputs, count, size } of feeder.run(batch, [fetch])) {
    const { data, shape } = outputs[fetch];
    if (!(data instanceof Float32Array) || data.length !== size * scores) {
      throw new RangeError(
        `output ${fetch}: expected ${plural(scores, 'score')} for each of ${plural(size, 'image')}, found [${shape.join(', ')}]`,
      );
    }
    raw.set(data.subarray(0, count * scores), done * scores);
    done += count;
  }
  return raw;
}
