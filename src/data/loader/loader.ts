import { UserError } from '../../errors.ts';
import { randomStream } from '../../random/random.ts';
import type { Dataset } from '../contents.ts';
import type { Transform } from '../transform.ts';
import { type BatchResult, viewOf } from './make-batch.ts';
import { LoaderPool, type PendingBatch } from './pool.ts';

export { LoaderPool } from './pool.ts';

/** Images ready for the network, and what they are. */
export interface Batch {
  /**
   * `[views · count, 3, H, W]` or `[views · count, H, W, 3]`, the images of a view together, on shared memory that is used again: it stays as it is until two
   * more batches have been asked for.
   */
  readonly images: Float32Array | Uint8Array;
  /** `[views · count, 3, H, W]`, say. */
  readonly shape: readonly number[];
  /** `[count]` */
  readonly labels: Int32Array;
  /** `[count]` numbers of the images in the data set. */
  readonly indices: Int32Array;
  /** Images in the batch; fewer than asked for in the last one, and where images are skipped; may be 0. */
  readonly count: number;
}

/** An image that could not be read. */
export interface BadImage {
  readonly index: number;
  readonly path: string;
  readonly reason: string;
}

export interface DataLoaderOptions {
  readonly dataset: Dataset;
  readonly batchSize: number;
  /** Another order each epoch, by the seed. */
  readonly shuffle: boolean;
  readonly seed: number;
  /** Counted from 0. */
  readonly epoch: number;
  readonly transforms: readonly Transform[];
  /** What makes further views of every image, as many as lists of transforms. Default: none. */
  readonly moreViews?: readonly (readonly Transform[])[];
  /** `skip` leaves unreadable images out, which makes their batches smaller; `fail` throws a UserError. */
  readonly onBadImage: 'skip' | 'fail';
  /** Begin with this batch of the epoch, counted from 0; all others stay as they would be. Default 0. */
  readonly startBatch?: number;
  /** Threads to use, shared with other loaders. */
  readonly pool?: LoaderPool;
  /** Threads, where no pool is given; 0 (the default) makes batches in the caller's thread. */
  readonly workers?: number;
  /** The last, smaller batch is always kept. */
  readonly dropLast?: false;
}

/** Batches that are ordered beyond one a thread, so that no thread waits for the consumer. */
const BATCHES_AHEAD = 2;

/**
 * One pass over a data set in batches.
 *
 * What is in a batch depends on (data, seed, epoch, batch size, transforms) alone: neither the number of threads
 * nor `startBatch` changes it. Only a few batches are in the making at a time, so a slow consumer holds the threads
 * back. Leaving the loop early cancels what was ordered.
 */
export class DataLoader implements AsyncIterable<Batch> {
  readonly #options: DataLoaderOptions;
  readonly #badImages: BadImage[] = [];
  readonly #damagedImages: BadImage[] = [];

  constructor(options: DataLoaderOptions) {
    const { batchSize, startBatch = 0 } = options;
    if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
      throw new UserError(`--batch: expected a whole number of images, 1 or more, found ${batchSize}`);
    }
    if (!(Number.isInteger(startBatch) && startBatch >= 0)) {
      throw new RangeError(`startBatch: expected a whole number, 0 or more, found ${startBatch}`);
    }
    this.#options = options;
  }

  /** Batches of a whole pass, the ones before `startBatch` included. */
  get batches(): number {
    return Math.ceil(this.#options.dataset.length / this.#options.batchSize);
  }

  /** Images that were left out of the batches handed over so far in this pass. */
  get badImages(): readonly BadImage[] {
    return this.#badImages;
  }

  /** Images in the batches handed over so far in this pass of whose data a part is damaged, though they could be read. */
  get damagedImages(): readonly BadImage[] {
    return this.#damagedImages;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    const { dataset, transforms, moreViews, seed, epoch, startBatch = 0, workers = 0 } = this.#options;
    const pool = this.#options.pool ?? new LoaderPool(workers);
    const order = this.#order();
    const depth = pool.workers === 0 ? 1 : pool.workers + BATCHES_AHEAD;
    const ordered: { readonly indices: Uint32Array; readonly pending: PendingBatch }[] = [];
    // The batch before last is the newest that the consumer cannot be working on any more.
    const inUse: SharedArrayBuffer[] = [];
    let expected: readonly number[] | undefined;
    let images = 0;
    this.#badImages.length = 0;
    this.#damagedImages.length = 0;
    try {
      let next = startBatch;
      for (let current = startBatch; current < this.batches; current++) {
        for (; next < this.batches && ordered.length < depth; next++) {
          const indices = this.#batchOf(order, next);
          const pending = pool.make(dataset.images, { transforms, moreViews, seed, epoch, indices });
          // A failure is thrown when it is this batch's turn; until then nobody listens.
          pending.result.catch(() => {});
          ordered.push({ indices, pending });
        }
        const { indices, pending } = ordered[0];
        const result = await pending.result;
        ordered.shift();
        this.#review(result, indices, expected);
        expected ??= result.shape;
        images += result.kept.length;
        inUse.push(result.buffer);
        yield this.#batch(result, indices, expected ?? []);
        if (inUse.length > 1) pool.recycle(inUse.shift()!);
      }
      if (images === 0 && startBatch === 0) throw this.#nothingReadable();
    } finally {
      for (const { pending } of ordered) pending.cancel();
      if (!this.#options.pool) await pool.close();
    }
  }

  #order(): Uint32Array {
    const { dataset, shuffle, seed, epoch } = this.#options;
    if (shuffle) return randomStream('shuffle', seed, epoch).permutation(dataset.length);
    return Uint32Array.from({ length: dataset.length }, (_, index) => index);
  }

  #batchOf(order: Uint32Array, number: number): Uint32Array {
    const { batchSize } = this.#options;
    return order.slice(number * batchSize, (number + 1) * batchSize);
  }

  /** Note what could not be read, or refuse it. */
  #review(
    { bad, damaged, unfit, shape, kept }: BatchResult,
    indices: Uint32Array,
    expected?: readonly number[],
  ): void {
    const { dataset, onBadImage } = this.#options;
    const describe = (position: number) => dataset.describe(indices[position]);
    for (const { position, reason } of bad) {
      const index = indices[position];
      const path = describe(position);
      if (onBadImage === 'fail') {
        throw new UserError(
          `${path}: expected a whole image, found one that cannot be read (${reason}); ` +
            'replace the file, or leave such images out (--skip-bad)',
        );
      }
      this.#badImages.push({ index, path, reason });
    }
    for (const { position, reason } of damaged) {
      this.#damagedImages.push({ index: indices[position], path: describe(position), reason });
    }
    if (unfit) throw new UserError(`${describe(unfit.position)}: ${unfit.reason}`);
    if (expected && shape?.some((size, axis) => size !== expected[axis])) {
      throw new UserError(
        `${describe(kept[0])}: expected an image of shape [${expected.join(', ')}] as those before it, ` +
          `found [${shape.join(', ')}]; resize and crop the images to one size`,
      );
    }
  }

  #batch({ buffer, dtype, kept }: BatchResult, indices: Uint32Array, imageShape: readonly number[]): Batch {
    const { dataset, moreViews = [] } = this.#options;
    const count = kept.length;
    const images = (1 + moreViews.length) * count;
    const values = images * imageShape.reduce((product, size) => product * size, 1);
    const keptIndices = Int32Array.from(kept, (position) => indices[position]);
    return {
      images: viewOf(buffer, dtype, 0, count === 0 ? 0 : values),
      shape: [images, ...imageShape],
      labels: keptIndices.map((index) => dataset.label(index)),
      indices: keptIndices,
      count,
    };
  }

  #nothingReadable(): UserError {
    const { dataset } = this.#options;
    const [first] = this.#badImages;
    return new UserError(
      `${dataset.source.path ?? dataset.name}: expected readable images, found none in ${dataset.length} files ` +
        `(${first?.path}: ${first?.reason}); give another data set`,
    );
  }
}
