/** Images and labels in npy files, in a folder or inside an archive; of the images only the header is read at once. */

import { UserError } from '../../errors.ts';
import { closeSync, openSync, readSync, stat } from '../../files/fs.ts';
import type { Listing } from '../listing/listed-files.ts';
import type { ImageStorage } from '../storage.ts';
import { decodeNpy, LONGEST_NPY_HEADER, parseNpyHeader } from './npy.ts';

/** An array of RGB images, uint8 `[count, height, width, 3]`. */
export interface NpyImages {
  /** Of the file, for messages. */
  readonly name: string;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  /** Where the images of these rows are. */
  storage(rows: Iterable<number>): ImageStorage;
}

/**
 * Find the images of an npy file of a listing.
 *
 * @throws UserError when it is another array, or ends too early
 */
export async function locateNpyImages(listing: Listing, file: number): Promise<NpyImages> {
  const name = listing.describe(file);
  const { header: bytes, size, at } = await readStart(listing, file);
  const { dtype, shape, dataStart } = parseNpyHeader(bytes, size, name);
  const [count, height, width, channels] = shape;
  if (dtype !== 'uint8' || shape.length !== 4 || channels !== 3) {
    throw new UserError(
      `${name}: expected uint8 images of shape (count, height, width, 3), found ${dtype} of shape (${shape.join(', ')}); ` +
        'check that it is the right file',
    );
  }
  const length = width * height * 3;
  const storage = (rows: Iterable<number>): ImageStorage => {
    const offsets = Float64Array.from(rows, (row) => at.offset + dataStart + row * length);
    return at.kind === 'file'
      ? { kind: 'rgb', file: at.file, offsets, width, height }
      : { kind: 'pixels', format: 'interleaved', bytes: at.bytes, offsets, width, height, padding: 0 };
  };
  return { name, count, width, height, storage };
}

/**
 * Read the labels in an npy file of a listing: integers of any type, `[count]`.
 *
 * @throws UserError when it is another array, or a label is not below `classes`
 */
export async function readNpyLabels(listing: Listing, file: number, classes: number): Promise<Int32Array> {
  const name = listing.describe(file);
  const { dtype, shape, data } = decodeNpy(await listing.read(file), name);
  if (shape.length !== 1 || !/^u?int/.test(dtype)) {
    throw new UserError(
      `${name}: expected integer labels of shape (count,), found ${dtype} of shape (${shape.join(', ')}); ` +
        'check that it is the right file',
    );
  }
  // Not as int32 at once, which would take 2^32 for 0.
  const labels = Float64Array.from({ length: data.length }, (_, index) => Number(data[index]));
  const wrong = labels.findIndex((label) => label < 0 || label >= classes);
  if (wrong >= 0) {
    throw new UserError(
      `${name}: expected labels from 0 to ${classes - 1}, found ${labels[wrong]} at position ${wrong}; ` +
        'check that it is the right file',
    );
  }
  return Int32Array.from(labels);
}

type Place =
  | { readonly kind: 'file'; readonly file: string; readonly offset: number }
  | { readonly kind: 'memory'; readonly bytes: SharedArrayBuffer; readonly offset: number };

/** The first bytes of a file of a listing, its size, and where it begins. */
async function readStart(
  listing: Listing,
  file: number,
): Promise<{ header: Uint8Array; size: number; at: Place }> {
  const storage = listing.storage([file]);
  switch (storage.kind) {
    case 'files': {
      const [path] = storage.paths;
      const { size } = await stat(path);
      return { header: readSome(path, 0, size), size, at: { kind: 'file', file: path, offset: 0 } };
    }
    case 'ranges': {
      const [[offset], [size]] = [storage.offsets, storage.lengths];
      const header = readSome(storage.file, offset, size);
      return { header, size, at: { kind: 'file', file: storage.file, offset } };
    }
    case 'memory': {
      const [[offset], [size], { bytes }] = [storage.offsets, storage.lengths, storage];
      // A copy: text decoders take no shared memory.
      const header = new Uint8Array(bytes, offset, Math.min(size, LONGEST_NPY_HEADER)).slice();
      return { header, size, at: { kind: 'memory', bytes, offset } };
    }
    default:
      throw new Error(`a listing does not store ${storage.kind}`);
  }
}

function readSome(file: string, offset: number, size: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(size, LONGEST_NPY_HEADER));
  const descriptor = openSync(file, 'r');
  try {
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(descriptor);
  }
}
