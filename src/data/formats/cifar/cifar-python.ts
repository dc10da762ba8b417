/** The files of CIFAR's Python versions: pickled dictionaries with an array and lists. */
import { UserError } from '../../../errors.ts';
import { readPickle } from '../../pickle/pickle.ts';
import { PickleError, PickleObject, type PickleValue } from '../../pickle/pickle-values.ts';

const PIXELS = 3 * 32 * 32;

/** The class names of `batches.meta` or `meta`. */
export function readCifarMeta(bytes: Uint8Array, name: string, key: string): readonly string[] {
  const names = dictionary(bytes, name).get(key);
  const texts = Array.isArray(names) ? names.map(asText) : [];
  if (texts.length > 0 && texts.every((text) => text !== undefined)) return texts;
  throw damaged(name, `the list ${key}`);
}

/** The images of a batch and one kind of their labels. */
export function readCifarBatch(bytes: Uint8Array, name: string, key: string): CifarBatch {
  const entries = dictionary(bytes, name);
  const list = entries.get(key);
  const labels = Array.isArray(list) ? list : [];
  const array = arrayOf(entries.get('data'));
  if (!array) throw damaged(name, `uint8 images of shape (images, ${PIXELS}) in data`);
  if (labels.length !== array.length / PIXELS || !labels.every((label) => typeof label === 'number')) {
    throw damaged(name, `${array.length / PIXELS} numbers in ${key}`);
  }
  return { name, bytes: array, first: 0, stride: PIXELS, labels: Int32Array.from(labels as number[]) };
}

function dictionary(bytes: Uint8Array, name: string): ReadonlyMap<string, PickleValue> {
  let value: PickleValue;
  try {
    // A copy, as the bytes of an archive in memory are shared.
    value = readPickle(bytes.slice()).value;
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw new UserError(
      `${name}: expected a pickled dictionary, but ${error.message}; fetch the archive again`,
    );
  }
  if (!(value instanceof Map)) throw damaged(name, 'a pickled dictionary');
  return new Map([...value].map(([key, each]) => [asText(key) ?? '', each]));
}

function asText(value: PickleValue): string | undefined {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof PickleObject && value.callable === '_codecs.encode') return asText(value.args[0]);
  return typeof value === 'string' ? value : undefined;
}

/** Rows of pixels, from what NumPy's arrays leave of themselves in a pickle. */
function arrayOf(value: PickleValue | undefined): Uint8Array | undefined {
  if (!(value instanceof PickleObject) || !/multiarray\._reconstruct$/.test(value.callable ?? ''))
    return undefined;
  const [, shape, dtype, isFortran, data] = Array.isArray(value.state) ? value.state : [];
  const isBytes = dtype instanceof PickleObject && /^[|=<>]?u1$/.test(asText(dtype.args[0]) ?? '');
  const bytes = rawBytes(data);
  if (!isBytes || !bytes || !Array.isArray(shape)) return undefined;
  const [rows, columns = 0] = shape.map(Number);
  const [pixels] = [shape.slice(1).reduce<number>((product, side) => product * Number(side), 1)];
  if (pixels !== PIXELS || rows * PIXELS !== bytes.length) return undefined;
  if (isFortran !== true) return bytes;
  if (columns !== PIXELS) return undefined;
  const turned = new Uint8Array(bytes.length);
  for (let column = 0, from = 0; column < PIXELS; column++) {
    for (let row = 0; row < rows; row++) turned[row * PIXELS + column] = bytes[from++];
  }
  return turned;
}

/** Python 2 wrote bytes as text; Python 3 writes them for it as text that is to be encoded. */
function rawBytes(data: PickleValue | undefined): Uint8Array | undefined {
  if (data instanceof Uint8Array) return data;
  if (typeof data === 'string') return Buffer.from(data, 'latin1');
  if (data instanceof PickleObject && data.callable === '_codecs.encode') return rawBytes(data.args[0]);
  return undefined;
}

function damaged(name: string, expected: string): UserError {
  return new UserError(`${name}: expected ${expected}, found something else; fetch the archive again`);
}

/** One of the files, as pixels with labels. */
export interface CifarBatch {
  /** Of the file, for messages. */
  readonly name: string;
  /** Planes `[images, 3, 32, 32]`, each image at a distance of `stride` bytes from the one before. */
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly stride: number;
  readonly labels: Int32Array;
}
