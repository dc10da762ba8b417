import { UserError } from '../../errors.ts';
import type { Image } from '../../image/image.ts';
import { type DecodedImage, decodingReason } from '../pictures/decode.ts';
import { ImageReader, type SharedImages } from '../storage.ts';
import type { Transform } from '../transform.ts';
import { Admission, type Turn } from './admission.ts';
import { createPipeline, type Pipeline, type PixelType } from './pipeline.ts';
import { PixelCacheView } from './pixel-cache.ts';

/** One batch to be made. Plain data and shared memory. */
export interface BatchJob {
  readonly transforms: readonly Transform[];
  /** What makes further views of every image; all views have one size and one type. Default: none. */
  readonly moreViews?: readonly (readonly Transform[])[];
  readonly seed: number;
  readonly epoch: number;
  /** Numbers of the images in the data set. */
  readonly indices: Uint32Array;
  /** Memory of an earlier batch, used when it is large enough. */
  readonly buffer?: SharedArrayBuffer;
}

/** A batch that was made. */
export interface BatchResult {
  /** Holds at least the values of `kept` images: all of the first view, then of the next. */
  readonly buffer: SharedArrayBuffer;
  readonly dtype: PixelType;
  /** Of one image in the batch's layout, such as `[3, 32, 32]`; undefined when no image could be read. */
  readonly shape: readonly number[] | undefined;
  /** Positions in `indices` of the images that are in the batch, in order. */
  readonly kept: Uint32Array;
  readonly bad: readonly BadPosition[];
  /** Images that are in the batch though their decoder complained of them. */
  readonly damaged: readonly BadPosition[];
  /** The first image that the transforms cannot be applied to; the batch then ends before it. */
  readonly unfit?: BadPosition;
}

export interface BadPosition {
  /** In `indices`. */
  readonly position: number;
  readonly reason: string;
}

/** Images decoded at the same time by one thread; libuv decodes four at most. */
const DECODED_AT_ONCE = 8;

/** Makes batches of one data set; a thread has one for each that it works on. */
export class BatchMaker {
  readonly #reader: ImageReader;
  readonly #cache: PixelCacheView | undefined;
  readonly #preparation: readonly Transform[];
  #pipelines: { readonly transforms: string; readonly ready: Promise<Pipeline[]> } | undefined;

  #prepare: Promise<(image: Image) => Image> | undefined;

  constructor({ storage, cache, preparation = [] }: SharedImages) {
    this.#reader = new ImageReader(storage);
    this.#preparation = preparation;
    this.#cache = cache ? new PixelCacheView(cache) : undefined;
  }

  /**
   * Decode, transform and write the images of a batch; those that cannot be read are left out and listed.
   *
   * @throws UserError when the transforms cannot be made ready
   */
  async make(job: BatchJob): Promise<BatchResult> {
    const { indices, seed, epoch } = job;
    const views = await this.#pipelinesOf([job.transforms, ...(job.moreViews ?? [])]);
    const [{ layout, dtype }] = views;
    const bad: BadPosition[] = [];
    const damaged: BadPosition[] = [];
    const admission = new Admission();
    let unfit: BadPosition | undefined;
    const kept: number[] = [];
    let first: Image | undefined;
    let buffer = job.buffer ?? new SharedArrayBuffer(0);
    for (let start = 0; start < indices.length && !unfit; start += DECODED_AT_ONCE) {
      const chunk = await this.#decode(indices.subarray(start, start + DECODED_AT_ONCE), admission);
      for (let position = start; chunk.length > 0; position++) {
        // Taken off, so that nothing holds the image any more when it has been written.
        const { image, turn } = chunk.shift()!;
        const result = await image;
        if (typeof result === 'string') {
          turn.release();
          bad.push({ position, reason: result });
          continue;
        }
        if (result.damage !== undefined) damaged.push({ position, reason: result.damage });
        const key = { seed, epoch, index: indices[position] };
        let images: Image[];
        try {
          images = views.map((view) => view.apply(result, key));
          for (const image of images) checkSameSize(first ?? images[0], image);
        } catch (error) {
          admission.close();
          if (!(error instanceof UserError)) throw error;
          unfit = { position, reason: error.message };
          break;
        } finally {
          turn.release();
        }
        if (!first) {
          first = images[0];
          const bytes = first.data.length * indices.length * views.length * bytesOf(dtype);
          if (buffer.byteLength < bytes) buffer = new SharedArrayBuffer(bytes);
        }
        const size = first.data.length;
        for (const [view, { write }] of views.entries()) {
          const slot = view * indices.length + kept.length;
          write(images[view], viewOf(buffer, dtype, slot * size, size), key);
        }
        kept.push(position);
      }
    }
    if (first && kept.length < indices.length) {
      // Where images were left out, the views after the first move up.
      const size = first.data.length;
      const values = viewOf(buffer, dtype, 0, views.length * indices.length * size);
      for (let view = 1; view < views.length; view++) {
        const from = view * indices.length * size;
        values.copyWithin(view * kept.length * size, from, from + kept.length * size);
      }
    }
    const shape = first && shapeOf(first, layout);
    return { buffer, dtype, shape, kept: Uint32Array.from(kept), bad, damaged, unfit };
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  #pipelinesOf(views: readonly (readonly Transform[])[]): Promise<Pipeline[]> {
    const key = JSON.stringify(views);
    if (this.#pipelines?.transforms !== key) {
      this.#pipelines = { transforms: key, ready: Promise.all(views.map(createPipeline)) };
    }
    return this.#pipelines.ready;
  }

  /** Each image, prepared, or why it cannot be read; what comes after it may wait until its room is given back. */
  async #decode(
    indices: Uint32Array,
    admission: Admission,
  ): Promise<{ image: Promise<DecodedImage | string>; turn: Turn }[]> {
    this.#prepare ??= createPreparation(this.#preparation);
    const prepare = await this.#prepare;
    return Array.from(indices, (index) => {
      const turn = admission.turn();
      const cached = this.#cache?.get(index);
      if (cached) turn.pass();
      return { image: cached ? Promise.resolve(cached) : this.#decodeOne(index, prepare, turn), turn };
    });
  }

  async #decodeOne(
    index: number,
    prepare: (image: Image) => Image,
    turn: Turn,
  ): Promise<DecodedImage | string> {
    try {
      const read: DecodedImage =
        this.#reader.readPixels(index) ?? (await this.#reader.read(index, turn.admit));
      const image = prepare(read);
      // What is kept is not complained of again, so that only whole images are.
      if (read.damage !== undefined) return { ...image, damage: read.damage };
      this.#cache?.set(index, image);
      return image;
    } catch (error) {
      return decodingReason(error);
    } finally {
      turn.pass();
    }
  }
}

async function createPreparation(transforms: readonly Transform[]): Promise<(image: Image) => Image> {
  if (transforms.length === 0) return (image) => image;
  const { apply } = await createPipeline(transforms);
  // The transforms of a preparation draw nothing, so that no key is looked at.
  return (image) => apply(image, { seed: 0, epoch: 0, index: 0 });
}

/** `length` values of a buffer from the value `offset` on. */
export function viewOf(
  buffer: SharedArrayBuffer,
  dtype: PixelType,
  offset: number,
  length: number,
): Float32Array | Uint8Array {
  return dtype === 'float32'
    ? new Float32Array(buffer, 4 * offset, length)
    : new Uint8Array(buffer, offset, length);
}

function bytesOf(dtype: PixelType): number {
  return dtype === 'float32' ? 4 : 1;
}

function shapeOf({ width, height }: Image, layout: 'NCHW' | 'NHWC'): number[] {
  return layout === 'NCHW' ? [3, height, width] : [height, width, 3];
}

/** @throws UserError when two images do not fit into one batch */
export function checkSameSize(first: ImageSize, other: ImageSize): void {
  if (first.width === other.width && first.height === other.height) return;
  throw new UserError(
    `expected ${first.width} × ${first.height} pixels as the images before it have, ` +
      `found ${other.width} × ${other.height}; resize and crop the images to one size`,
  );
}

type ImageSize = Pick<Image, 'width' | 'height'>;
