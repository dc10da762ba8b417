import path from 'node:path';
import { UserError } from '../errors.ts';
import type { Split, SplitContents } from './dataset.ts';
import { SPLIT_FOLDERS } from './folder-listing.ts';
import type { Listing } from './listing.ts';

const IMAGE_NAME = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

const SPLIT_NAMES: readonly string[] = Object.values(SPLIT_FOLDERS).flat();

/** Images of one split folder, by class. */
type Classes = ReadonlyMap<string, readonly number[]>;

/**
 * One split of an image folder, `train/<class>/*` and `test/<class>/*` (or `val`), in a folder or an archive and there
 * possibly one folder deep. Classes are in the order of their names, as torchvision's `ImageFolder` has them.
 *
 * @throws UserError when the folders are missing or empty, or the splits have different classes
 */
export function openImageFolder(listing: Listing, split: Split): SplitContents {
  const { place } = listing;
  const found = findSplits(listing);
  const wanted = found[split];
  if (!wanted) throw missingSplit(listing, found, split);
  const classes = sorted(wanted.keys());
  const other = found[split === 'train' ? 'test' : 'train'];
  if (other) checkSameClasses(place, found, classes, sorted(other.keys()));

  const files: number[] = [];
  const labels: number[] = [];
  classes.forEach((name, label) => {
    const images = [...wanted.get(name)!].sort((a, b) => compare(listing.files[a], listing.files[b]));
    for (const file of images) {
      files.push(file);
      labels.push(label);
    }
  });
  const name = path.basename(place).replace(/\.(tar|tar\.gz|tgz)$/i, '');
  return {
    kind: 'folder',
    name,
    displayName: name,
    path: place,
    classes,
    labels: Int32Array.from(labels),
    storage: listing.storage(files),
    describe: (index) => listing.describe(files[index]),
    close: () => listing.close(),
  };
}

interface FoundSplits {
  readonly train?: Classes;
  readonly test?: Classes;
  /** The folder of the test split: `test` or `val`. */
  readonly testFolder: string;
}

function findSplits(listing: Listing): FoundSplits {
  const byFolder = new Map<string, Map<string, number[]>>();
  // There are far more files than folders, so a folder's path is taken apart once.
  const imagesIn = new Map<string, number[] | undefined>();
  listing.files.forEach((file, index) => {
    const end = file.lastIndexOf('/');
    if (end < 0 || file.startsWith('.', end + 1) || !IMAGE_NAME.test(file)) return;
    const folder = file.slice(0, end);
    let images = imagesIn.get(folder);
    if (!images && !imagesIn.has(folder)) {
      images = classImages(folder.split('/'), byFolder);
      imagesIn.set(folder, images);
    }
    images?.push(index);
  });

  const parents = sorted(new Set([...byFolder.keys()].map((folder) => path.posix.dirname(folder))));
  const parent = parents.includes('.') ? '.' : parents[0];
  if (parent !== '.' && parents.length > 1) {
    throw new UserError(
      `${listing.place}: expected one data set, found ${parents.length} (${parents.slice(0, 3).join(', ')}); give the path of one`,
    );
  }
  const at = (name: string) => byFolder.get(path.posix.join(parent ?? '.', name));
  const testFolder = SPLIT_FOLDERS.test.find((name) => at(name)) ?? SPLIT_FOLDERS.test[0];
  return { train: at(SPLIT_FOLDERS.train[0]), test: at(testFolder), testFolder };
}

/** The list for the images of a folder in a class folder, at some depth; undefined for other folders. */
function classImages(
  parts: readonly string[],
  byFolder: Map<string, Map<string, number[]>>,
): number[] | undefined {
  if (parts.some((part) => part.startsWith('.') || part === '__MACOSX')) return undefined;
  const depth = SPLIT_NAMES.includes(parts[0]) && parts.length >= 2 ? 0 : 1;
  if (!SPLIT_NAMES.includes(parts[depth]) || parts.length < depth + 2) return undefined;
  const splitFolder = parts.slice(0, depth + 1).join('/');
  const classes = byFolder.get(splitFolder) ?? new Map<string, number[]>();
  byFolder.set(splitFolder, classes);
  const images = classes.get(parts[depth + 1]) ?? [];
  classes.set(parts[depth + 1], images);
  return images;
}

function missingSplit(listing: Listing, found: FoundSplits, split: Split): UserError {
  const { place, files } = listing;
  const expected = SPLIT_FOLDERS[split].map((name) => `${name}/<class>/*.jpg (or png, ...)`).join(' or ');
  const other = split === 'train' ? found.test && found.testFolder : found.train && 'train';
  const tops = sorted(new Set(files.map((file) => file.split('/')[0])));
  const listed = tops.slice(0, 4).join(', ') + (tops.length > 4 ? ', ...' : '');
  const seen = other
    ? `images in ${other}/ only`
    : files.length === 0
      ? 'no files'
      : `${files.length} other file${files.length === 1 ? '' : 's'} (${listed})`;
  return new UserError(
    `${place}: expected ${split} images in ${expected}, found ${seen}; sort them into such folders`,
  );
}

function checkSameClasses(
  place: string,
  { testFolder, train }: FoundSplits,
  classes: readonly string[],
  others: readonly string[],
): void {
  const isTrain = classes.every((name) => train!.has(name)) && classes.length === train!.size;
  const [inTrain, inTest] = isTrain ? [classes, others] : [others, classes];
  const onlyTrain = inTrain.filter((name) => !inTest.includes(name));
  const onlyTest = inTest.filter((name) => !inTrain.includes(name));
  if (onlyTrain.length === 0 && onlyTest.length === 0) return;
  const list = (names: readonly string[]) => names.slice(0, 3).join(', ') + (names.length > 3 ? ', ...' : '');
  const parts = [
    ...(onlyTrain.length > 0 ? [`${list(onlyTrain)} only in train/`] : []),
    ...(onlyTest.length > 0 ? [`${list(onlyTest)} only in ${testFolder}/`] : []),
  ];
  throw new UserError(
    `${place}: expected the same class folders with images in train/ and ${testFolder}/, found ${parts.join(' and ')}; ` +
      'add or remove these folders',
  );
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort(compare);
}

/** By code units: the same order on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
