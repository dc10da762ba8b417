/** Any ONNX image classifier behind one call: a batch of prepared images in, logits out. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Engine, ModelSession } from '../engine/engine.ts';
import { UserError } from '../errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { type ModelCard, type Preprocessing, readModelCard } from '../models/card.ts';
import { isRun, openRun } from '../train/run.ts';
import { inspectOnnx } from './onnx-file.ts';
import { imageInput, isFixed, type PreprocessingFlags, resolvePreprocessing } from './preprocessing.ts';
import type { ResultModel } from './result.ts';

/** A model file that was read and found to be ONNX. */
export interface ModelFile {
  readonly bytes: Uint8Array;
  readonly model: ResultModel;
  /** Present when this project wrote the file. */
  readonly card?: ModelCard;
}

/** Prepared images: `[count, 3, H, W]` or `[count, H, W, 3]`, as `preprocessing.layout` says. */
export interface ImageBatch {
  readonly images: Float32Array | Uint8Array;
  readonly count: number;
}

export interface Classifier {
  readonly model: ResultModel;
  readonly preprocessing: Preprocessing;
  /** Number of outputs, K. */
  readonly classes: number;
  /** Their names, where the model's card tells them. */
  readonly classNames?: readonly string[];
  /** Logits (or any other monotone score), `[count, K]`. */
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
  };
  return { bytes, model, card };
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
    const batchSize = isFixed(input.shape[0]) ? input.shape[0] : undefined;
    const feed = new Feeder(session, input.name, preprocessing, batchSize);
    const output = pickOutput(await feed.probe(file), file, flags.output, dataClasses);
    return {
      model: source.model,
      preprocessing,
      classes: output.classes,
      classNames: source.card?.classes,
      classify: (batch) => feed.run(batch, output),
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

/** Feeds batches of any size to a session, whatever batch size it was exported for. */
class Feeder {
  readonly #session: ModelSession;
  readonly #input: string;
  readonly #preprocessing: Preprocessing;
  /** Undefined when the model takes any batch size. */
  readonly #batchSize: number | undefined;

  constructor(
    session: ModelSession,
    input: string,
    preprocessing: Preprocessing,
    batchSize: number | undefined,
  ) {
    this.#session = session;
    this.#input = input;
    this.#preprocessing = preprocessing;
    this.#batchSize = batchSize;
  }

  /** All outputs for one batch of zeros. */
  async probe(file: string): Promise<Record<string, Tensor>> {
    const count = this.#batchSize ?? 1;
    const { dtype, width, height } = this.#preprocessing;
    const values = count * 3 * width * height;
    try {
      return await this.#session.run({
        [this.#input]: this.#tensor(
          dtype === 'uint8' ? new Uint8Array(values) : new Float32Array(values),
          count,
        ),
      });
    } catch (error) {
      throw new UserError(
        `${file}: fails on an image of ${width}×${height} pixels (${(error as Error).message}); ` +
          'check --input-size and --layout',
      );
    }
  }

  async run(batch: ImageBatch, output: LogitsOutput): Promise<Float32Array> {
    const { images, count } = batch;
    const size = this.#batchSize;
    if (size === undefined || size === count) return this.#logits(images, count, output);
    const imageLength = images.length / count;
    const logits = new Float32Array(count * output.classes);
    for (let start = 0; start < count; start += size) {
      const taken = Math.min(size, count - start);
      // A copy of its own: a view would carry the whole batch to the engine's thread each time.
      let part = images.slice(start * imageLength, (start + taken) * imageLength);
      if (taken < size) {
        // Zeros fill the last batch up; what the network says about them is dropped.
        const padded =
          part instanceof Uint8Array
            ? new Uint8Array(size * imageLength)
            : new Float32Array(size * imageLength);
        padded.set(part);
        part = padded;
      }
      const scores = await this.#logits(part, size, output);
      logits.set(scores.subarray(0, taken * output.classes), start * output.classes);
    }
    return logits;
  }

  async #logits(
    images: Float32Array | Uint8Array,
    count: number,
    output: LogitsOutput,
  ): Promise<Float32Array> {
    const tensors = await this.#session.run({ [this.#input]: this.#tensor(images, count) }, [output.name]);
    const { data } = tensors[output.name];
    if (!(data instanceof Float32Array) || data.length !== count * output.classes) {
      throw new RangeError(`output ${output.name}: expected ${count} × ${output.classes} float32 values`);
    }
    return data;
  }

  #tensor(data: Float32Array | Uint8Array, count: number): Tensor {
    const { layout, dtype, width, height } = this.#preprocessing;
    const shape = layout === 'NCHW' ? [count, 3, height, width] : [count, height, width, 3];
    return { dtype, shape, data };
  }
}
