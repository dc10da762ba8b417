/** The list of a zip archive's members, wherever damaged or hostile ones say that something lies. */
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { open } from './fs.ts';

/** What is wrong with an archive; the system's refusals are errors of their own. */
export class ZipError extends Error {}

/** An archive whose list is read: what yauzl tells of it, checked against the size of the file. */
export interface ZipDirectory {
  readonly zip: ZipFile;
  /** Bytes of the archive. */
  readonly size: number;
  /** Read into all of `bytes`. Throws a ZipError where the archive ends before. */
  read(bytes: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

type Handle = Awaited<ReturnType<typeof open>>;

/** yauzl hands positions on as the archive gives them, and those beyond 2^53 throw where nobody catches. */
class Reader extends RandomAccessReader {
  readonly #handle: Handle;
  readonly #size: number;

  constructor(handle: Handle, size: number) {
    super();
    this.#handle = handle;
    this.#size = size;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, count?: number) => void,
  ): void {
    if (!(position >= 0 && position + length <= this.#size)) {
      setImmediate(callback, new ZipError('it points beyond its end'));
      return;
    }
    this.#handle.read(buffer, offset, length, position).then(
      ({ bytesRead }) => callback(null, bytesRead),
      (error: Error) => callback(error),
    );
  }

  override close(callback: (error: Error | null) => void): void {
    this.#handle.close().then(() => callback(null), callback);
  }
}

/** @throws ZipError where it is no zip archive, or a damaged one */
export async function openZipDirectory(file: string): Promise<ZipDirectory> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const reader = new Reader(handle, size);
    const zip = await explained(
      fromRandomAccessReaderPromise(reader, size, { autoClose: false, lazyEntries: true }),
    );
    return {
      zip,
      size,
      read: async (bytes, position) => {
        for (let done = 0; done < bytes.length; ) {
          const count = Math.min(bytes.length - done, 2 ** 30);
          const { bytesRead } = await handle.read(bytes, done, count, position + done);
          if (bytesRead === 0) throw new ZipError('it ends too early');
          done += bytesRead;
        }
      },
      close: () =>
        new Promise((resolve) => {
          reader.once('close', resolve).once('error', resolve);
          zip.close();
        }),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The members one after the other, all of which lie in the file. */
export async function* membersOf({ zip, size }: ZipDirectory): AsyncGenerator<Entry> {
  const entries = zip.eachEntry()[Symbol.asyncIterator]();
  for (;;) {
    const { done, value: entry } = await explained(entries.next());
    if (done) return;
    const start = entry.relativeOffsetOfLocalHeader;
    if (!(start + entry.compressedSize <= size)) {
      throw new ZipError(`it ends before its member '${entry.fileName}' does`);
    }
    yield entry;
  }
}

/** yauzl throws plain errors about the archive, the system ones with a code. */
export async function explained<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ZipError || (error as { code?: unknown }).code !== undefined) throw error;
    throw new ZipError(`its zip structure is broken (${(error as Error).message})`);
  }
}
