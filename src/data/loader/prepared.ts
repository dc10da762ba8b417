import type { Dataset } from '../contents.ts';
import type { Transform } from '../transform.ts';
import { pixelCache } from './pixel-cache.ts';

/** Transforms of an image alone: nothing of them is drawn at random. */
export type Preparation = Extract<Transform, { kind: 'resize' | 'resizeTo' | 'centerCrop' | 'fit' }>;

/**
 * The images of a data set after `steps`, for those who pass over them many times with different further transforms:
 * what threads have decoded and prepared once they keep, as far as memory is granted, and make again each time beyond
 * that. `read` and all else stay those of `dataset`, which must be closed in its place.
 *
 * @param size of an image after the steps, in pixels
 * @param bytes most memory for prepared images
 */
export function preparedDataset(
  dataset: Dataset,
  steps: readonly Preparation[],
  size: { readonly width: number; readonly height: number },
  bytes?: number,
): Dataset {
  const { storage } = dataset.images;
  const cache = pixelCache(dataset.length, 3 * size.width * size.height, bytes);
  return { ...dataset, images: { storage, cache, preparation: steps } };
}
