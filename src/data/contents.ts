/** What readers of data give, and what everybody else takes: the images of one split with their classes. */
import type { DecodedImage } from './pictures/decode.ts';
import type { ImageStorage, SharedImages } from './storage.ts';

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
