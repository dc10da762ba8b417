/** A few images of those that are measured, for a look before anything is. */
import type { Dataset } from '../../data/contents.ts';
import { BatchMaker, viewOf } from '../../data/loader/make-batch.ts';
import type { Preprocessing } from '../../models/card.ts';
import type { ImageBatch } from '../model/feeder.ts';
import { asTheyAre } from '../model/geometry.ts';
import { imageTransforms } from '../model/preprocessing.ts';
import type { TestData } from './test-data.ts';

/** How many they are. */
const SAMPLES = 16;

/** A few images spread over a data set, prepared for a model, with their labels. */
export interface SampledImages extends ImageBatch {
  /** `[count]` */
  readonly labels: Int32Array;
  /** Path of each. */
  readonly described: readonly string[];
}

/**
 * A few of the images that are measured: clean ones, or where there are none those of a corrupted cell.
 *
 * @param part default: all of {@link SAMPLES}
 */
export async function sampleImages(
  { clean, set, cells }: TestData,
  preprocessing: Preprocessing,
  part?: SamplePart,
) {
  if (clean) return await sampleBatch(clean, preprocessing, part);
  const [{ corruption, severity }] = cells;
  const cell = set!.cell(corruption, severity);
  try {
    return await sampleBatch(cell, asTheyAre(preprocessing), part);
  } finally {
    await cell.close();
  }
}

/** Of `of` images that are spread over the data, those from `start` on, `end` excluded. */
export interface SamplePart {
  readonly of: number;
  readonly start: number;
  readonly end: number;
}

/** Unreadable images are left out: whether they stop a run is the loader's business. */
export async function sampleBatch(
  dataset: Dataset,
  preprocessing: Preprocessing,
  { of, start, end }: SamplePart = { of: SAMPLES, start: 0, end: SAMPLES },
): Promise<SampledImages> {
  const count = Math.min(of, dataset.length);
  const places = Array.from({ length: count }, (_, at) => Math.floor((at * dataset.length) / count));
  const indices = Uint32Array.from(places.slice(start, end));
  const maker = new BatchMaker(dataset.images);
  try {
    const transforms = imageTransforms(preprocessing);
    const { buffer, dtype, shape, kept } = await maker.make({ transforms, seed: 0, epoch: 0, indices });
    const size = shape?.reduce((product, length) => product * length, 1) ?? 0;
    return {
      images: viewOf(buffer, dtype, 0, kept.length * size),
      count: kept.length,
      labels: Int32Array.from(kept, (position) => dataset.label(indices[position])),
      described: Array.from(kept, (position) => dataset.describe(indices[position])),
    };
  } finally {
    await maker.close();
  }
}
