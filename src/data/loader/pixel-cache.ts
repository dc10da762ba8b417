import type { Image } from '../../image/image.ts';
import type { ImageReader, PixelCache } from '../storage.ts';

/** Data sets that are larger when decoded are decoded every time. */
const LARGEST = 2 ** 30;
/** Images that are decoded to estimate the size of all. */
const PROBES = 4;

const ABSENT = 0;
const CLAIMED = 1;
const PRESENT = 2;
const FIELDS = 4;

/** Room for all images; null when nothing has to be decoded, or when they are too large together, or unreadable. */
export async function createPixelCache(reader: ImageReader, images: number): Promise<PixelCache | null> {
  if (reader.storage.kind === 'pixels' || reader.storage.kind === 'rgb') return null;
  let largest = 0;
  const step = Math.max(1, Math.floor(images / PROBES));
  for (let index = 0; index < images; index += step) {
    // Whether an unreadable image matters is decided by those who need it.
    const image = await reader.read(index).catch(() => undefined);
    largest = Math.max(largest, image?.data.length ?? 0);
  }
  const bytes = largest * images;
  return bytes === 0 || bytes > LARGEST ? null : pixelCache(images, largest);
}

/** Room for `images` images of `imageBytes` bytes each; for fewer where `bytes` do not suffice. */
export function pixelCache(images: number, imageBytes: number, bytes = LARGEST): PixelCache {
  const fitting = Math.min(images, Math.floor(bytes / imageBytes));
  return {
    pixels: new SharedArrayBuffer(fitting * imageBytes),
    table: new SharedArrayBuffer((1 + FIELDS * images) * Int32Array.BYTES_PER_ELEMENT),
  };
}

/** A thread's hold on a {@link PixelCache}. */
export class PixelCacheView {
  readonly #pixels: SharedArrayBuffer;
  readonly #table: Int32Array;

  constructor({ pixels, table }: PixelCache) {
    this.#pixels = pixels;
    this.#table = new Int32Array(table);
  }

  /** The image if it is there, as a view of shared memory: it must not be changed. */
  get(index: number): Image | undefined {
    const row = 1 + index * FIELDS;
    if (Atomics.load(this.#table, row) !== PRESENT) return undefined;
    const width = this.#table[row + 2];
    const height = this.#table[row + 3];
    const data = new Uint8Array(this.#pixels, this.#table[row + 1], width * height * 3);
    return { data, width, height, channels: 3 };
  }

  /** Keep an image; does nothing when another thread is at it, or when there is no room left. */
  set(index: number, { data, width, height }: Image): void {
    const row = 1 + index * FIELDS;
    if (Atomics.load(this.#table, 0) + data.length > this.#pixels.byteLength) return;
    if (Atomics.compareExchange(this.#table, row, ABSENT, CLAIMED) !== ABSENT) return;
    const offset = Atomics.add(this.#table, 0, data.length);
    // Another thread may have taken the last room meanwhile; the image then stays claimed, and is decoded each time.
    if (offset + data.length > this.#pixels.byteLength) return;
    new Uint8Array(this.#pixels).set(data, offset);
    this.#table[row + 1] = offset;
    this.#table[row + 2] = width;
    this.#table[row + 3] = height;
    Atomics.store(this.#table, row, PRESENT);
  }
}
