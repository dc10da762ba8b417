/** The classes of pictures that lie side by side, from the file that tells them. */
import path from 'node:path';
import { UserError } from '../../errors.ts';
import { findGroundTruth } from '../imagenet/ground-truth.ts';
import type { Listing } from '../listing/listed-files.ts';
import type { PictureFolder } from './split-folders.ts';
import type { LabelRow } from './tables/label-table.ts';
import {
  findTableImages,
  readListedTable,
  readListedText,
  tableNotes,
  titleOf,
} from './tables/table-files.ts';

export interface Annotated {
  readonly classes: ReadonlyMap<string, readonly number[]>;
  /** What tells the classes, for people. */
  readonly labels: string;
  readonly notes: readonly string[];
}

/**
 * What is known of pictures without class folders: Tiny ImageNet's `val_annotations.txt`, ImageNet's ground truth, or a
 * table beside them.
 *
 * @returns undefined when there is nothing, or when there are class folders
 * @throws UserError that names the line when a picture is not there
 */
export async function annotatedClasses(
  listing: Listing,
  folder: PictureFolder,
): Promise<Annotated | undefined> {
  if (folder.classes.size > 0 || folder.loose.length === 0) return undefined;
  return (
    (await fromAnnotations(listing, folder)) ??
    (await fromGroundTruth(listing, folder)) ??
    (await fromTable(listing, folder))
  );
}

/** Lines such as `val_0.JPEG	n03444034	0	32	44	62`: the image, its class, and a box. */
async function fromAnnotations(listing: Listing, folder: PictureFolder): Promise<Annotated | undefined> {
  const file = listing.files.findIndex(
    (name) =>
      path.posix.dirname(name) === folder.path && /^\w+_annotations\.txt$/.test(path.posix.basename(name)),
  );
  if (file < 0) return undefined;
  const name = listing.describe(file);
  const rows: LabelRow[] = [];
  (await readListedText(listing, file)).split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') return;
    const [image, label] = line.split(/\s+/);
    if (label === undefined || label === '') {
      throw new UserError(
        `${name}, line ${index + 1}: expected an image and its class such as val_0.JPEG n03444034, found "${line.slice(0, 60)}"; fetch the data set again`,
      );
    }
    rows.push({ file: image, label, line: index + 1 });
  });
  return grouped(listing, folder, { name, rows });
}

/** `ILSVRC2012_val_00000001.JPEG` and so on, by their numbers. */
async function fromGroundTruth(listing: Listing, folder: PictureFolder): Promise<Annotated | undefined> {
  const number = (file: number) => /(?:^|\/)ILSVRC2012_val_(\d{8})\.jpe?g$/i.exec(listing.files[file])?.[1];
  if (!folder.loose.every((file) => number(file) !== undefined)) return undefined;
  const truth = await findGroundTruth(listing.place);
  if (!truth) return undefined;
  const classes = new Map<string, number[]>();
  for (const file of folder.loose) {
    const wnid = truth.wnids[Number(number(file)) - 1];
    if (wnid === undefined) {
      throw new UserError(
        `${truth.file}: expected the class of ${path.posix.basename(listing.files[file])}, found none; use the file that belongs to these images`,
      );
    }
    const files = classes.get(wnid) ?? [];
    classes.set(wnid, files);
    files.push(file);
  }
  return { classes, labels: path.basename(truth.file), notes: [] };
}

async function fromTable(listing: Listing, folder: PictureFolder): Promise<Annotated | undefined> {
  const parent = folder.path === '' ? undefined : path.posix.dirname(folder.path).replace(/^\.$/, '');
  const inside = /^(metadata\.(csv|jsonl)|.*\.(csv|tsv))$/i;
  const stem = folder.name.toLowerCase().replace(/[^a-z0-9]/g, '\\$&');
  const beside = new RegExp(`^${stem}([._-]?(labels?|metadata|annotations?))?\\.(csv|tsv|jsonl)$`, 'i');
  const at = (place: string | undefined, names: RegExp) =>
    listing.files.flatMap((file, index) => {
      const dir = path.posix.dirname(file).replace(/^\.$/, '');
      return place !== undefined && dir === place && names.test(path.posix.basename(file)) ? [index] : [];
    });
  const found = [at(folder.path, inside), at(parent, beside)].find((files) => files.length === 1);
  if (!found || folder.path === '') return undefined;
  const table = await readListedTable(listing, found[0]);
  if (table.columns.label === undefined) return undefined;
  return grouped(listing, folder, table, path.posix.dirname(listing.files[found[0]]));
}

function grouped(
  listing: Listing,
  folder: PictureFolder,
  table: { readonly name: string; readonly rows: readonly LabelRow[] },
  base: string = folder.path,
): Annotated {
  const found = findTableImages(listing, table, base);
  const inFolder = new Set(folder.loose);
  const classes = new Map<string, number[]>();
  for (const { file, row } of found.images) {
    if (!inFolder.has(file)) continue;
    const files = classes.get(row.label!) ?? [];
    classes.set(row.label!, files);
    files.push(file);
  }
  return {
    classes,
    labels: titleOf(table.name),
    notes: tableNotes(listing, table, found, folder.loose),
  };
}
