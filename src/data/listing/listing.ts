import path from 'node:path';
import { closeSync, openSync, readFile, readSync, stat } from '../../files/fs.ts';
import { storeFiles } from '../storage.ts';
import { openTar } from './archive.ts';
import { listFolderFiles } from './folder-listing.ts';
import type { Listing } from './listed-files.ts';
import { identifyFiles } from './listed-kinds.ts';
import type { TarEntry } from './tar-entry.ts';
import { isZip, listZip } from './zip.ts';

/**
 * @param asked the name of a folder that is a split, beside those that are known as such
 * @throws UserError when a file is no archive, or a damaged one
 */
export async function openListing(place: string, cacheDir?: string, asked?: string): Promise<Listing> {
  const listing = await listPlace(place, cacheDir, asked);
  try {
    return { ...listing, kinds: await identifyFiles(listing) };
  } catch (error) {
    await listing.close();
    throw error;
  }
}

async function listPlace(place: string, cacheDir?: string, asked?: string): Promise<Listing> {
  if ((await stat(place)).isDirectory()) {
    const { files, leftOut } = await listFolderFiles(place, cacheDir, undefined, asked);
    return { ...listFiles(place, files), leftOut };
  }
  return (await isZip(place)) ? await listZip(place) : await listArchive(place, cacheDir);
}

/** Some files, whose paths are absolute or below `place`. */
export function listFiles(place: string, files: readonly string[]): Listing {
  const prefix = path.join(place, path.sep);
  // Not `path.resolve`, which takes seconds for ImageNet: what is listed needs no tidying.
  const absolute = (file: number) => (path.isAbsolute(files[file]) ? files[file] : prefix + files[file]);
  return {
    place,
    files,
    describe: absolute,
    read: async (file) => await readFile(absolute(file)),
    storage: (wanted) => storeFiles(wanted.map(absolute)),
    close: async () => {},
  };
}

async function listArchive(place: string, cacheDir?: string): Promise<Listing> {
  const { entries, leftOut, where, close } = await openTar(place, cacheDir);
  const ranges = (wanted: readonly number[]) => {
    const column = (of: (entry: TarEntry) => number) =>
      Float64Array.from(wanted, (file) => of(entries[file]));
    return { offsets: column((entry) => entry.offset), lengths: column((entry) => entry.length) };
  };
  return {
    place,
    files: entries.map((entry) => entry.path),
    leftOut,
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
