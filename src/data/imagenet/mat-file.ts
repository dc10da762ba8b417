import { inflateSync } from 'node:zlib';
import { UserError } from '../../errors.ts';
import { errorCode } from '../../files/files.ts';
import { unpackLimit, unpacksToTooMuch } from '../pictures/limits.ts';

/*
 * MATLAB's level 5 MAT-files, as far as ImageNet's devkit needs them. Of the packages that read them none is in wide
 * use, and this is little.
 */

/** A variable of a MAT-file; elements are in column-major order. */
export type MatValue =
  | { readonly kind: 'numbers'; readonly values: readonly number[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'cells'; readonly cells: readonly MatValue[] }
  | { readonly kind: 'structs'; readonly structs: readonly ReadonlyMap<string, MatValue>[] }
  /** Sparse arrays, objects and the like. */
  | { readonly kind: 'other' };

const HEADER = 128;
/** Types of data elements, with the bytes of a number. */
const NUMBERS: Readonly<Record<number, readonly [bytes: number, read: keyof DataView]>> = {
  1: [1, 'getInt8'],
  2: [1, 'getUint8'],
  3: [2, 'getInt16'],
  4: [2, 'getUint16'],
  5: [4, 'getInt32'],
  6: [4, 'getUint32'],
  7: [4, 'getFloat32'],
  9: [8, 'getFloat64'],
  12: [8, 'getBigInt64'],
  13: [8, 'getBigUint64'],
  16: [1, 'getUint8'],
  17: [2, 'getUint16'],
};
const MATRIX = 14;
const COMPRESSED = 15;
/** Classes of arrays. */
const CELL = 1;
const STRUCT = 2;
const CHAR = 4;
const FIRST_NUMERIC = 6;
const LAST_NUMERIC = 15;
/** Bytes that a file unpacks to, of which every one may become fifty in memory. ImageNet's has less than one MiB. */
const LARGEST = 16 * 2 ** 20;

/**
 * The variables of a MAT-file of level 5 (MATLAB's `-v6` and `-v7`; those of `-v7.3` are HDF5 files).
 *
 * @param name of the file, for messages
 * @throws UserError when it is no such file, or a damaged one
 */
export function readMat(bytes: Uint8Array, name: string): ReadonlyMap<string, MatValue> {
  const mark = String.fromCharCode(...bytes.subarray(126, HEADER));
  if (bytes.length < HEADER || (mark !== 'IM' && mark !== 'MI')) {
    throw new UserError(`${name}: expected a MATLAB file of level 5, found a file of another kind`);
  }
  const limit = unpackLimit(bytes.length, LARGEST);
  if (bytes.length > limit) throw unpacksToTooMuch(name, bytes.length, LARGEST);
  try {
    const variables = new Map<string, MatValue>();
    const reader = new ElementReader(bytes.subarray(HEADER), mark === 'IM');
    let unpacked = 0;
    while (!reader.done) {
      const element = reader.next();
      let inside = element;
      if (element.type === COMPRESSED) {
        const data = inflateSync(element.data, { maxOutputLength: Math.max(1, limit - unpacked) });
        unpacked += data.length;
        inside = new ElementReader(data, mark === 'IM').next();
      }
      if (inside.type !== MATRIX) continue;
      const { name: variable, value } = readMatrix(inside);
      variables.set(variable, value);
    }
    return variables;
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') throw unpacksToTooMuch(name, bytes.length, LARGEST);
    throw new UserError(`${name}: the file is damaged; fetch it again`);
  }
}

interface Element {
  readonly type: number;
  readonly data: Uint8Array;
  readonly littleEndian: boolean;
}

class ElementReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  #at = 0;

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#littleEndian = littleEndian;
  }

  get done(): boolean {
    return this.#at + 8 > this.#bytes.length;
  }

  next(): Element {
    const littleEndian = this.#littleEndian;
    const word = this.#view.getUint32(this.#at, littleEndian);
    // Up to four bytes stand in the tag itself, which then has the length in its upper half.
    const isSmall = word >>> 16 !== 0;
    const type = isSmall ? word & 0xffff : word;
    const length = isSmall ? word >>> 16 : this.#view.getUint32(this.#at + 4, littleEndian);
    const start = this.#at + (isSmall ? 4 : 8);
    if (start + length > this.#bytes.length) throw new RangeError('an element is longer than the file');
    const padded = type === COMPRESSED ? length : Math.ceil(length / 8) * 8;
    this.#at = isSmall ? this.#at + 8 : start + padded;
    return { type, data: this.#bytes.subarray(start, start + length), littleEndian };
  }
}

function readMatrix({ data, littleEndian }: Element): { name: string; value: MatValue } {
  if (data.length === 0) return { name: '', value: { kind: 'numbers', values: [] } };
  const reader = new ElementReader(data, littleEndian);
  const arrayClass = numbers(reader.next())[0] & 0xff;
  const size = numbers(reader.next()).reduce((product, side) => product * side, 1);
  const name = text(reader.next());
  const matrices = (count: number) => {
    // A value has a tag at least.
    if (!(count <= data.length / 8)) throw new RangeError('more values than there is room for');
    return Array.from({ length: count }, () => readMatrix(reader.next()).value);
  };
  if (arrayClass === CELL) return { name, value: { kind: 'cells', cells: matrices(size) } };
  if (arrayClass === CHAR) return { name, value: { kind: 'text', text: text(reader.next()) } };
  if (arrayClass >= FIRST_NUMERIC && arrayClass <= LAST_NUMERIC) {
    return { name, value: { kind: 'numbers', values: numbers(reader.next()) } };
  }
  if (arrayClass !== STRUCT) return { name, value: { kind: 'other' } };
  const [width] = numbers(reader.next());
  const names = text(reader.next());
  if (!(width > 0) || names.length % width !== 0) throw new RangeError('names of no length');
  const valuesInside = (size * names.length) / width;
  if (!(size >= 0 && size <= data.length && valuesInside <= data.length / 8)) {
    throw new RangeError('more structs than there is room for');
  }
  const fields = Array.from({ length: names.length / width }, (_, field) =>
    names.slice(field * width, (field + 1) * width).replace(/\0.*$/s, ''),
  );
  const structs = Array.from({ length: size }, () => {
    const values = matrices(fields.length);
    return new Map(fields.map((field, index) => [field, values[index]]));
  });
  return { name, value: { kind: 'structs', structs } };
}

function numbers({ type, data, littleEndian }: Element): number[] {
  const form = NUMBERS[type];
  if (form === undefined) throw new RangeError(`elements of type ${type} are no numbers`);
  const [bytes, read] = form;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const get = view[read] as (this: DataView, at: number, littleEndian: boolean) => number | bigint;
  return Array.from({ length: data.length / bytes }, (_, index) =>
    Number(get.call(view, index * bytes, littleEndian)),
  );
}

/** Of a char array: UTF-8, or one number a character. */
function text(element: Element): string {
  const UTF8 = 16;
  if (element.type === UTF8) return new TextDecoder().decode(element.data);
  return numbers(element)
    .map((code) => String.fromCharCode(code & 0xffff))
    .join('');
}
