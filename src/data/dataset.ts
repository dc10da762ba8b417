import { UserError } from '../errors.ts';
import { assembleUncached } from './assemble.ts';
import { type ClassChoice, selectClasses } from './class-selection.ts';
import type { Dataset, DatasetSource, HeldOut, Split, SplitContents } from './contents.ts';
import { parseCorruptedSpec } from './corrupted/spec.ts';
import { openCifar10FromCache } from './formats/cifar/cifar10.ts';
import { openMnist } from './formats/mnist.ts';
import { openPath } from './formats/open.ts';
import { parseWishes } from './formats/spec.ts';
import { openImageNet, parseImageNetSpec } from './imagenet/source.ts';
import { createPixelCache } from './loader/pixel-cache.ts';
import { isNpyPair, openNpyPair } from './npy/pair.ts';
import { ImageReader } from './storage.ts';
import { holdOut, stratifiedSubset, trainingFraction } from './subset.ts';

export interface OpenOptions {
  /** Only the images of some classes. Default: all. */
  readonly classes?: ClassChoice;
  /** Of the training images only one side of a seeded split. Default: all. */
  readonly heldOut?: HeldOut;
  /**
   * Of the training images (on the training side) only a seeded share, classes in their shares; between 0 and 1. What
   * is held out to validate on stays whole. Default: all.
   */
  readonly fraction?: number;
  /** So many images (of what is left), classes in their shares, chosen by the seed. Default: all. */
  readonly limit?: number;
  /** Of the split and the selection. Default 0. */
  readonly seed?: number;
  /** Where downloads are kept; see `cacheFolder`. */
  readonly cacheDir?: string;
  /** The classes do not matter: pictures without any will do. */
  readonly unlabelled?: boolean;
}

/** Data sets that are called by name instead of a path. */
export const BUILT_IN_DATASETS = ['cifar10', 'mnist'] as const;

/**
 * Open one split of a data set.
 *
 * @param spec `cifar10` (downloaded before by `pushpull data cifar10`), `mnist` (all of it where
 *   `pushpull data mnist` downloaded it, else the part that comes with this package), `imagenet:PATH` or, for some
 *   classes drawn by a seed, `imagenet100:PATH?seed=3` (folders or the official archives), or a path: a folder,
 *   `.tar` or `.tar.gz` with `train/<class>/*` and `test/<class>/*` (or `val`), or CIFAR-10's own archive or folder;
 *   `npy:IMAGES.npy,LABELS.npy` or `npy:FOLDER` for test images as CIFAR-10.1 has them.
 * @throws UserError when there is no such data, or it is not what it seems
 */
export async function openDataset(spec: string, split: Split, options: OpenOptions = {}): Promise<Dataset> {
  const { limit, heldOut, fraction, seed = 0 } = options;
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1)) {
    throw new UserError(`--limit: expected a whole number of images, 1 or more, found ${limit}`);
  }
  if (heldOut && split !== 'train') {
    throw new UserError(`--validation: is held out of the training images, found the ${split} images`);
  }
  if (fraction !== undefined && split !== 'train') {
    throw new UserError(`--fraction: is taken of the training images, found the ${split} images`);
  }
  const opened = await openContents(spec, split, options);
  try {
    if (opened.labels.length === 0) {
      throw new UserError(`${spec}: expected ${split} images, found none; check the path`);
    }
    const contents = options.classes ? selectClasses(opened, options.classes) : opened;
    const { kind, path: place } = contents;
    const classes = contents.selected ? { classes: contents.classes } : {};
    const { chosen, ...selection } = select(contents, { heldOut, fraction, limit, seed });
    return await assemble(contents, chosen, { kind, path: place, split, ...classes, ...selection });
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** The images that are wanted, all when undefined, and the entries of the source that tell which these are. */
function select(
  { labels, classes }: SplitContents,
  { heldOut, fraction, limit, seed }: Pick<OpenOptions, 'heldOut' | 'fraction' | 'limit'> & { seed: number },
): { chosen: Uint32Array | undefined } & Pick<DatasetSource, 'heldOut' | 'fraction' | 'limit' | 'seed'> {
  let chosen = heldOut && holdOut(labels, classes.length, heldOut.fraction, seed)[heldOut.side];
  let source: Pick<DatasetSource, 'heldOut' | 'fraction' | 'limit' | 'seed'> = heldOut
    ? { heldOut, seed }
    : {};
  const narrow = (draw: (labels: Int32Array) => Uint32Array) => {
    const from = chosen;
    chosen = from
      ? draw(Int32Array.from(from, (index) => labels[index])).map((at) => from[at])
      : draw(labels);
  };
  if (fraction !== undefined && heldOut?.side !== 'validation') {
    narrow((left) => trainingFraction(left, classes.length, fraction, seed));
    source = { ...source, fraction, seed };
  }
  if (limit !== undefined && limit < (chosen ?? labels).length) {
    narrow((left) => stratifiedSubset(left, classes.length, limit, seed));
    source = { ...source, limit, seed };
  }
  return { chosen, ...source };
}

async function openContents(
  spec: string,
  split: Split,
  { cacheDir, unlabelled }: OpenOptions,
): Promise<SplitContents> {
  const { path: place, wishes } = parseWishes(spec);
  const builtIn = async () => {
    if (place === 'mnist') return await openMnist(split, cacheDir);
    if (place === 'cifar10') return await openCifar10FromCache(split, cacheDir);
    return isNpyPair(place) ? await openNpyPair(place, split) : undefined;
  };
  const { split: asked, csv, label } = wishes;
  const request = { split, asked, csv, label, unlabelled, cacheDir };
  if (parseCorruptedSpec(place)) {
    throw new UserError(
      `${spec}: expected images to train on or to corrupt, found a corrupted set; give it to 'pushpull evaluate --data'`,
    );
  }
  const imageNet = parseImageNetSpec(place);
  if (imageNet) return await openImageNet(imageNet, request);
  const known = await builtIn();
  if (!known) return await openPath(place, request);
  const [wish] = Object.keys(wishes);
  if (wish === undefined) return known;
  await known.close();
  throw new UserError(
    `${place}: --${wish === 'csv' ? 'labels-csv' : wish}: is for data in folders, archives and tables; leave it out`,
  );
}

async function assemble(
  contents: SplitContents,
  chosen: Uint32Array | undefined,
  source: DatasetSource,
): Promise<Dataset> {
  const dataset = assembleUncached(contents, chosen, source);
  const reader = new ImageReader(dataset.images.storage);
  const cache = await createPixelCache(reader, dataset.length).finally(() => reader.close());
  return cache ? { ...dataset, images: { ...dataset.images, cache } } : dataset;
}
