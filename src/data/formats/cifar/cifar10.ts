import path from 'node:path';
import { UserError } from '../../../errors.ts';
import { cacheFolder } from '../../../files/cache-folder.ts';
import { statIfThere } from '../../../files/fs.ts';
import type { Split, SplitContents } from '../../contents.ts';
import type { Listing } from '../../listing/listed-files.ts';
import { openListing } from '../../listing/listing.ts';

/** The official archive, as its page and independent projects give it. */
export const CIFAR10_ARCHIVE = {
  url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
  fileName: 'cifar-10-binary.tar.gz',
  bytes: 170_052_171,
  /** Published at https://www.cs.toronto.edu/~kriz/cifar.html */
  md5: 'c32a1d4ab5d03f1284b67883e8d87530',
  sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
} as const;

/** In the order of the labels. */
export const CIFAR10_CLASSES = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const;

const SIDE = 32;
const PLANE = SIDE * SIDE;
/** A label, then the red, the green and the blue plane. */
const RECORD = 1 + 3 * PLANE;
const BATCHES = {
  train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
  test: ['test_batch.bin'],
} as const;

/** Where `pushpull data cifar10` keeps the archive. */
export function cifar10CacheFile(cacheDir?: string): string {
  return path.join(cacheFolder(cacheDir), CIFAR10_ARCHIVE.fileName);
}

/** @throws UserError when it was not downloaded yet */
export async function openCifar10FromCache(split: Split, cacheDir?: string): Promise<SplitContents> {
  const file = cifar10CacheFile(cacheDir);
  if (!(await statIfThere(file))) {
    throw new UserError(
      `cifar10: expected the downloaded archive ${file}, found none; run 'pushpull data cifar10' (162 MB), ` +
        'or give the path of the archive or of an image folder',
    );
  }
  const listing = await openListing(file, cacheDir);
  try {
    const contents = await openCifar10(listing, split);
    if (contents) return contents;
    throw new UserError(
      `${file}: expected CIFAR-10's binary files, found none; run 'pushpull data cifar10' again`,
    );
  } finally {
    await listing.close();
  }
}

/** The first file of each name that is at most one folder deep; looked for once, as ImageNet has 1.28 million deeper ones. */
export function shallowFiles(files: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  files.forEach((file, index) => {
    const slash = file.indexOf('/');
    if (file.includes('/', slash + 1) && slash >= 0) return;
    const name = file.slice(slash + 1);
    if (!found.has(name)) found.set(name, index);
  });
  return found;
}

/**
 * One split of CIFAR-10 (Krizhevsky 2009) from the binary version, if the listing has it, possibly one folder deep.
 * The images are copied to memory and the listing is closed.
 *
 * @returns undefined when there are no such files
 * @throws UserError when some are missing or damaged
 */
export async function openCifar10(listing: Listing, split: Split): Promise<SplitContents | undefined> {
  const shallow = shallowFiles(listing.files);
  const find = (name: string) => shallow.get(name) ?? -1;
  const all = [...BATCHES.train, ...BATCHES.test];
  const { place } = listing;
  if (!all.some((name) => find(name) >= 0)) return undefined;
  const batches = await Promise.all(
    BATCHES[split].map(async (name) => {
      const file = find(name);
      if (file < 0) {
        throw new UserError(
          `${place}: expected ${BATCHES[split].join(', ')}, ${name} is missing; fetch the archive again`,
        );
      }
      const bytes = await listing.read(file);
      if (bytes.length > 0 && bytes.length % RECORD === 0) return { file, bytes };
      throw new UserError(
        `${listing.describe(file)}: expected records of ${RECORD} bytes, found ${bytes.length} bytes in all; fetch the archive again`,
      );
    }),
  );

  const classes = await readClasses(listing, find('batches.meta.txt'));
  const records = batches.map(({ bytes }) => bytes.length / RECORD);
  const total = records.reduce((sum, count) => sum + count, 0);
  const bytes = new SharedArrayBuffer(total * RECORD);
  const view = new Uint8Array(bytes);
  let at = 0;
  for (const batch of batches) {
    view.set(batch.bytes, at);
    at += batch.bytes.length;
  }
  const labels = Int32Array.from({ length: total }, (_, index) => view[index * RECORD]);
  const describe = (index: number) => {
    let batch = 0;
    let position = index;
    while (position >= records[batch]) position -= records[batch++];
    return `${listing.describe(batches[batch].file)}, image ${position}`;
  };
  const wrong = labels.findIndex((label) => label >= classes.length);
  if (wrong >= 0) {
    throw new UserError(
      `${describe(wrong)}: expected a label from 0 to ${classes.length - 1}, found ${labels[wrong]}; fetch the archive again`,
    );
  }
  await listing.close();
  return {
    kind: 'cifar10',
    name: 'cifar10',
    displayName: 'CIFAR-10',
    path: place,
    classes,
    labels,
    storage: {
      kind: 'pixels',
      format: 'planes',
      bytes,
      offsets: Float64Array.from({ length: total }, (_, index) => index * RECORD + 1),
      width: SIDE,
      height: SIDE,
      padding: 0,
    },
    describe,
    close: async () => {},
  };
}

async function readClasses(listing: Listing, file: number): Promise<readonly string[]> {
  if (file < 0) return CIFAR10_CLASSES;
  const names = new TextDecoder()
    .decode(await listing.read(file))
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return names.length === CIFAR10_CLASSES.length ? names : CIFAR10_CLASSES;
}
