/** NumPy's file format, version 1.0: a header that names type and shape, then the values in C order. */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { explainWriteError, temporaryNeighbour } from './files.ts';

export type NpyType = 'uint8' | 'uint16';

const DESCRIPTIONS: Readonly<Record<NpyType, string>> = { uint8: '|u1', uint16: '<u2' };

/** Magic, version, length field and dictionary fill a multiple of this many bytes. */
const ALIGNMENT = 64;

/** The header of an array. */
export function npyHeader(type: NpyType, shape: readonly number[]): Uint8Array {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${DESCRIPTIONS[type]}', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const prefix = 10;
  const padding = ALIGNMENT - ((prefix + dictionary.length + 1) % ALIGNMENT || ALIGNMENT);
  const text = `${dictionary}${' '.repeat(padding)}\n`;
  const header = new Uint8Array(prefix + text.length);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(header.buffer).setUint16(8, text.length, true);
  header.set(new TextEncoder().encode(text), prefix);
  return header;
}

/** A whole array as the bytes of a file. */
export function encodeNpy(values: Uint8Array | Uint16Array, shape: readonly number[]): Uint8Array {
  const header = npyHeader(values instanceof Uint8Array ? 'uint8' : 'uint16', shape);
  const file = new Uint8Array(header.length + values.byteLength);
  file.set(header);
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), header.length);
  return file;
}

/**
 * A uint8 array that is written piece by piece, in any order, into a temporary neighbour of its file.
 * `commit` puts the file in its place; `discard` leaves nothing behind.
 */
export class NpyWriter {
  readonly #file: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #start: number;

  private constructor(file: string, temporary: string, handle: FileHandle, start: number) {
    this.#file = file;
    this.#temporary = temporary;
    this.#handle = handle;
    this.#start = start;
  }

  /** @throws UserError when the place cannot be written */
  static async create(file: string, shape: readonly number[]): Promise<NpyWriter> {
    const temporary = temporaryNeighbour(file);
    try {
      await mkdir(path.dirname(file), { recursive: true });
      const handle = await open(temporary, 'wx');
      const header = npyHeader('uint8', shape);
      await handle.write(header, 0, header.length, 0);
      return new NpyWriter(file, temporary, handle, header.length);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw explainWriteError(error, file);
    }
  }

  /** Write values from element `position` on. */
  async write(values: Uint8Array, position: number): Promise<void> {
    try {
      let done = 0;
      while (done < values.length) {
        const at = this.#start + position + done;
        done += (await this.#handle.write(values, done, values.length - done, at)).bytesWritten;
      }
    } catch (error) {
      throw explainWriteError(error, this.#file);
    }
  }

  async commit(): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#temporary, this.#file);
    } catch (error) {
      await this.discard();
      throw explainWriteError(error, this.#file);
    }
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#temporary, { force: true }).catch(() => {});
  }
}
