import { UserError } from '../errors.ts';
import { openCifar10FromCache } from './cifar10.ts';
import { type ClassChoice, selectClasses } from './class-selection.ts';
import { parseCorruptedSpec } from './corrupted/spec.ts';
import type { DecodedImage } from './decode.ts';
import { openPath } from './formats/open.ts';
import { parseWishes } from './formats/spec.ts';
import { openImageNet, parseImageNetSpec } from './imagenet/source.ts';
import { createPixelCache } from './loader/pixel-cache.ts';
import { openMnist } from './mnist.ts';
import { isNpyPair, openNpyPair } from './npy/pair.ts';
import { ImageReader, type ImageStorage, type SharedImages, selectImages } from './storage.ts';
import { holdOut, stratifiedSubset, trainingFraction } from './subset.ts';

export type Split = 'train' | 'test';

/** One side of a training set of which a seeded, stratified share is held out to validate on. */
export interface HeldOut {
  /** Share that is held out, between 0 and 1. */
  readonly fraction: number;
  readonly side: 'training' | 'validation';
}

/** Where a data set came from, as plain JSON. */
export interface DatasetSource {
  /** How it was read: `cifar10`, `mnist`, `npy`, `folder`, or a corrupted set. */
  readonly kind: string;
  /** Folder or archive, absolute; absent for embedded data. */
  readonly path?: string;
  readonly split: Split;
  /** Names of the classes, where they are a selection. */
  readonly classes?: readonly string[];
  readonly heldOut?: HeldOut;
  readonly fraction?: number;
  readonly limit?: number;
  /** Of the selection of images, where one was made. */
  readonly seed?: number;
}

/** How data was understood. */
export interface DatasetReading {
  /** Its form, and the order of its classes. */
  readonly readAs: string;
  /** What was assumed, and what was left out. */
  readonly notes: readonly string[];
  /** Of these the files that are no pictures and the links that were not followed, by kind. */
  readonly leftOut?: readonly string[];
  /** Nothing tells training images from test images: either split has all of them. */
  readonly unsplit?: boolean;
  /** Nothing tells classes: there is one, without a name. */
  readonly unlabelled?: boolean;
  /** Classes of the other split that have no images in this one. */
  readonly lacking?: readonly string[];
}

/** The images of one split, with their classes. */
export interface Dataset {
  /** Short and stable: `cifar10`, `mnist`, or the name of the folder or archive. */
  readonly name: string;
  /** For people: `CIFAR-10`, `MNIST`, or the name of the folder or archive. */
  readonly displayName: string;
  /** Class names, by label. */
  readonly classes: readonly string[];
  /** Number of images. */
  readonly length: number;
  readonly source: DatasetSource;
  readonly reading: DatasetReading;
  /** What a loader's threads need to read the images themselves. */
  readonly images: SharedImages;
  /** The class of an image, 0 to classes.length - 1. */
  label(index: number): number;
  /** The path of an image, for messages. */
  describe(index: number): string;
  /** Decode an image, and tell of damage. Rejects with the decoder's reason when it is broken. */
  read(index: number): Promise<DecodedImage>;
  close(): Promise<void>;
}

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

/** What a reader of some format finds: every image of a split, in a stable order. */
export interface SplitContents {
  readonly kind: string;
  readonly name: string;
  readonly displayName: string;
  /** Folder or archive, absolute; absent for embedded data. */
  readonly path?: string;
  readonly classes: readonly string[];
  /** Whether these are only some of the classes that are there. */
  readonly selected?: boolean;
  readonly labels: Int32Array;
  readonly storage: ImageStorage;
  /** Absent where there is nothing to tell beside the name. */
  readonly reading?: DatasetReading;
  describe(index: number): string;
  close(): Promise<void>;
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

/**
 * The images of `contents`, or the `chosen` ones in that order, as a data set that decodes an image each time that
 * it is wanted.
 */
export function assembleUncached(
  contents: SplitContents,
  chosen: Uint32Array | undefined,
  source: DatasetSource,
): Dataset {
  const { name, displayName, classes, reading = { readAs: displayName, notes: [] } } = contents;
  const labels = chosen ? Int32Array.from(chosen, (index) => contents.labels[index]) : contents.labels;
  const storage = chosen ? selectImages(contents.storage, chosen) : contents.storage;
  const reader = new ImageReader(storage);
  const images: SharedImages = { storage, cache: null };
  const check = (index: number) => {
    if (Number.isInteger(index) && index >= 0 && index < labels.length) return index;
    throw new RangeError(`${name}: expected an image index from 0 to ${labels.length - 1}, found ${index}`);
  };
  return {
    name,
    displayName,
    classes,
    length: labels.length,
    source,
    reading,
    images,
    label: (index) => labels[check(index)],
    describe: (index) => contents.describe(chosen ? chosen[check(index)] : check(index)),
    read: async (index) => await reader.read(check(index)),
    close: async () => {
      await reader.close();
      await contents.close();
    },
  };
}
