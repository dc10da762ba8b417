/** Finding the images that a table names among the files of a data set. */

import path from 'node:path';
import { UserError } from '../../../errors.ts';
import { readFile, statIfThere, statSync } from '../../../files/fs.ts';
import { plural } from '../../../words.ts';
import type { Listing } from '../../listing/listed-files.ts';
import { listFiles } from '../../listing/listing.ts';
import { withoutPictureEnding } from '../../pictures/picture-names.ts';
import { isPicture } from '../split-folders.ts';
import { isFileColumn, type LabelRow, type LabelTable, parseLabelTable } from './label-table.ts';
import { parsePathList } from './path-list.ts';

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

/**
 * Read a text of the listing.
 *
 * @throws UserError when it is in no Unicode
 */
export async function readListedText(listing: Listing, file: number): Promise<string> {
  // A copy: text decoders take no shared memory.
  return decodeText((await listing.read(file)).slice(), listing.describe(file));
}

/** Read a table of the listing. */
export async function readListedTable(listing: Listing, file: number, wanted?: string): Promise<LabelTable> {
  const base = path.posix.dirname(listing.files[file]).replace(/^\.$/, '');
  const text = await readListedText(listing, file);
  return parseLabelTable(text, listing.describe(file), wanted, isThereIn(listing, base));
}

/**
 * Read a table, or a list of paths, that is no part of the listing.
 *
 * @param base its folder below the listing's place, empty for the place itself or another one
 * @throws UserError when there is no such file, or it is none
 */
export async function readTableFile(
  file: string,
  listing: Listing,
  base: string,
  wanted?: string,
): Promise<LabelTable> {
  const found = await statIfThere(file);
  if (!found?.isFile()) {
    throw new UserError(
      `${file}: expected a table of images and labels, found ${found ? 'a folder' : 'none'}; check the path`,
    );
  }
  const text = decodeText(await readFile(file), file);
  const isThere = isThereIn(listing, base);
  const [first = ''] = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1);
  const isTable = /[,;\t]/.test(first) && first.split(/[,;\t]/).some((cell) => isFileColumn(cell));
  return /\.(txt|lst)$/i.test(file) && !isTable
    ? parsePathList(text, file, isThere)
    : parseLabelTable(text, file, wanted, isThere);
}

/** Spreadsheets also write UTF-16, with its mark in front. In other encodings letters of different classes might become one. */
function decodeText(bytes: Uint8Array, name: string): string {
  const mark = bytes[0] * 256 + bytes[1];
  const encoding = mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(
      `${name}: expected text in UTF-8, found other bytes (an older encoding, or no text); save the file as UTF-8`,
    );
  }
}

/** Whether a picture is called just so. Only lines that do not look like pictures ask, so that few listings are searched twice. */
function isThereIn(listing: Listing, base: string): (name: string) => boolean {
  let names: ReadonlySet<string> | undefined;
  const isFolder = statSync(listing.place, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return (name) => {
    names ??= new Set(
      listing.files.flatMap((file, at) => (isPicture(listing, at) ? [file, path.posix.basename(file)] : [])),
    );
    const written = name.replaceAll('\\', '/');
    if (names.has(path.posix.join(base, written)) || names.has(path.posix.basename(written))) return true;
    try {
      return isFolder && onDisk(listing.place, base, name) !== undefined;
    } catch {
      // Longer than names can be, and the like.
      return false;
    }
  };
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
    if (file === 'several') {
      throw new UserError(
        `${name}, line ${row.line}: expected one image ${row.file} in ${path.posix.join(listing.place, base)}, found several of that name; write its folder and ending too`,
      );
    }
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
    ...(repeated > 0 ? [`${table} names ${plural(repeated, 'image')} again: read once`] : []),
    ...(unnamed > 0 ? [`left out: ${plural(unnamed, 'picture')} without a line in ${table}`] : []),
  ];
}

/** The name of a file, without those of its folders and of its archive. */
export function titleOf(name: string): string {
  return path.posix.basename(name.split(': ').at(-1)!);
}

/** Finds the file that a row means; several may be called so. */
function fileFinder(listing: Listing, base: string): (name: string) => number | 'several' | undefined {
  const { files, place } = listing;
  const byPath = new Map(files.map((file, index) => [file, index]));
  const byStem = new Map<string, number | 'several'>();
  const byName = new Map<string, number | 'several'>();
  const note = (map: Map<string, number | 'several'>, key: string, index: number) => {
    const known = map.get(key);
    map.set(key, known === undefined || known === index ? index : 'several');
  };
  files.forEach((file, index) => {
    if (!isPicture(listing, index)) return;
    const stem = withoutPictureEnding(file);
    note(byStem, stem, index);
    note(byName, path.posix.basename(file).toLowerCase(), index);
    note(byName, path.posix.basename(stem).toLowerCase(), index);
  });
  return (name) => {
    const written = name.replaceAll('\\', '/');
    const relative = path.isAbsolute(written) ? path.relative(place, written) : written;
    const places = [path.posix.join(base, relative), path.posix.normalize(relative)];
    for (const at of places) {
      const found = byPath.get(at) ?? byStem.get(at);
      if (found !== undefined) return found;
    }
    return byName.get(path.posix.basename(relative).toLowerCase());
  };
}

function onDisk(place: string, base: string, name: string): string | undefined {
  const written = path.sep === '/' ? name.replaceAll('\\', '/') : name;
  const tried = [name, written].flatMap((each) => [
    path.resolve(place, base, each),
    path.resolve(place, each),
  ]);
  return tried.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}

/** A folder's files and some others, whose paths are absolute. */
function withFiles(listing: Listing, extra: readonly string[]): Listing {
  return listFiles(listing.place, [...listing.files, ...extra]);
}
