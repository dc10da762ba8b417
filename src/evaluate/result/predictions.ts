/**
 * The predictions file: what a model answered to each image of an evaluation, beside its result file.
 *
 * A safetensors file, so that NumPy reads it too. Row i of every tensor is image i of the measured selection, in the
 * order in which `openDataset` with the result's split, classes, limit and seed gives it:
 *
 * - `labels` `[N]`, and `clean.labels` `[M]` where the clean images are others than those that were corrupted;
 * - for the clean images and for each corrupted cell, `clean.predicted`, `clean.confidence`, `fog.3.predicted`,
 *   `fog.3.confidence` …: see {@link Answers}.
 *
 * Whole numbers are stored in as few bytes as the number of classes needs. Metadata: `schema`, `model` (SHA-256 of the
 * model's file), `data` and `clean` (fingerprints of the images, as in the result; `clean` beside a corrupted set only),
 * `classes` (JSON list of their names).
 */

import { UserError } from '../../errors.ts';
import { writeFileAtomic } from '../../files/files.ts';
import { statIfThere } from '../../files/fs.ts';
import { floats, int32 } from '../../graph/tensor.ts';
import { parseJson } from '../../json.ts';
import { encodeSafetensors, readSafetensors, type StorableTensor } from '../../tensor-files/safetensors.ts';
import { plural } from '../../words.ts';
import { type Answers, isAnswered } from '../grid/answers.ts';
import type { Cell } from '../grid/grid.ts';
import { readResult } from './result.ts';
import type { Result } from './schema.ts';

export const PREDICTIONS_SCHEMA = 'pushpull.predictions/1';

/** A model's answers to the images of an evaluation. */
export interface Predictions {
  /** Images of a corrupted cell, N; of the clean ones too, unless those are others. */
  readonly images: number;
  /** Names of the data's classes, which labels and answers count from 0. */
  readonly classes: readonly string[];
  /** `[N]` the right answers. */
  readonly labels: Int32Array;
  /** `[M]` those of the clean images: `labels` itself where clean and corrupted images are the same. */
  readonly cleanLabels: Int32Array;
  /** Undefined where this was not measured. */
  cell(which: Cell | 'clean'): Answers | undefined;
}

/** Where the predictions of a result lie: `conv.predictions.safetensors` beside `conv.json`. */
export function predictionsPath(resultFile: string): string {
  return `${resultFile.replace(/\.json$/i, '')}.predictions.safetensors`;
}

/** What predictions are of. */
export interface PredictionsSubject {
  readonly classes: readonly string[];
  readonly labels: Int32Array;
  /** Labels of the clean images, where those are others. */
  readonly cleanLabels?: Int32Array;
}

/** Predictions that grow cell by cell. */
export class PredictionsRecord implements Predictions {
  readonly images: number;
  readonly classes: readonly string[];
  readonly labels: Int32Array;
  readonly cleanLabels: Int32Array;
  readonly #cells = new Map<string, Answers>();

  constructor({ classes, labels, cleanLabels = labels }: PredictionsSubject) {
    this.images = labels.length;
    this.classes = classes;
    this.labels = labels;
    this.cleanLabels = sameNumbers(labels, cleanLabels) ? labels : cleanLabels;
  }

  /** Cells with answers. */
  get size(): number {
    return this.#cells.size;
  }

  cell(which: Cell | 'clean'): Answers | undefined {
    return this.#cells.get(keyOf(which));
  }

  add(which: Cell | 'clean', answers: Answers): void {
    const { length } = which === 'clean' ? this.cleanLabels : this.labels;
    if (answers.predicted.length !== length || answers.confidence.length !== length) {
      throw new RangeError(
        `${keyOf(which)}: expected the answers to ${plural(length, 'image')}, found ${answers.predicted.length}`,
      );
    }
    this.#cells.set(keyOf(which), answers);
  }

  /** Takes over the cells of an earlier part of the same evaluation. */
  adopt(earlier: Predictions, cells: readonly (Cell | 'clean')[]): void {
    for (const which of cells) {
      const answers = earlier.cell(which);
      if (answers) this.add(which, answers);
    }
  }

  /** The bytes of the file. */
  encode({ model, data }: Pick<Result, 'model' | 'data'>): Uint8Array {
    const { classes, labels, cleanLabels } = this;
    const numbers = (values: Int32Array) => narrow(values, classes.length);
    const tensors = new Map<string, StorableTensor>([['labels', numbers(labels)]]);
    if (cleanLabels !== labels) tensors.set('clean.labels', numbers(cleanLabels));
    for (const [key, { predicted, confidence }] of this.#cells) {
      tensors.set(`${key}.predicted`, numbers(predicted));
      tensors.set(`${key}.confidence`, { dtype: 'float32', shape: [confidence.length], data: confidence });
    }
    return encodeSafetensors(tensors, {
      schema: PREDICTIONS_SCHEMA,
      model: model.sha256,
      data: data.fingerprint,
      ...(data.clean && { clean: data.clean.fingerprint }),
      classes: JSON.stringify(classes),
    });
  }

  /** Writes them beside the result file. */
  async save(resultFile: string, of: Pick<Result, 'model' | 'data'>): Promise<void> {
    await writeFileAtomic(predictionsPath(resultFile), this.encode(of));
  }
}

/**
 * The predictions that lie beside a result file; undefined where there are none (`evaluate --no-predictions`, results
 * of older versions).
 *
 * An evaluation writes them before the result, so those of a cell that the result does not have yet are left out.
 *
 * @throws UserError when the file is damaged, or is not of this result: another model, other images, or answers that
 *   make other errors than the result says
 * @param known the content of the result file, where it was read before
 */
export async function readPredictions(resultFile: string, known?: Result): Promise<Predictions | undefined> {
  const file = predictionsPath(resultFile);
  if (!(await statIfThere(file))) return undefined;
  const result = known ?? (await readResult(resultFile));
  const { tensors, metadata } = await readSafetensors(file);
  const { schema, model, data, clean } = metadata;
  if (schema !== PREDICTIONS_SCHEMA) {
    throw new UserError(
      `${file}: expected predictions with schema "${PREDICTIONS_SCHEMA}", found ` +
        `${schema === undefined ? 'no schema' : `"${schema}"`}; give those that \`pushpull evaluate\` of this version wrote`,
    );
  }
  const different = [
    ...(model === result.model.sha256 ? [] : ['another model']),
    ...(data === result.data.fingerprint ? [] : ['other images']),
    ...(clean === undefined || clean === result.data.clean?.fingerprint ? [] : ['other clean images']),
  ];
  if (different.length > 0) throw strange(file, resultFile, different.join(' and '));

  const whole = (name: string, length?: number): Int32Array => {
    const tensor = tensors.get(name);
    if (
      tensor?.dtype !== 'int32' ||
      tensor.shape.length !== 1 ||
      (length ?? tensor.shape[0]) !== tensor.shape[0]
    )
      throw damaged(file, name);
    return tensor.data as Int32Array;
  };
  const record = new PredictionsRecord({
    classes: classNames(metadata.classes, file),
    labels: whole('labels'),
    cleanLabels: tensors.has('clean.labels') ? whole('clean.labels') : undefined,
  });
  for (const which of measuredCells(result)) {
    const key = keyOf(which);
    const confidence = tensors.get(`${key}.confidence`);
    if (!confidence) continue;
    const { length } = which === 'clean' ? record.cleanLabels : record.labels;
    if (confidence.dtype !== 'float32' || confidence.data.length !== length) {
      throw damaged(file, `${key}.confidence`);
    }
    const answers = { predicted: whole(`${key}.predicted`, length), confidence: floats(confidence) };
    const wanted = measuredError(result, which);
    const found = errorOf(which === 'clean' ? record.cleanLabels : record.labels, answers);
    if (found.images !== wanted.images || found.top1 !== wanted.top1) {
      throw strange(file, resultFile, `answers with other errors on ${key.replace('.', ' ')}`);
    }
    record.add(which, answers);
  }
  return record;
}

/** Top-1 error of answers, in [0, 1], and the images behind it. */
export function errorOf(labels: Int32Array, answers: Answers): { top1: number; images: number } {
  let images = 0;
  let wrong = 0;
  for (let image = 0; image < labels.length; image++) {
    if (!isAnswered(answers, image)) continue;
    images++;
    if (answers.predicted[image] !== labels[image]) wrong++;
  }
  return { top1: wrong / images, images };
}

/** The cells that a result has, clean images first. */
export function measuredCells({ clean, errors }: Result): (Cell | 'clean')[] {
  const cells = Object.entries(errors).flatMap(([corruption, row]) =>
    row.flatMap((error, index) => (error === null ? [] : [{ corruption, severity: index + 1 } as Cell])),
  );
  return clean ? ['clean', ...cells] : cells;
}

function measuredError({ clean, errors, images }: Result, which: Cell | 'clean') {
  if (which === 'clean') return clean!;
  const { corruption, severity } = which;
  return { top1: errors[corruption]![severity - 1], images: images[corruption]?.[severity - 1] };
}

function keyOf(which: Cell | 'clean'): string {
  return which === 'clean' ? which : `${which.corruption}.${which.severity}`;
}

/** -1 and class numbers in as few bytes as there are classes for. */
function narrow(values: Int32Array, classes: number): StorableTensor {
  const shape = [values.length];
  if (classes <= 2 ** 7) return { dtype: 'int8', shape, data: Int8Array.from(values) };
  if (classes <= 2 ** 15) return { dtype: 'int16', shape, data: Int16Array.from(values) };
  return int32(values, shape);
}

function sameNumbers(a: Int32Array, b: Int32Array): boolean {
  return a === b || (a.length === b.length && a.every((value, index) => value === b[index]));
}

function classNames(text: string | undefined, file: string): string[] {
  try {
    const names: unknown = parseJson(text ?? '');
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  } catch {
    // Said below.
  }
  throw damaged(file, 'classes');
}

function damaged(file: string, entry: string): UserError {
  return new UserError(
    `${file}: its entry '${entry}' is missing or has another form; the file was edited or damaged: ` +
      'delete it, or evaluate the model again',
  );
}

function strange(file: string, resultFile: string, what: string): UserError {
  return new UserError(
    `${file}: expected the predictions behind ${resultFile}, found those of another evaluation (${what}); ` +
      'delete it, or evaluate the model again',
  );
}
