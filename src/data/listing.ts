import { closeSync, type Dirent, openSync, readSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { openTar } from './archive.ts';
import type { ImageStorage } from './storage.ts';
import type { TarEntry } from './tar.ts';

/** The files of a folder or of an archive. */
export interface Listing {
  /** The folder or archive, absolute. */
  readonly place: string;
  /** Paths below it, `/` between the parts; any order. */
  readonly files: readonly string[];
  /** How to say a file in a message. */
  describe(file: number): string;
  read(file: number): Promise<Uint8Array>;
  /** The bytes of some of the files, for threads. */
  storage(files: readonly number[]): ImageStorage;
  close(): Promise<void>;
}

/** Folders with these names are searched to the bottom; others only as deep as one of these may lie. */
export const SPLIT_FOLDERS = { train: ['train'], test: ['test', 'val'] } as const;
const ALL_SPLIT_FOLDERS: readonly string[] = Object.values(SPLIT_FOLDERS).flat();

/** @throws UserError when a file is no archive, or a damaged one */
export async function openListing(place: string, cacheDir?: string): Promise<Listing> {
  return (await stat(place)).isDirectory() ? await listFolder(place) : await listArchive(place, cacheDir);
}

async function listFolder(place: string): Promise<Listing> {
  const files: string[] = [];
  const visit = async (folder: string, depth: number) => {
    const below: string[] = [];
    for (const entry of await readdir(path.join(place, folder), { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const kind = await kindOf(entry, path.join(place, relative));
      if (kind === 'file') files.push(relative);
      else if (kind === 'folder') below.push(relative);
    }
    const isSplit = (name: string) => ALL_SPLIT_FOLDERS.includes(path.posix.basename(name));
    // A split folder right here is the data set; its neighbours (and a home folder's) are none of ours.
    const wanted = !insideSplit(folder) && below.some(isSplit) ? below.filter(isSplit) : below;
    for (const name of wanted) {
      if (depth < 1 || insideSplit(name)) await visit(name, depth + 1);
    }
  };
  await visit('', 0);
  return listFiles(place, files);
}

/** Some files, whose paths are absolute or below `place`. */
export function listFiles(place: string, files: readonly string[]): Listing {
  const absolute = (file: number) => path.resolve(place, files[file]);
  return {
    place,
    files,
    describe: absolute,
    read: async (file) => await readFile(absolute(file)),
    storage: (wanted) => ({ kind: 'files', paths: wanted.map(absolute) }),
    close: async () => {},
  };
}

function insideSplit(relative: string): boolean {
  return relative
    .split('/')
    .slice(0, 2)
    .some((part) => ALL_SPLIT_FOLDERS.includes(part));
}

async function kindOf(entry: Dirent, file: string): Promise<'file' | 'folder' | undefined> {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return undefined;
  const target = await stat(file).catch(() => undefined);
  return target?.isFile() ? 'file' : target?.isDirectory() ? 'folder' : undefined;
}

async function listArchive(place: string, cacheDir?: string): Promise<Listing> {
  const { entries, where, close } = await openTar(place, cacheDir);
  const ranges = (wanted: readonly number[]) => {
    const column = (of: (entry: TarEntry) => number) =>
      Float64Array.from(wanted, (file) => of(entries[file]));
    return { offsets: column((entry) => entry.offset), lengths: column((entry) => entry.length) };
  };
  return {
    place,
    files: entries.map((entry) => entry.path),
    describe: (file) => `${place}: ${entries[file].path}`,
    read: async (file) => {
      const { offset, length } = entries[file];
      if (where.kind === 'memory') return new Uint8Array(where.bytes, offset, length);
      return readRange(where.file, offset, length);
    },
    storage: (wanted) => ({ ...where, ...ranges(wanted) }),
    close,
  };
}

function readRange(file: string, offset: number, length: number): Uint8Array {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const count = readSync(descriptor, bytes, done, length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}
