/** Any ONNX image classifier behind one call: a batch of prepared images in, logits out. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Engine, ModelSession } from '../engine/engine.ts';
import { UserError } from '../errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { type ModelCard, type Preprocessing, readModelCard } from '../models/card.ts';
import { modelConfigSchema } from '../train/config.ts';
import { trainingRecordSchema } from '../train/history.ts';
import { isRun, openRun } from '../train/run.ts';
import { Feeder, type ImageBatch } from './feeder.ts';
import { inspectOnnx } from './onnx-file.ts';
import { imageInput, type PreprocessingFlags, resolvePreprocessing } from './preprocessing.ts';
import type { ResultModel } from './result.ts';

/** A model file that was read and found to be ONNX. */
export interface ModelFile {
  /** The ONNX file itself; in a run, its `model.onnx`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly model: ResultModel;
  /** Present when this project wrote the file. */
  readonly card?: ModelCard;
}

export interface Classifier {
  readonly model: ResultModel;
  readonly preprocessing: Preprocessing;
  /** Number of outputs, K. */
  readonly classes: number;
  /** Their names, where the model's card tells them. */
  readonly classNames?: readonly string[];
  /** Logits, `[count, K]`. */
  classify(batch: ImageBatch): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Reads the model of a path: an ONNX file, or a run folder with its `model.onnx`.
 *
 * @throws UserError if there is none, or it is no ONNX model
 */
export async function readModelFile(modelOrRun: string): Promise<ModelFile> {
  const file = await findModelFile(modelOrRun);
  const bytes = new Uint8Array(await readFile(file));
  const { parameters } = inspectOnnx(bytes, file);
  const card = readModelCard(bytes, file);
  const model: ResultModel = {
    name: card?.model.name ?? path.basename(file).replace(/\.onnx$/i, ''),
    variant: card?.model.variant ?? 'onnx',
    parameters: card?.model.parameters ?? parameters,
    file: modelOrRun,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...(card && howMade(card)),
  };
  return { path: file, bytes, model, card };
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

async function findModelFile(modelOrRun: string): Promise<string> {
  const entry = await stat(modelOrRun).catch(() => undefined);
  if (!entry) {
    throw new UserError(
      `${modelOrRun}: expected an ONNX file or the folder of a run, found nothing there; check the path`,
    );
  }
  if (!entry.isDirectory()) return modelOrRun;
  if (!(await isRun(modelOrRun))) {
    throw new UserError(
      `${modelOrRun}: expected an ONNX file or the folder of a run, found a folder without config.json; ` +
        'give the .onnx file itself, or the folder that `pushpull train --out` wrote',
    );
  }
  const { model } = await openRun(modelOrRun);
  if (model) return model;
  throw new UserError(
    `${modelOrRun}: expected a finished run with model.onnx, found one without; continue it with ` +
      `\`pushpull train --out ${modelOrRun} --resume\`, or export its last checkpoint with ` +
      `\`pushpull export ${modelOrRun} --out MODEL.onnx\` and evaluate that`,
  );
}

/**
 * Loads a model and finds out how to feed it: layout, size and type of its input from the session, the rest from
 * its card or from `flags`. One image of zeros is run through it to learn the number of classes.
 *
 * @param dataClasses number of classes of the data; picks the output where a model has several
 * @throws UserError if the input is no RGB image, if its preprocessing is unknown, or if the classes do not fit
 */
export async function openClassifier(
  engine: Engine,
  source: ModelFile,
  flags: PreprocessingFlags = {},
  dataClasses?: number,
): Promise<Classifier> {
  const { file } = source.model;
  let session: ModelSession;
  try {
    session = await engine.loadModel(source.bytes);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${file}: ONNX Runtime cannot load this model on ${engine.device}: ${(error as Error).message}`,
    );
  }
  try {
    const input = imageInput(session, file);
    const preprocessing = resolvePreprocessing(input, { file, card: source.card?.preprocessing, flags });
    const feeder = new Feeder(session, input, preprocessing);
    const output = pickOutput(await feeder.probe(file), file, flags.output, dataClasses);
    return {
      model: source.model,
      preprocessing,
      classes: output.classes,
      classNames: source.card?.classes,
      classify: (batch) => classify(feeder, batch, output),
      close: () => session.dispose(),
    };
  } catch (error) {
    await session.dispose();
    throw error;
  }
}

interface LogitsOutput {
  readonly name: string;
  readonly classes: number;
}

/** The output `[N, K]` (or `[N, K, 1, 1]`) that holds the logits. */
function pickOutput(
  outputs: Record<string, Tensor>,
  file: string,
  wanted: string | undefined,
  dataClasses: number | undefined,
): LogitsOutput {
  const found = Object.entries(outputs)
    .map(([name, tensor]) => `${name}: ${tensor.dtype} [${tensor.shape.join(', ')}]`)
    .join('; ');
  const candidates = Object.entries(outputs)
    .filter(
      ([, { dtype, shape }]) =>
        dtype === 'float32' && shape.length >= 2 && shape.slice(2).every((n) => n === 1),
    )
    .map(([name, { shape }]) => ({ name, classes: shape[1] }));
  if (wanted !== undefined) {
    const output = candidates.find(({ name }) => name === wanted);
    if (output) return checkClasses(output, file, dataClasses);
    throw new UserError(
      `${file}: --output ${wanted}: expected a float32 output [N, classes], found ${found}`,
    );
  }
  const fitting = candidates.filter(({ classes }) => classes === dataClasses);
  const choice = candidates.length === 1 ? candidates[0] : fitting.length === 1 ? fitting[0] : undefined;
  if (choice) return checkClasses(choice, file, dataClasses);
  throw new UserError(
    candidates.length === 0
      ? `${file}: expected a float32 output [N, classes], found ${found}; give an image classifier`
      : `${file}: has several outputs that could be the logits (${found}); pass --output NAME`,
  );
}

function checkClasses(output: LogitsOutput, file: string, dataClasses: number | undefined): LogitsOutput {
  if (dataClasses === undefined || output.classes === dataClasses) return output;
  throw new UserError(
    `${file}: tells ${output.classes} classes apart, the data has ${dataClasses}; give data with the model's classes`,
  );
}

/** The logits of a batch, `[count, classes]`. */
async function classify(feeder: Feeder, batch: ImageBatch, output: LogitsOutput): Promise<Float32Array> {
  const { name, classes } = output;
  const logits = new Float32Array(batch.count * classes);
  let done = 0;
  for await (const { outputs, count } of feeder.run(batch, [name])) {
    const { data, shape } = outputs[name];
    if (!(data instanceof Float32Array) || data.length !== shape[0] * classes) {
      throw new RangeError(`output ${name}: expected float32 [N, ${classes}], found [${shape.join(', ')}]`);
    }
    logits.set(data.subarray(0, count * classes), done * classes);
    done += count;
  }
  return logits;
}
