import path from 'node:path';
import { UserError } from '../../errors.ts';
import type { DatasetReading, Split, SplitContents } from '../contents.ts';
import type { Listing } from '../listing/listed-files.ts';
import { leftOutNotes } from '../listing/listed-kinds.ts';
import { annotatedClasses } from './annotations.ts';
import { compareCodeUnits, some } from './class-order.ts';
import type { ReadingRequest } from './spec.ts';
import {
  type ClassFiles,
  type FoundFolders,
  findPictureFolders,
  type PictureFolder,
} from './split-folders.ts';
import { chooseSplit, SPLIT_NAMES, splitOf } from './splits.ts';
import { findRootTables, openTables } from './tables/tables.ts';

/** A folder whose classes are known. */
interface LabelledFolder extends PictureFolder {
  /** What tells the classes, where their folders do not. */
  readonly labels?: string;
  readonly notes: readonly string[];
}

/**
 * One split of an image folder, `train/<class>/*` and `test/<class>/*` (or `val`), in a folder or an archive and there
 * possibly one folder deep; or `<class>/*`, which is no split and is read whole. Classes are in the order of their names,
 * as torchvision's `ImageFolder` has them, and those of all splits.
 *
 * @throws UserError when the folders are missing or empty
 */
export async function openImageFolder(listing: Listing, request: ReadingRequest): Promise<SplitContents> {
  const { split, asked, unlabelled = false } = request;
  const found = findPictureFolders(listing, asked);
  if (found.splits.every(({ classes }) => classes.size === 0)) {
    // One for all splits, or one for each; folders beside it may be of anything.
    const hasClasses = (found.plain?.classes.size ?? 0) > 1;
    const tables = await findRootTables(listing, request.label, hasClasses);
    if (tables.length > 0) return await openTables(listing, tables, request);
  }
  if (found.plain && found.plain.classes.size > 0 && asked === undefined)
    return openPlain(listing, found.plain);
  if (found.plain && asked === undefined) return await openLoose(listing, found.plain, unlabelled);
  const labelled: LabelledFolder[] = [];
  for (const folder of found.splits) labelled.push(await labelFolder(listing, folder));
  const withClasses = labelled.filter(({ classes }) => classes.size > 0);
  const names = (folders: readonly PictureFolder[]) => folders.map(({ name }) => name);
  const pick = (folders: readonly LabelledFolder[], side: Split) => {
    const name = chooseSplit(names(folders), side, side === split ? asked : undefined, listing.place);
    return folders.find((folder) => folder.name === name);
  };
  const wanted = found.splits.length === 0 && asked === undefined ? undefined : pick(withClasses, split);
  if (!wanted) {
    const flat = unlabelled ? pick(labelled, split) : undefined;
    if (flat) return unlabelledContents(listing, flat, [`${flat.name}/`]);
    throw missingSplit(listing, found, split);
  }
  const other = pick(withClasses, split === 'train' ? 'test' : 'train');
  const beside = other && other !== wanted ? other : undefined;
  const classes = [...new Set([...wanted.classes.keys(), ...(beside?.classes.keys() ?? [])])].sort(
    compareCodeUnits,
  );
  const lacking = classes.filter((name) => !wanted.classes.has(name));
  const reading: DatasetReading = {
    readAs: `${wanted.labels === undefined ? 'image folder' : `images of ${wanted.labels}`}, ${[
      ...withClasses,
    ]
      .sort(trainFirst)
      .map(({ name, labels }) => (labels === undefined ? `${name}/<class>/*` : `${name}/*`))
      .join(' and ')}, classes sorted by name`,
    notes: [
      ...wanted.notes,
      ...lackingNote(lacking, wanted, beside),
      ...looseNote(wanted),
      ...labelled
        .filter((folder) => folder !== wanted && splitOf(folder.name) !== 'train' && split === 'test')
        .map(leftOut),
    ],
    ...(lacking.length > 0 && { lacking }),
  };
  return contentsOf(listing, wanted.classes, classes, reading);
}

function trainFirst(a: PictureFolder, b: PictureFolder): number {
  const rank = ({ name }: PictureFolder) => (splitOf(name) === 'train' ? 0 : 1);
  return rank(a) - rank(b) || compareCodeUnits(a.name, b.name);
}

async function labelFolder(listing: Listing, folder: PictureFolder): Promise<LabelledFolder> {
  const annotated = await annotatedClasses(listing, folder);
  return annotated ? { ...folder, ...annotated, loose: [] } : { ...folder, notes: [] };
}

function lackingNote(lacking: readonly string[], wanted: PictureFolder, beside?: PictureFolder): string[] {
  if (lacking.length === 0 || !beside) return [];
  const what = lacking.length === 1 ? 'class' : 'classes';
  return [
    `${lacking.length} ${what} only in ${beside.name}/, without images in ${wanted.name}/: ${some(lacking)}`,
  ];
}

function looseNote({ name, path: folder, loose }: PictureFolder): string[] {
  if (loose.length === 0) return [];
  const where = folder === '' ? 'there' : `in ${name}/`;
  return [`left out: ${pictures(loose.length)} ${where} outside of the class folders`];
}

function leftOut({ name, classes, loose }: PictureFolder): string {
  const count = [...classes.values()].reduce((sum, files) => sum + files.length, loose.length);
  return classes.size > 0
    ? `left out: ${name}/ (${pictures(count)}), measured with --split ${name}`
    : `left out: ${name}/ (${pictures(count)} without classes)`;
}

function pictures(count: number): string {
  return count === 1 ? '1 picture' : `${count} pictures`;
}

/** All images of class folders without splits. */
function openPlain(listing: Listing, folder: PictureFolder): SplitContents {
  const { classes } = folder;
  const count = [...classes.values()].reduce((sum, files) => sum + files.length, 0);
  return contentsOf(listing, classes, [...classes.keys()].sort(compareCodeUnits), {
    readAs: 'image folder without splits, <class>/*, classes sorted by name',
    notes: [`no split: all ${pictures(count)} are used`, ...looseNote(folder)],
    unsplit: true,
  });
}

/** Pictures side by side: ImageNet's validation images with their ground truth, or such without classes. */
async function openLoose(
  listing: Listing,
  folder: PictureFolder,
  unlabelled: boolean,
): Promise<SplitContents> {
  const annotated = await annotatedClasses(listing, folder);
  if (annotated) {
    return contentsOf(listing, annotated.classes, [...annotated.classes.keys()].sort(compareCodeUnits), {
      readAs: `images of ${annotated.labels}, classes sorted by name`,
      notes: [`no split: all ${pictures(folder.loose.length)} are used`, ...annotated.notes],
      unsplit: true,
    });
  }
  if (unlabelled) return unlabelledContents(listing, folder, []);
  throw new UserError(
    `${listing.place}: expected pictures in class folders, <class>/* or train/<class>/* and test/<class>/*, found ` +
      `${pictures(folder.loose.length)} without classes; sort them into such folders, or give their labels with --labels-csv FILE`,
  );
}

function unlabelledContents(
  listing: Listing,
  { classes, loose }: PictureFolder,
  where: readonly string[],
): SplitContents {
  const files = [...loose, ...[...classes.values()].flat()];
  return contentsOf(listing, new Map([['', files]]), [''], {
    readAs: `pictures without classes${where.length > 0 ? ` in ${where[0]}` : ''}, sorted by name`,
    notes: [],
    unlabelled: true,
    ...(where.length === 0 && { unsplit: true }),
  });
}

/** Files of some classes, which are among `classes`. */
function contentsOf(
  listing: Listing,
  byClass: ClassFiles,
  classes: readonly string[],
  reading: DatasetReading,
): SplitContents {
  const { place } = listing;
  const files: number[] = [];
  const labels: number[] = [];
  classes.forEach((name, label) => {
    const images = [...(byClass.get(name) ?? [])].sort((a, b) =>
      compareCodeUnits(listing.files[a], listing.files[b]),
    );
    for (const file of images) {
      files.push(file);
      labels.push(label);
    }
  });
  const leftOut = leftOutNotes(listing, files, reading.readAs);
  return {
    kind: 'folder',
    name: path.basename(place),
    displayName: path.basename(place),
    path: place,
    classes,
    labels: Int32Array.from(labels),
    storage: listing.storage(files),
    describe: (index) => listing.describe(files[index]),
    close: () => listing.close(),
    reading: leftOut.length === 0 ? reading : { ...reading, notes: [...reading.notes, ...leftOut], leftOut },
  };
}

function missingSplit({ place, files }: Listing, { splits }: FoundFolders, split: Split): UserError {
  const names = split === 'train' ? ['train'] : ['test', 'val'];
  const expected = names.map((name) => `${name}/<class>/*.jpg (or png, ...)`).join(' or ');
  const others = splits.filter(({ classes }) => classes.size > 0).map(({ name }) => `${name}/`);
  const flat = splits.filter(
    ({ classes, name }) => classes.size === 0 && SPLIT_NAMES[split].includes(name.toLowerCase()),
  );
  const tops = [...new Set(files.map((file) => file.split('/')[0]))].sort(compareCodeUnits);
  if (flat.length > 0) {
    return new UserError(
      `${place}: expected ${split} images in ${expected}, found ${pictures(flat[0].loose.length)} without classes in ${flat[0].name}/; ` +
        'sort them into class folders, or give their labels with --labels-csv FILE',
    );
  }
  if (others.length > 0) {
    const cure =
      split === 'train'
        ? 'add such folders'
        : 'add such folders, name the folder to measure with --split NAME, or train with --validation 0.1 to hold out a share';
    return new UserError(
      `${place}: expected ${split} images in ${expected}, found images in ${others.join(', ')} only; ${cure}`,
    );
  }
  const seen =
    files.length === 0
      ? 'no files'
      : `${files.length} other file${files.length === 1 ? '' : 's'} (${some(tops, 4)})`;
  return new UserError(
    `${place}: expected ${split} images in ${expected}, found ${seen}; sort them into such folders`,
  );
}
