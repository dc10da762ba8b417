/** The files of a zip archive, which are read in place. */

import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import type { Entry } from 'yauzl';
import { UserError } from '../../errors.ts';
import { closeSync, open, openSync, readSync } from '../../files/fs.ts';
import { membersOf, openZipDirectory, ZipError } from '../../files/zip-directory.ts';
import { unpackLimit, unpacksToTooMuch } from '../pictures/limits.ts';
import { decodeName, isUtf8 } from './file-names.ts';
import type { Listing } from './listed-files.ts';

const STORED = 0;
const DEFLATED = 8;
/** That names are UTF-8, and the field that has the name in UTF-8 again. */
const UTF8_FLAG = 0x800;
const UNICODE_PATH = 0x7075;
/** A file's header before its name: 30 bytes, of which the last four say how long the name and the rest of it are. */
const HEADER = 30;

/** Whether a file begins as a zip archive does. */
export async function isZip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(new Uint8Array(4), 0, 4, 0);
    return buffer[0] === 0x50 && buffer[1] === 0x4b && [3, 5].includes(buffer[2]);
  } finally {
    await handle.close();
  }
}

/** @throws UserError when the archive is damaged, or packed as nothing here unpacks it */
export async function listZip(place: string): Promise<Listing> {
  const entries = await readEntries(place);
  const files = entries.map((entry) => path.posix.normalize(nameOf(entry).replaceAll('\\', '/')));
  return {
    place,
    files,
    describe: (file) => `${place}: ${files[file]}`,
    read: async (file) => readFileOf(place, entries[file]),
    storage: (wanted) => ({
      kind: 'ranges',
      file: place,
      ...rangesOf(
        place,
        wanted.map((file) => entries[file]),
      ),
    }),
    close: async () => {},
  };
}

/** Most programs write UTF-8 whether they say so or not; what says so need not be it. */
function nameOf(entry: Entry): string {
  const { fileName, fileNameRaw, extraFields, generalPurposeBitFlag } = entry;
  const isSaid =
    (generalPurposeBitFlag & UTF8_FLAG) !== 0 || extraFields.some(({ id }) => id === UNICODE_PATH);
  if (isSaid && !fileName.includes('\uFFFD')) return fileName;
  return isSaid || isUtf8(fileNameRaw) ? decodeName(fileNameRaw) : fileName;
}

async function readEntries(place: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    const directory = await openZipDirectory(place);
    try {
      for await (const entry of membersOf(directory)) {
        if (!entry.fileName.endsWith('/')) entries.push(entry);
      }
      const total = entries.reduce((sum, { compressedSize }) => sum + compressedSize, 0);
      if (total > directory.size) throw new ZipError('its files share bytes');
    } finally {
      await directory.close();
    }
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new UserError(`${place}: the archive is damaged (${error.message}); fetch it again`);
  }
  const odd = entries.find(
    (entry) => entry.isEncrypted() || ![STORED, DEFLATED].includes(entry.compressionMethod),
  );
  if (odd) {
    const how = odd.isEncrypted() ? 'encrypted' : `packed by method ${odd.compressionMethod}`;
    throw new UserError(
      `${place}: expected files that are stored or deflated, found ${odd.fileName} ${how}; unpack the archive to a folder`,
    );
  }
  const grown = entries.find(
    ({ compressedSize, uncompressedSize }) => uncompressedSize > unpackLimit(compressedSize),
  );
  if (grown) throw unpacksToTooMuch(`${place}: ${grown.fileName}`, grown.compressedSize);
  return entries;
}

function rangesOf(place: string, entries: readonly Entry[]) {
  const starts = startsOf(place, entries);
  const isPacked = entries.some(({ compressionMethod }) => compressionMethod === DEFLATED);
  return {
    offsets: Float64Array.from(starts),
    lengths: Float64Array.from(entries, ({ compressedSize }) => compressedSize),
    ...(isPacked && {
      inflated: Float64Array.from(entries, ({ compressionMethod, uncompressedSize }) =>
        compressionMethod === DEFLATED ? uncompressedSize : 0,
      ),
    }),
  };
}

/** Where the contents of files begin: behind their headers, whose lengths only they themselves know. */
function startsOf(place: string, entries: readonly Entry[]): number[] {
  const descriptor = openSync(place, 'r');
  const header = new Uint8Array(HEADER);
  const view = new DataView(header.buffer);
  try {
    return entries.map(({ relativeOffsetOfLocalHeader: at, fileName }) => {
      const count = readSync(descriptor, header, 0, HEADER, at);
      if (count < HEADER || view.getUint32(0, true) !== 0x04034b50) {
        throw new UserError(`${place}: the archive is damaged at ${fileName}; fetch it again`);
      }
      return at + HEADER + view.getUint16(26, true) + view.getUint16(28, true);
    });
  } finally {
    closeSync(descriptor);
  }
}

function readFileOf(place: string, entry: Entry): Uint8Array {
  const [start] = startsOf(place, [entry]);
  const descriptor = openSync(place, 'r');
  try {
    const bytes = new Uint8Array(entry.compressedSize);
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(descriptor, bytes, done, bytes.length - done, start + done);
      if (count === 0)
        throw new UserError(`${place}: the archive ends too early, in ${entry.fileName}; fetch it again`);
      done += count;
    }
    if (entry.compressionMethod === STORED) return bytes;
    return inflateRawSync(bytes, { maxOutputLength: Math.max(1, entry.uncompressedSize) });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${place}: the archive is damaged at ${entry.fileName}; fetch it again`);
  } finally {
    closeSync(descriptor);
  }
}
