/** Looks for what a result alone does not hold: the run behind a model, its kernels, and a picture of its data. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { readKernels } from '../analyze/kernels.ts';
import { type Dataset, openDataset } from '../data/dataset.ts';
import { hashFile } from '../data/download.ts';
import { createPipeline, loadTextures } from '../data/pipeline.ts';
import { UserError } from '../errors.ts';
import type { Result } from '../evaluate/result.ts';
import { sampleData } from '../evaluate/selection.ts';
import type { Image } from '../image/image.ts';
import { isRun, openRun } from '../train/run.ts';
import { readSafetensors } from '../train/safetensors.ts';
import type { RunEvidence } from './comparison.ts';
import { makeSampleStrip, type SampleStrip } from './samples.ts';

/** Either what was found, or why nothing was, in words for the reader of the report. */
export type Found<T> = { readonly found: T } | { readonly omission: string };

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
    return { found: { ...evidence, kernels: readKernels(tensors, file) } };
  } catch (error) {
    if (error instanceof UserError) return omit(error.message.replace(/\.$/, ''));
    throw error;
  }
}

/** The folder itself, or the one that `model.onnx` lies in; from here, then from the result file's folder. */
async function findRunFolder(file: string, resultFile: string): Promise<string | undefined> {
  for (const base of ['.', path.dirname(resultFile)]) {
    const place = path.normalize(path.isAbsolute(file) ? file : path.join(base, file));
    const entry = await stat(place).catch(() => undefined);
    if (!entry) continue;
    const folder = entry.isDirectory() ? place : path.dirname(place);
    if (await isRun(folder)) return folder;
  }
  return undefined;
}

export interface SampleSearch {
  /** `--data`: where to look in place of what the result says. */
  readonly data?: string;
  readonly cacheDir?: string;
  /** What the run was trained on, as given to its `--data`. */
  readonly trainedOn?: string;
}

/** A strip of corrupted images out of the very selection that was measured. */
export async function findSamples(result: Result, search: SampleSearch = {}): Promise<Found<SampleStrip>> {
  const { data } = result;
  const omit = (reason: string) => ({
    omission: `The corrupted sample images are left out: ${reason}.`,
  });
  if (data.corrupted) return omit('the corrupted images were read from a set, not made here');
  const spec = search.data ?? data.path ?? search.trainedOn ?? (data.name === 'MNIST' ? 'mnist' : undefined);
  if (!spec) return omit('the result does not say where its data is; say it with --data');
  let dataset: Dataset | undefined;
  try {
    const { selection } = data;
    dataset = await openDataset(spec, data.split, {
      ...(selection && {
        classes: { kind: 'names', names: selection.classes, from: 'the result' },
      }),
      ...(data.limit !== null && { limit: data.limit }),
      seed: data.seed,
      ...(search.cacheDir && { cacheDir: search.cacheDir }),
    });
    if ((await sampleData(dataset)).fingerprint !== data.fingerprint) {
      return omit(
        `${spec} holds other images than the ones that were measured; say where those are with --data`,
      );
    }
    const { index, image } = await pickImage(dataset);
    // What the evaluation does before it corrupts.
    const { resize, width } = data.preprocessing;
    const size = [
      { kind: 'resize', shortSide: resize ?? 0 },
      { kind: 'centerCrop', size: width },
    ] as const;
    const pipeline = await createPipeline(resize === null ? [] : size);
    const shown = pipeline.apply(image, { seed: data.seed, epoch: 0, index });
    const frost = data.frost === 'generated' ? undefined : await loadTextures(data.frost);
    const caption = `test image ${index} of ${data.name}, class ${dataset.classes[dataset.label(index)]}`;
    return {
      found: makeSampleStrip(shown, { set: data.corruptionSet, seed: data.seed, index, frost, caption }),
    };
  } catch (error) {
    if (error instanceof UserError) return omit(error.message.replace(/\.$/, ''));
    throw error;
  } finally {
    await dataset?.close();
  }
}

/** Images that are looked at for one to show. */
const CANDIDATES = 16;

/** The image with the strongest contrast out of a few spread over the data: corruptions show best on it. */
export async function pickImage(dataset: Dataset): Promise<{ index: number; image: Image }> {
  let best: { index: number; image: Image; contrast: number } | undefined;
  const count = Math.min(CANDIDATES, dataset.length);
  for (let candidate = 0; candidate < count; candidate++) {
    const index = Math.floor((candidate * dataset.length) / count);
    const image = await dataset.read(index).catch(() => undefined);
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
