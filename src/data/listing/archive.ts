import { createHash } from 'node:crypto';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { UserError } from '../../errors.ts';
import { cacheFolder } from '../../files/cache-folder.ts';
import { errorCode, explainWriteError, temporaryNeighbour } from '../../files/files.ts';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdir,
  open,
  openSync,
  readSync,
  rename,
  rm,
  stat,
  statIfThere,
} from '../../files/fs.ts';
import { memoryShare, unpackLimit, unpacksToTooMuch } from '../pictures/limits.ts';
import { indexTar, type TarIndex } from './tar.ts';

/** Where an unpacked archive is. */
export type TarPlace =
  | { readonly kind: 'ranges'; readonly file: string }
  | { readonly kind: 'memory'; readonly bytes: SharedArrayBuffer };

export interface OpenTar extends TarIndex {
  readonly where: TarPlace;
  close(): Promise<void>;
}

/** Archives that unpack to more are unpacked to the cache folder. */
const LARGEST_IN_MEMORY = 2 ** 30;
const LARGEST_PACKED_IN_MEMORY = 2 ** 28;
/** Read at once while looking for headers. */
const WINDOW = 8192;

interface Shared {
  users: number;
  readonly opened: Promise<Omit<OpenTar, 'close'>>;
}

/** Archives that are open in this process: both splits of a data set are often read from one. */
const openArchives = new Map<string, Shared>();

/**
 * Open a `.tar`, which is read in place, or a `.tar.gz`, which is unpacked once: to memory when it is small,
 * else to the cache folder.
 *
 * @throws UserError when it is neither, or damaged
 */
export async function openTar(file: string, cacheDir?: string): Promise<OpenTar> {
  const { size, mtimeMs } = await stat(file);
  const key = createHash('sha256')
    .update(JSON.stringify([file, size, mtimeMs]))
    .digest('hex')
    .slice(0, 16);
  const shared = openArchives.get(key) ?? { users: 0, opened: unpack(file, size, key, cacheDir) };
  openArchives.set(key, shared);
  shared.users++;
  const release = () => {
    shared.users--;
    if (shared.users === 0) openArchives.delete(key);
  };
  try {
    let closed = false;
    const close = async () => {
      if (!closed) release();
      closed = true;
    };
    return { ...(await shared.opened), close };
  } catch (error) {
    release();
    throw error;
  }
}

async function unpack(
  file: string,
  size: number,
  key: string,
  cacheDir: string | undefined,
): Promise<Omit<OpenTar, 'close'>> {
  if (!(await isGzip(file))) return indexFile(file, size, file);
  const unpackedSize = await gzipSize(file, size);
  const most = Math.min(LARGEST_IN_MEMORY, memoryShare());
  if (size <= LARGEST_PACKED_IN_MEMORY && unpackedSize <= most) {
    const unpacked = await gunzipToMemory(file, size, unpackedSize, most);
    if (unpacked) {
      const { bytes, length } = unpacked;
      const view = new Uint8Array(bytes);
      // Copies: text decoders take no shared memory.
      const read = (offset: number, count: number) => view.slice(offset, offset + count);
      return { ...indexTar(read, length, file), where: { kind: 'memory', bytes } };
    }
  }
  const name = path.basename(file).replace(/\.(tar\.gz|tgz|gz)$/i, '');
  const unpacked = path.join(cacheFolder(cacheDir), 'unpacked', `${name}-${key}.tar`);
  if (!(await statIfThere(unpacked))) await gunzipToFile(file, size, unpacked);
  return indexFile(unpacked, (await stat(unpacked)).size, file);
}

async function isGzip(file: string): Promise<boolean> {
  const magic = await readAt(file, 0, 2);
  return magic[0] === 0x1f && magic[1] === 0x8b;
}

/** What the last four bytes of a gzip file say: its unpacked size modulo 2^32. */
async function gzipSize(file: string, size: number): Promise<number> {
  if (size < 18) return 0;
  const bytes = await readAt(file, size - 4, 4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

async function readAt(file: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(new Uint8Array(length), 0, length, offset);
    return buffer;
  } finally {
    await handle.close();
  }
}

/**
 * @param packed bytes of the file
 * @param expected a guess of the size; a file of several gzip members may be larger, and a file may lie
 * @param most bytes that the memory has room for
 * @returns undefined when it is more than that
 */
async function gunzipToMemory(
  file: string,
  packed: number,
  expected: number,
  most: number,
): Promise<{ bytes: SharedArrayBuffer; length: number } | undefined> {
  const limit = Math.min(most, unpackLimit(packed));
  // What is announced is not believed before it is there: memory is taken as it fills.
  let bytes = new SharedArrayBuffer(
    Math.min(Math.max(expected, WINDOW), Math.max(WINDOW, 4 * packed), limit),
  );
  let length = 0;
  let isTooMuch = false;
  const append = (chunk: Uint8Array) => {
    isTooMuch = length + chunk.length > limit;
    if (isTooMuch) throw new Error('too much');
    if (length + chunk.length > bytes.byteLength) {
      const larger = new SharedArrayBuffer(
        Math.min(Math.max(2 * bytes.byteLength, length + chunk.length), limit),
      );
      new Uint8Array(larger).set(new Uint8Array(bytes, 0, length));
      bytes = larger;
    }
    new Uint8Array(bytes).set(chunk, length);
    length += chunk.length;
  };
  try {
    await pipeline(
      createReadStream(file, { highWaterMark: 2 ** 18 }),
      createGunzip({ chunkSize: 2 ** 18 }),
      async (chunks: AsyncIterable<Uint8Array>) => {
        for await (const chunk of chunks) append(chunk);
      },
    );
  } catch (error) {
    // Not the error that was thrown: the pipeline may give another one.
    if (!isTooMuch) throw explainGzipError(error, file);
    if (limit < most) throw unpacksToTooMuch(file, packed);
    return undefined;
  }
  return { bytes, length };
}

async function gunzipToFile(file: string, packed: number, unpacked: string): Promise<void> {
  const temporary = temporaryNeighbour(unpacked);
  const limit = unpackLimit(packed);
  let length = 0;
  try {
    await mkdir(path.dirname(unpacked), { recursive: true });
    await pipeline(
      createReadStream(file),
      createGunzip({ chunkSize: 2 ** 18 }),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          length += chunk.length;
          if (length > limit) throw new Error('too much');
          yield chunk;
        }
      },
      createWriteStream(temporary),
    );
    await rename(temporary, unpacked);
  } catch (error) {
    await rm(temporary, { force: true });
    if (length > limit) throw unpacksToTooMuch(file, packed);
    throw explainGzipError(explainWriteError(error, unpacked), file);
  }
}

function explainGzipError(error: unknown, file: string): unknown {
  if (!errorCode(error)?.startsWith('Z_')) return error;
  return new UserError(`${file}: the archive is damaged (${(error as Error).message}); fetch it again`);
}

function indexFile(file: string, size: number, name: string): Omit<OpenTar, 'close'> {
  return {
    ...readHeaders(file, (read) => indexTar(read, size, name)),
    where: { kind: 'ranges', file },
  };
}

/** Read small pieces of a file that mostly lie one after the other, as an archive's headers do. */
export function readHeaders<T>(file: string, use: (read: Parameters<typeof indexTar>[0]) => T): T {
  const descriptor = openSync(file, 'r');
  const window = new Uint8Array(WINDOW);
  let start = 0;
  let end = 0;
  const read = (offset: number, length: number) => {
    if (length > WINDOW) {
      const bytes = new Uint8Array(length);
      readSync(descriptor, bytes, 0, length, offset);
      return bytes;
    }
    if (offset < start || offset + length > end) {
      start = offset;
      end = offset + readSync(descriptor, window, 0, WINDOW, offset);
    }
    return window.slice(offset - start, offset - start + length);
  };
  try {
    return use(read);
  } finally {
    closeSync(descriptor);
  }
}
