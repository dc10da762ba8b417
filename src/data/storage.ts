import { inflateRaw } from 'node:zlib';
import { closeSync, openSync, read, readFile, readSync } from '../files/fs.ts';
import { createImage, type Image } from '../image/image.ts';
import { type DecodedImage, decodeImage } from './pictures/decode.ts';
import { loadSharp } from './pictures/sharp.ts';
import type { Transform } from './transform.ts';

/** Where the bytes of images are, by index. Plain data and shared memory, so that threads read them themselves. */
export type ImageStorage =
  /** A file an image, paths absolute. */
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  /** The same for many files: their paths as UTF-8 in shared memory, of which threads need no copy. */
  | {
      readonly kind: 'packedFiles';
      readonly paths: SharedArrayBuffer;
      readonly offsets: Float64Array;
      readonly lengths: Float64Array;
    }
  /** Image files inside one big file, such as a tar or a zip archive. */
  | {
      readonly kind: 'ranges';
      readonly file: string;
      readonly offsets: Float64Array;
      readonly lengths: Float64Array;
      /** Sizes of those that are deflated there, once they are inflated; 0 for those that are not. Default: none is. */
      readonly inflated?: Float64Array;
    }
  /** Image files in memory. */
  | {
      readonly kind: 'memory';
      readonly bytes: SharedArrayBuffer;
      readonly offsets: Float64Array;
      readonly lengths: Float64Array;
    }
  /** Pixels of one size in a file, `[height, width, 3]` each, read when they are wanted. */
  | {
      readonly kind: 'rgb';
      readonly file: string;
      readonly offsets: Float64Array;
      readonly width: number;
      readonly height: number;
    }
  /**
   * Pixels of one size in memory: planes of red, green and blue `[3, height, width]`, grey `[height, width]`, or
   * interleaved `[height, width, 3]`.
   */
  | {
      readonly kind: 'pixels';
      readonly format: 'planes' | 'grey' | 'interleaved';
      readonly bytes: SharedArrayBuffer;
      readonly offsets: Float64Array;
      readonly width: number;
      readonly height: number;
      /** Black pixels added on every side. */
      readonly padding: number;
    }
  /** Images of several places: each is the one with the number `indices[i]` of `parts[partOf[i]]`. */
  | {
      readonly kind: 'parts';
      readonly parts: readonly ImageStorage[];
      readonly partOf: Uint32Array;
      readonly indices: Uint32Array;
    };

/** Decoded images in memory that threads share, so that a second epoch decodes nothing. */
export interface PixelCache {
  readonly pixels: SharedArrayBuffer;
  /** Int32 `[1 + 4·images]`: bytes in use, then state, offset, width and height of each image. */
  readonly table: SharedArrayBuffer;
}

/** All that a thread needs to read the images of a data set. */
export interface SharedImages {
  readonly storage: ImageStorage;
  /** Decoded images, where they are few enough to be kept. */
  readonly cache: PixelCache | null;
  /** What happens to every image before it is kept: transforms that draw nothing at random. Default: nothing. */
  readonly preparation?: readonly Transform[];
}

/** From so many files on their paths are packed: 1.28 million take 150 MB and two seconds a thread otherwise. */
const LEAST_PACKED = 10_000;

/** A file an image, paths absolute. */
export function storeFiles(paths: readonly string[], leastPacked: number = LEAST_PACKED): ImageStorage {
  if (paths.length < leastPacked) return { kind: 'files', paths };
  const lengths = Float64Array.from(paths, (file) => Buffer.byteLength(file));
  const offsets = new Float64Array(paths.length);
  for (let index = 1; index < paths.length; index++) {
    offsets[index] = offsets[index - 1] + lengths[index - 1];
  }
  const packed = new SharedArrayBuffer(offsets[paths.length - 1] + lengths[paths.length - 1]);
  const text = Buffer.from(packed);
  // Many at once: a call a path takes longer than all the writing.
  const block = 4096;
  for (let start = 0; start < paths.length; start += block) {
    text.write(paths.slice(start, start + block).join(''), offsets[start]);
  }
  return { kind: 'packedFiles', paths: packed, offsets, lengths };
}

/** The images of several storages, one after the other. */
export function joinStorages(parts: readonly ImageStorage[], counts: readonly number[]): ImageStorage {
  if (parts.length === 1) return parts[0];
  return {
    kind: 'parts',
    parts,
    partOf: Uint32Array.from(counts.flatMap((count, part) => new Array<number>(count).fill(part))),
    indices: Uint32Array.from(counts.flatMap((count) => Array.from({ length: count }, (_, index) => index))),
  };
}

/** Some of the images, in the order of `chosen`. */
export function selectImages(storage: ImageStorage, chosen: Uint32Array): ImageStorage {
  const pick = (values: Float64Array) => Float64Array.from(chosen, (index) => values[index]);
  switch (storage.kind) {
    case 'files':
      return { ...storage, paths: Array.from(chosen, (index) => storage.paths[index]) };
    case 'pixels':
    case 'rgb':
      return { ...storage, offsets: pick(storage.offsets) };
    case 'parts':
      return {
        ...storage,
        partOf: Uint32Array.from(chosen, (index) => storage.partOf[index]),
        indices: Uint32Array.from(chosen, (index) => storage.indices[index]),
      };
    case 'ranges':
      return {
        ...storage,
        ...{ offsets: pick(storage.offsets), lengths: pick(storage.lengths) },
        ...(storage.inflated && { inflated: pick(storage.inflated) }),
      };
    default:
      return { ...storage, offsets: pick(storage.offsets), lengths: pick(storage.lengths) };
  }
}

/** The image file in deflated bytes. */
async function inflate(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  return await new Promise((resolve, reject) => {
    // A file that grows beyond its stated size is damaged, or made to fill the memory.
    inflateRaw(bytes, { maxOutputLength: size }, (error, inflated) => {
      if (error) reject(new Error('its compressed data is damaged', { cause: error }));
      else resolve(inflated);
    });
  });
}

/** Reads and decodes the images of a storage. */
export class ImageReader {
  readonly storage: ImageStorage;
  readonly #parts: readonly ImageReader[];
  #descriptor: number | undefined;

  /** @throws UserError when there is nothing to decode image files with */
  constructor(storage: ImageStorage) {
    if (storage.kind !== 'pixels' && storage.kind !== 'rgb') loadSharp();
    this.storage = storage;
    this.#parts = storage.kind === 'parts' ? storage.parts.map((part) => new ImageReader(part)) : [];
  }

  /**
   * Rejects with the decoder's or the system's reason when there is no whole image.
   *
   * @param admit see `decodeImage`
   */
  async read(index: number, admit?: (pixels: number) => Promise<void>): Promise<DecodedImage> {
    if (this.storage.kind === 'rgb') return this.#readRgb(this.storage, index);
    if (this.storage.kind === 'parts') {
      return await this.#parts[this.storage.partOf[index]].read(this.storage.indices[index], admit);
    }
    return this.readPixels(index) ?? (await decodeImage(await this.#bytes(index), admit));
  }

  /** The image, where nothing has to be read or decoded for it. */
  readPixels(index: number): Image | undefined {
    const { storage } = this;
    if (storage.kind === 'parts') {
      return this.#parts[storage.partOf[index]].readPixels(storage.indices[index]);
    }
    if (storage.kind !== 'pixels') return undefined;
    const { format, bytes, offsets, width, height, padding } = storage;
    const plane = width * height;
    if (format === 'interleaved') {
      const image = createImage(width + 2 * padding, height + 2 * padding);
      for (let y = 0; y < height; y++) {
        const row = new Uint8Array(bytes, offsets[index] + y * width * 3, width * 3);
        image.data.set(row, ((y + padding) * image.width + padding) * 3);
      }
      return image;
    }
    const from = new Uint8Array(bytes, offsets[index], format === 'grey' ? plane : plane * 3);
    const image = createImage(width + 2 * padding, height + 2 * padding);
    const green = format === 'grey' ? 0 : plane;
    const blue = 2 * green;
    for (let y = 0, i = 0; y < height; y++) {
      let to = ((y + padding) * image.width + padding) * 3;
      for (const end = i + width; i < end; i++, to += 3) {
        image.data[to] = from[i];
        image.data[to + 1] = from[i + green];
        image.data[to + 2] = from[i + blue];
      }
    }
    return image;
  }

  /** Small records: waiting for the system's threads would take longer than reading. */
  #readRgb({ file, offsets, width, height }: ImageStorage & { kind: 'rgb' }, index: number): Image {
    this.#descriptor ??= openSync(file, 'r');
    const image = createImage(width, height);
    const { data } = image;
    for (let done = 0; done < data.length; ) {
      const count = readSync(this.#descriptor, data, done, data.length - done, offsets[index] + done);
      if (count === 0) throw new Error('the file ends too early');
      done += count;
    }
    return image;
  }

  /** The image's file as it is stored; undefined where there is none, but pixels. */
  async readBytes(index: number): Promise<Uint8Array | undefined> {
    const { storage } = this;
    if (storage.kind === 'parts')
      return await this.#parts[storage.partOf[index]].readBytes(storage.indices[index]);
    return storage.kind === 'pixels' || storage.kind === 'rgb' ? undefined : await this.#bytes(index);
  }

  async #bytes(index: number): Promise<Uint8Array> {
    const { storage } = this;
    switch (storage.kind) {
      case 'files':
        return await readFile(storage.paths[index]);
      case 'packedFiles': {
        const path = Buffer.from(storage.paths, storage.offsets[index], storage.lengths[index]);
        return await readFile(path.toString());
      }
      case 'memory':
        return new Uint8Array(storage.bytes, storage.offsets[index], storage.lengths[index]);
      case 'ranges': {
        this.#descriptor ??= openSync(storage.file, 'r');
        const length = storage.lengths[index];
        const bytes = new Uint8Array(length);
        const bytesRead = await read(this.#descriptor, bytes, 0, length, storage.offsets[index]);
        const found = bytes.subarray(0, bytesRead);
        const size = storage.inflated?.[index] ?? 0;
        return size === 0 ? found : await inflate(found, size);
      }
      case 'pixels':
      case 'rgb':
      case 'parts':
        throw new Error('pixels are not encoded');
    }
  }

  async close(): Promise<void> {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    for (const part of this.#parts) await part.close();
  }
}
