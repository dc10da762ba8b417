/** Finding the images that a table names among the files of a data set. */

import path from 'node:path';
import { UserError } from '../../errors.ts';
import { existsSync, readFile, statSync } from '../fs.ts';
import type { Listing } from '../listed-files.ts';
import { listFiles } from '../listing.ts';
import { type LabelRow, type LabelTable, parseLabelTable } from './label-table.ts';
import { isPicture } from './split-folders.ts';

const PICTURE_NAME = /\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif|bmp|p[bgpn]m)$/i;

/** An image of a table: a file of the listing that it was found in. */
export interface TableImage {
  readonly file: number;
  readonly row: LabelRow;
}

export interface TableImages {
  /** The files, of which the table's folder need not know all. */
  readonly listing: Listing;
  readonly images: readonly TableImage[];
  /** Lines that name an image once more. */
  readonly repeated: number;
}

/** Read a text of the listing. */
export async function readListedText(listing: Listing, file: number): Promise<string> {
  // A copy: text decoders take no shared memory.
  return new TextDecoder().decode((await listing.read(file)).slice());
}

/** Read a table of the listing. */
export async function readListedTable(listing: Listing, file: number, wanted?: string): Promise<LabelTable> {
  return parseLabelTable(await readListedText(listing, file), listing.describe(file), wanted);
}

/** @throws UserError when there is no such file */
export async function readTableFile(file: string, wanted?: string): Promise<LabelTable> {
  return parseLabelTable(await readTextFile(file), file, wanted);
}

/** @throws UserError when there is no such file */
export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw new UserError(`${file}: expected a table of images and labels, found none; check the path`);
  }
}

/**
 * The files that rows name: as they are written, from the folder of the table or from that of the data set, with or
 * without an ending; else by the name of the file where only one is called so.
 *
 * @param base folder of the table below the listing's place, empty for the place itself
 * @throws UserError for a row whose image is not there, or that contradicts another
 */
export function findTableImages(
  listing: Listing,
  { name, rows }: { readonly name: string; readonly rows: readonly LabelRow[] },
  base: string,
): TableImages {
  const find = fileFinder(listing, base);
  const isFolder = statSync(listing.place, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const extra: string[] = [];
  const extraOf = new Map<string, number>();
  const images: TableImage[] = [];
  const seen = new Map<number, LabelRow>();
  let repeated = 0;
  for (const row of rows) {
    let file = find(row.file);
    if (file === undefined) {
      // Beside the data set, or deeper than its folders are looked into.
      const absolute = isFolder ? onDisk(listing.place, base, row.file) : undefined;
      if (absolute === undefined) {
        throw new UserError(
          `${name}, line ${row.line}: expected the image ${row.file} in ${path.posix.join(listing.place, base)}, found none; correct the path or remove the line`,
        );
      }
      file = extraOf.get(absolute) ?? listing.files.length + extra.length;
      if (!extraOf.has(absolute)) extra.push(absolute);
      extraOf.set(absolute, file);
    }
    const other = seen.get(file);
    if (other) {
      if (other.label !== row.label) {
        throw new UserError(
          `${name}, line ${row.line}: expected one label for ${row.file}, found ${row.label}, and ${other.label} in line ${other.line}; remove one of the lines`,
        );
      }
      repeated++;
      continue;
    }
    seen.set(file, row);
    images.push({ file, row });
  }
  return { listing: extra.length === 0 ? listing : withFiles(listing, extra), images, repeated };
}

/** What a table leaves out, in words: pictures that it does not name, and lines that name one again. */
export function tableNotes(
  listing: Listing,
  { name }: { readonly name: string },
  { images, repeated }: TableImages,
  among: Iterable<number> = listing.files.keys(),
): string[] {
  const named = new Set(images.map(({ file }) => file));
  const unnamed = [...among].filter((file) => isPicture(listing, file) && !named.has(file)).length;
  const table = titleOf(name);
  return [
    ...(repeated > 0 ? [`${table} names ${count(repeated, 'image')} again: read once`] : []),
    ...(unnamed > 0 ? [`left out: ${count(unnamed, 'picture')} without a line in ${table}`] : []),
  ];
}

/** The name of a file, without those of its folders and of its archive. */
export function titleOf(name: string): string {
  return path.posix.basename(name.split(': ').at(-1)!);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function fileFinder({ files, place }: Listing, base: string): (name: string) => number | undefined {
  const byPath = new Map(files.map((file, index) => [file, index]));
  const byStem = new Map<string, number | null>();
  const byName = new Map<string, number | null>();
  const note = (map: Map<string, number | null>, key: string, index: number) =>
    map.set(key, map.has(key) ? null : index);
  files.forEach((file, index) => {
    if (!PICTURE_NAME.test(file)) return;
    note(byStem, file.replace(PICTURE_NAME, ''), index);
    note(byName, path.posix.basename(file), index);
    note(byName, path.posix.basename(file).replace(PICTURE_NAME, ''), index);
  });
  return (name) => {
    const written = name.replaceAll('\\', '/');
    const relative = path.isAbsolute(written) ? path.relative(place, written) : written;
    for (const at of [path.posix.join(base, relative), path.posix.normalize(relative)]) {
      const found = byPath.get(at) ?? byStem.get(at);
      if (found !== undefined && found !== null) return found;
    }
    return byName.get(path.posix.basename(relative)) ?? undefined;
  };
}

function onDisk(place: string, base: string, name: string): string | undefined {
  const tried = [path.resolve(place, base, name), path.resolve(place, name)];
  return tried.find((file) => existsSync(file));
}

/** A folder's files and some others, whose paths are absolute. */
function withFiles(listing: Listing, extra: readonly string[]): Listing {
  return listFiles(listing.place, [...listing.files, ...extra]);
}
