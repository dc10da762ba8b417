/** Looks for what a result alone does not hold: the run behind a model, its kernels, and a picture of its data. */

import path from 'node:path';
import { readKernels } from '../../analyze/kernels.ts';
import { loadTextures } from '../../data/loader/pipeline.ts';
import { UserError } from '../../errors.ts';
import { type Predictions, predictionsPath, readPredictions } from '../../evaluate/result/predictions.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import { hashFile } from '../../files/download.ts';
import { statIfThere } from '../../files/fs.ts';
import type { Image } from '../../image/image.ts';
import { MODELS } from '../../models/registry.ts';
import { isRun, openRun } from '../../run/run.ts';
import { readSafetensors } from '../../tensor-files/safetensors.ts';
import { type CompareOptions, compare, type RunEvidence } from '../comparison.ts';
import { chooseFailures, type FailureGroup, picture } from './failures.ts';
import { type DataSearch, type MeasuredData, openMeasuredData } from './measured-data.ts';
import { makeSampleStrip, type SampleStrip } from './samples.ts';

/** Either what was found, or why nothing was, in words for the reader of the report. */
export type Found<T> = { readonly found: T } | { readonly omission: string };

/** What a report can add to its results; see `ReportInput`. */
export interface Evidence {
  readonly runs: ReadonlyMap<Result, RunEvidence>;
  readonly predictions: ReadonlyMap<Result, Predictions>;
  readonly samples?: SampleStrip;
  readonly failures?: readonly FailureGroup[];
  /** Why something is left out. */
  readonly omissions: readonly string[];
}

/**
 * Everything that can be found for a report on some results.
 *
 * @param results by the file that each was read from
 */
export async function findEvidence(
  results: ReadonlyMap<string, Result>,
  options: { readonly baseline?: Result } & DataSearch = {},
): Promise<Evidence> {
  const runs = new Map<Result, RunEvidence>();
  const predictions = new Map<Result, Predictions>();
  const omissions: string[] = [];
  const keep = <T>(search: Found<T>): T | undefined => {
    if ('found' in search) return search.found;
    omissions.push(search.omission);
    return undefined;
  };
  for (const [file, result] of results) {
    const run = keep(await findRun(result, file));
    if (run) runs.set(result, run);
  }
  for (const [file, result] of results) {
    const own = keep(await findPredictions(result, file));
    if (own) predictions.set(result, own);
  }
  const list = [...results.values()];
  const search = { trainedOn: runs.get(list[0]!)?.config?.data.spec, ...options };
  const samples = keep(await findSamples(list[0]!, search));
  const failures = keep(await findFailures(list, { ...search, predictions }));
  return { runs, predictions, samples, failures, omissions };
}

/**
 * The run that a result's model belongs to. A model file that has changed since it was measured is not used.
 *
 * @param resultFile Where the result was read; the model's path may be relative to its folder.
 */
export async function findRun(result: Result, resultFile: string): Promise<Found<RunEvidence>> {
  const { model } = result;
  const omit = (reason: string) => ({
    omission: `${model.file}: ${reason}, so training curves and kernels of this model are left out.`,
  });
  const folder = await findRunFolder(model.file, resultFile);
  if (!folder) return omit('no run folder was found for it');
  try {
    const run = await openRun(folder);
    if (!run.model || (await hashFile(run.model, 'sha256')) !== model.sha256) {
      return omit('the model in the run folder is not the one that was measured');
    }
    const evidence: RunEvidence = { source: folder, config: run.config, epochs: run.log };
    if (run.config.model.stem.kind !== 'pushpull' || !run.checkpoint) return { found: evidence };
    const file = path.join(run.checkpoint, 'weights.safetensors');
    const { tensors } = await readSafetensors(file);
    const stemPath = MODELS.find(({ name }) => name === run.config.model.model)?.stemPath;
    return { found: { ...evidence, kernels: readKernels(tensors, file, stemPath) } };
  } catch (error) {
    if (error instanceof UserError) return omit(error.message.replace(/\.$/, ''));
    throw error;
  }
}

/** The folder itself, or the one that `model.onnx` lies in; from here, then from the result file's folder. */
async function findRunFolder(file: string, resultFile: string): Promise<string | undefined> {
  for (const base of ['.', path.dirname(resultFile)]) {
    const place = path.normalize(path.isAbsolute(file) ? file : path.join(base, file));
    const entry = await statIfThere(place);
    if (!entry) continue;
    const folder = entry.isDirectory() ? place : path.dirname(place);
    if (await isRun(folder)) return folder;
  }
  return undefined;
}

/** A strip of corrupted images out of the very selection that was measured. */
export async function findSamples(result: Result, search: DataSearch = {}): Promise<Found<SampleStrip>> {
  const { data } = result;
  const what = 'The corrupted sample images are left out';
  if (data.corrupted) {
    return { omission: `${what}: the corrupted images were read from a set, not made here.` };
  }
  return await withData(result, search, what, async (images) => {
    const { index, image } = await pickImage({ length: images.length, read: images.clean });
    const frost = data.frost === 'generated' ? undefined : await loadTextures(data.frost);
    const caption = `test image ${index} of ${data.name}, class ${images.classes[images.label(index)]}`;
    return makeSampleStrip(image, { set: data.corruptionSet, seed: data.seed, index, frost, caption });
  });
}

/** The predictions that lie beside a result. Those of another evaluation are not used. */
export async function findPredictions(result: Result, resultFile: string): Promise<Found<Predictions>> {
  try {
    const predictions = await readPredictions(resultFile, result);
    if (predictions) return { found: predictions };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { omission: `${error.message.replace(/\.$/, '')}; until then it is not used here.` };
  }
  return {
    omission:
      `${resultFile}: no answers to single images lie beside it (${path.basename(predictionsPath(resultFile))}), so the ` +
      'errors of each class and the worst images are without this model; evaluate it again with this version, ' +
      'without --no-predictions, to have them.',
  };
}

/**
 * The images on which models fail, clean and corrupted, as `chooseFailures` picks them.
 *
 * @param options.predictions of the models by result; one or two of them are shown
 */
export async function findFailures(
  results: readonly Result[],
  options: CompareOptions & DataSearch & { readonly predictions: ReadonlyMap<Result, Predictions> },
): Promise<Found<readonly FailureGroup[]>> {
  const groups = chooseFailures(compare(results, options), options.predictions);
  if (groups.length === 0) return { found: [] };
  return await withData(results[0]!, options, 'The images that models get wrong are left out', (images) =>
    Promise.all(
      groups.map(async ({ failures, ...group }) => ({ ...group, failures: await picture(failures, images) })),
    ),
  );
}

/** What `use` makes of the data that was measured, or why that is not at hand. */
async function withData<T>(
  result: Result,
  search: DataSearch,
  what: string,
  use: (images: MeasuredData) => Promise<T>,
): Promise<Found<T>> {
  let images: MeasuredData | undefined;
  try {
    images = await openMeasuredData(result, search);
    return { found: await use(images) };
  } catch (error) {
    if (error instanceof UserError) return { omission: `${what}: ${error.message.replace(/\.$/, '')}.` };
    throw error;
  } finally {
    await images?.close();
  }
}

/** Images that are looked at for one to show. */
const CANDIDATES = 16;

/** The image with the strongest contrast out of a few spread over the data: corruptions show best on it. */
export async function pickImage(images: {
  readonly length: number;
  read(index: number): Promise<Image>;
}): Promise<{ index: number; image: Image }> {
  let best: { index: number; image: Image; contrast: number } | undefined;
  const count = Math.min(CANDIDATES, images.length);
  for (let candidate = 0; candidate < count; candidate++) {
    const index = Math.floor((candidate * images.length) / count);
    const image = await images.read(index).catch(() => undefined);
    if (!image) continue;
    const contrast = standardDeviation(image.data);
    if (!best || contrast > best.contrast) best = { index, image, contrast };
  }
  if (!best) throw new UserError('none of its images that were tried can be read');
  return best;
}

function standardDeviation(levels: Uint8Array): number {
  let sum = 0;
  let squares = 0;
  for (const level of levels) {
    sum += level;
    squares += level * level;
  }
  const mean = sum / levels.length;
  return Math.sqrt(squares / levels.length - mean * mean);
}
