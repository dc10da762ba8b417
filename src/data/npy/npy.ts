/** NumPy's array file, format versions 1 to 3, C order, either byte order. */

import path from 'node:path';
import { UserError } from '../../errors.ts';
import { explainWriteError, temporaryNeighbour } from '../../files/files.ts';
import { type FileHandle, isMissing, mkdir, open, readFile, rename, rm } from '../../files/fs.ts';

const TYPES = {
  '|u1': { array: Uint8Array, name: 'uint8' },
  '|i1': { array: Int8Array, name: 'int8' },
  '|b1': { array: Uint8Array, name: 'bool' },
  '<u2': { array: Uint16Array, name: 'uint16' },
  '<i2': { array: Int16Array, name: 'int16' },
  '<u4': { array: Uint32Array, name: 'uint32' },
  '<i4': { array: Int32Array, name: 'int32' },
  '<i8': { array: BigInt64Array, name: 'int64' },
  '<u8': { array: BigUint64Array, name: 'uint64' },
  '<f4': { array: Float32Array, name: 'float32' },
  '<f8': { array: Float64Array, name: 'float64' },
} as const;

type Descriptor = keyof typeof TYPES;
/** Named as NumPy does. */
export type NpyType = (typeof TYPES)[Descriptor]['name'];
export type NpyData = InstanceType<(typeof TYPES)[Descriptor]['array']>;

export interface NpyArray {
  readonly dtype: NpyType;
  readonly shape: readonly number[];
  /** Last axis fastest. */
  readonly data: NpyData;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** The data begins at a multiple of this. */
const ALIGNMENT = 64;

/** What the beginning of an npy file says of its array. */
export interface NpyHeader {
  readonly dtype: NpyType;
  readonly shape: readonly number[];
  /** Where the data begins in the file. */
  readonly dataStart: number;
  /** Length of the data. */
  readonly byteLength: number;
  /** Whether the most significant byte of a value comes first. */
  readonly bigEndian: boolean;
}

/** The header of every file that this reader knows ends before here. */
export const LONGEST_NPY_HEADER = 2 ** 16 + 10;

/**
 * Read what stands before the data.
 *
 * @param bytes the file, or its first {@link LONGEST_NPY_HEADER} bytes
 * @param size length of the whole file
 * @param name of the file, for messages
 * @throws UserError when it is no such file, ends too early, or holds what this reader does not know
 */
export function parseNpyHeader(bytes: Uint8Array, size: number, name: string): NpyHeader {
  const problem = (expected: string, found: string, cure = 'save it with numpy.save') =>
    new UserError(`${name}: expected ${expected}, found ${found}; ${cure}`);
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw problem('an npy file', 'another kind of file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if (version < 1 || version > 3) throw problem('npy format 1, 2 or 3', `${version}`);
  const [headerStart, headerLength] =
    version === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const dataStart = headerStart + headerLength;
  const header = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(
    bytes.subarray(headerStart, dataStart),
  );
  const descriptor = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (descriptor === undefined || fortran === undefined || sizes === undefined) {
    throw problem('a header of a plain array', header.trim().slice(0, 80));
  }
  if (fortran === 'True') {
    throw problem('C order', 'Fortran order', 'save numpy.ascontiguousarray of it');
  }
  const bigEndian = descriptor.startsWith('>');
  const type = TYPES[descriptor.replace('>', '<') as Descriptor];
  if (type === undefined) {
    const known = Object.values(TYPES).map((type) => type.name);
    throw problem(`one of ${known.join(', ')}`, `type ${descriptor}`, 'save it as one of these (astype)');
  }
  const { array, name: dtype } = type;
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter(Boolean)
    .map(Number);
  const byteLength = shape.reduce((product, size) => product * size, 1) * array.BYTES_PER_ELEMENT;
  if (![byteLength, dataStart, ...shape].every(Number.isSafeInteger)) {
    throw problem('a header of a plain array', header.trim().slice(0, 80));
  }
  if (size < dataStart + byteLength) {
    throw new UserError(
      `${name}: expected ${byteLength} bytes of data for shape (${shape.join(', ')}), found ` +
        `${Math.max(0, size - dataStart)}; the file ends too early: fetch or save it again`,
    );
  }
  return { dtype, shape, dataStart, byteLength, bigEndian };
}

/**
 * Read the array in the bytes of an npy file. The data is a view of them where their alignment allows it.
 *
 * @param name of the file, for messages
 * @throws UserError as {@link parseNpyHeader} does
 */
export function decodeNpy(bytes: Uint8Array, name: string): NpyArray {
  const { dtype, shape, dataStart, byteLength, bigEndian } = parseNpyHeader(bytes, bytes.length, name);
  const { array } = Object.values(TYPES).find((type) => type.name === dtype)!;
  const inPlace = bytes.subarray(dataStart, dataStart + byteLength);
  const aligned = inPlace.byteOffset % array.BYTES_PER_ELEMENT === 0;
  // Not `slice`, which of a Buffer gives a view, unaligned as before.
  const values = aligned && !bigEndian ? inPlace : new Uint8Array(inPlace);
  if (bigEndian) swapBytes(values, array.BYTES_PER_ELEMENT);
  const length = shape.reduce((product, size) => product * size, 1);
  const data = new array(values.buffer as ArrayBuffer, values.byteOffset, length);
  return { dtype, shape, data };
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) bytes.subarray(start, start + width).reverse();
}

/** @throws UserError as {@link decodeNpy} does, or when there is no such file */
export async function readNpy(file: string): Promise<NpyArray> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new UserError(`${file}: expected an npy file, found none; check the path`);
  });
  return decodeNpy(bytes, file);
}

/** Magic, version, length field and dictionary of an npy file, format version 1 as numpy.save writes it. */
export function npyHeader(dtype: NpyType, shape: readonly number[]): Uint8Array {
  const [descriptor] = Object.entries(TYPES).find(([, { name }]) => name === dtype)!;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const prefix = MAGIC.length + 4;
  const total = Math.ceil((prefix + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = new Uint8Array(total);
  header.set([...MAGIC, 1, 0]);
  new DataView(header.buffer).setUint16(MAGIC.length + 2, total - prefix, true);
  header.set(new TextEncoder().encode(`${dictionary.padEnd(total - prefix - 1)}\n`), prefix);
  return header;
}

/** A whole array as the bytes of a file; its type is that of the values (a Uint8Array is uint8, not bool). */
export function encodeNpy(values: NpyData, shape: readonly number[]): Uint8Array {
  const { name } = Object.values(TYPES).find(({ array }) => values instanceof array)!;
  const header = npyHeader(name, shape);
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
