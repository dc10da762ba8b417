import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomCrop } from '../../../src/augment/crop.ts';
import { corrupt } from '../../../src/corrupt/index.ts';
import type { Dataset } from '../../../src/data/contents.ts';
import { openDataset } from '../../../src/data/dataset.ts';
import {
  type Batch,
  DataLoader,
  type DataLoaderOptions,
  LoaderPool,
} from '../../../src/data/loader/loader.ts';
import type { Transform } from '../../../src/data/transform.ts';
import { createImage } from '../../../src/image/image.ts';
import { randomStream } from '../../../src/random/random.ts';
import { imageFolder, picture, writeFolder, writeTar } from '../archives.ts';

const CROP_FLIP: Transform[] = [
  { kind: 'randomCrop', size: 16, padding: 2 },
  { kind: 'randomHorizontalFlip' },
  { kind: 'normalize', mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] },
];
const BYTES: Transform[] = [{ kind: 'layout', layout: 'NHWC', dtype: 'uint8' }];

let folder: string;
/** 3 classes of 7 pictures in an archive; few enough to be kept when decoded. */
let small: Dataset;
const pools: LoaderPool[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'loader-'));
  const files = await imageFolder(['a', 'b', 'c'], 7, { size: 16 });
  small = await openDataset(await writeTar(path.join(folder, 'small.tar'), files), 'train');
  for (const workers of [0, 1, 3]) pools.push(new LoaderPool(workers));
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await small.close();
  await rm(folder, { recursive: true });
});

function loader(options: Partial<DataLoaderOptions> = {}): DataLoader {
  return new DataLoader({
    dataset: small,
    batchSize: 4,
    shuffle: true,
    seed: 1,
    epoch: 0,
    transforms: CROP_FLIP,
    onBadImage: 'fail',
    pool: pools[1],
    ...options,
  });
}

/** A batch's contents, copied out of the memory that is used again. */
function copy({ images, labels, indices, count, shape }: Batch) {
  return { images: images.slice(), labels, indices, count, shape };
}

async function collect(source: AsyncIterable<Batch>) {
  const batches: ReturnType<typeof copy>[] = [];
  for await (const batch of source) batches.push(copy(batch));
  return batches;
}

describe('DataLoader', () => {
  it('gives the same batches for every number of threads', async () => {
    const options = fc.record({
      seed: fc.integer({ min: 0, max: 1000 }),
      epoch: fc.integer({ min: 0, max: 5 }),
      batchSize: fc.integer({ min: 1, max: 25 }),
      shuffle: fc.boolean(),
      startBatch: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(options, async (chosen) => {
        const [alone, ...others] = await Promise.all(
          pools.map((pool) => collect(loader({ ...chosen, pool }))),
        );
        for (const other of others) expect(other).toEqual(alone);
      }),
      { numRuns: 8, seed: 1 },
    );
  });

  it('hands over every image once, in another order each epoch, and keeps the last, smaller batch', async () => {
    const orders = await Promise.all(
      [0, 1].map(async (epoch) => (await collect(loader({ epoch }))).flatMap(({ indices }) => [...indices])),
    );
    for (const order of orders) {
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, i) => i));
    }
    expect(orders[0]).not.toEqual(orders[1]);
    const batches = await collect(loader({ shuffle: false }));
    expect(batches.map(({ count }) => count)).toEqual([4, 4, 4, 4, 4, 1]);
    expect(batches.flatMap(({ indices }) => [...indices])).toEqual(Array.from({ length: 21 }, (_, i) => i));
    expect(batches[1].labels).toEqual(Int32Array.of(0, 0, 0, 1));
    expect(batches[0].shape).toEqual([4, 3, 16, 16]);
    expect(batches[0].images).toBeInstanceOf(Float32Array);
    expect(batches[5].images.length).toBe(3 * 16 * 16);
  });

  it('goes on at a batch exactly as if it had begun at the first', async () => {
    const whole = await collect(loader());
    for (const startBatch of [1, 4, 5, 6]) {
      expect(await collect(loader({ startBatch }))).toEqual(whole.slice(startBatch));
    }
  });

  it('writes the pixels of the data set', async () => {
    for (const pool of pools.slice(0, 2)) {
      // The second time they come from the cache.
      for (let pass = 0; pass < 2; pass++) {
        for (const batch of await collect(loader({ transforms: BYTES, shuffle: false, pool }))) {
          for (let i = 0; i < batch.count; i++) {
            const { data } = await small.read(batch.indices[i]);
            expect(batch.images.subarray(i * data.length, (i + 1) * data.length)).toEqual(data);
          }
        }
      }
    }
  });

  it('corrupts by (seed, corruption, severity, image) alone, with textures of a folder if given', async () => {
    const frostDir = path.join(folder, 'frost');
    await writeFolder(frostDir, {
      'one.png': await picture('one', 200, 180),
      'two.png': await picture('two', 210, 190),
    });
    const cell = { corruption: 'frost', severity: 3, set: 'cifar', seed: 7 } as const;
    const plain = await collect(loader({ transforms: [{ kind: 'corrupt', ...cell }, ...BYTES] }));
    for (const { images, indices, count } of plain) {
      for (let i = 0; i < count; i++) {
        const { data } = corrupt(await small.read(indices[i]), { ...cell, index: indices[i] });
        expect(images.subarray(i * data.length, (i + 1) * data.length)).toEqual(data);
      }
    }
    const other = await collect(loader({ transforms: [{ kind: 'corrupt', ...cell, frostDir }, ...BYTES] }));
    expect(other[0].images).not.toEqual(plain[0].images);
    const missing = loader({
      transforms: [{ kind: 'corrupt', ...cell, frostDir: `${frostDir}x` }, ...BYTES],
    });
    await expect(collect(missing)).rejects.toThrow(
      /--frost-dir .*frostx: expected a folder of frost textures, found none/,
    );
  });

  it('keeps a batch as it is until two more were asked for, and then uses its memory again', async () => {
    for (const pool of pools.slice(0, 2)) {
      const iterator = loader({ batchSize: 1, pool })[Symbol.asyncIterator]();
      const buffers = new Set<ArrayBufferLike>();
      let before: { batch: Batch; copied: ReturnType<typeof copy> } | undefined;
      for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
        if (before) expect(copy(before.batch)).toEqual(before.copied);
        buffers.add(step.value.images.buffer);
        before = { batch: step.value, copied: copy(step.value) };
      }
      // Shared memory that went to a thread and back is another object each time; without threads it is the same.
      if (pool.workers === 0) expect(buffers.size).toBeLessThanOrEqual(3);
    }
  });

  it('serves several passes at once, and may be left early', async () => {
    const pool = pools[2];
    const first = loader({ pool })[Symbol.asyncIterator]();
    const second = loader({ pool, epoch: 1 })[Symbol.asyncIterator]();
    await first.next();
    const [third] = await Promise.all([collect(loader({ pool, epoch: 2 })), second.next()]);
    expect(third).toHaveLength(6);
    await first.return?.();
    expect((await first.next()).done).toBe(true);
    expect(await collect(loader({ pool, epoch: 2 }))).toEqual(third);
    await second.return?.();
  });

  it('gives the same batches for every number of threads where images are varied, resized and cropped', async () => {
    const transforms: Transform[] = [
      { kind: 'augment', name: 'trivialaugment' },
      { kind: 'resize', shortSide: 12 },
      { kind: 'randomCrop', size: 10, padding: 0 },
      { kind: 'randomHorizontalFlip' },
      { kind: 'normalize', mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] },
    ];
    const [alone, ...others] = await Promise.all(
      pools.map((pool) => collect(loader({ transforms, epoch: 3, pool }))),
    );
    expect(alone).toHaveLength(6);
    for (const other of others) expect(other).toEqual(alone);
    // The step that resizes and crops at once draws what two steps would.
    const apart: Transform[] = [transforms[0], transforms[1], { kind: 'resizeTo', width: 12, height: 12 }];
    const whole = await collect(loader({ transforms: [...apart, ...BYTES], epoch: 3, shuffle: false }));
    const cut: Transform[] = [...transforms.slice(0, 3), ...BYTES];
    const cropped = await collect(loader({ transforms: cut, epoch: 3, shuffle: false }));
    for (const [number, { images, indices, count }] of cropped.entries()) {
      for (let i = 0; i < count; i++) {
        const random = randomStream('randomCrop', 1, 3, indices[i], 2);
        const data = Uint8Array.from(whole[number].images.subarray(i * 432, (i + 1) * 432));
        const expected = randomCrop(createImage(12, 12, data), { size: 10, padding: 0 }, random);
        expect(images.subarray(i * 300, (i + 1) * 300)).toEqual(expected.data);
      }
    }
  });

  it('orders no more than two batches beyond one a thread, however slow the consumer', async () => {
    for (const pool of pools) {
      const make = pool.make.bind(pool);
      let ordered = 0;
      let taken = 0;
      let most = 0;
      pool.make = (...order) => {
        ordered++;
        return make(...order);
      };
      try {
        for await (const _ of loader({ batchSize: 1, pool })) {
          taken++;
          most = Math.max(most, ordered - taken);
          // Time for all threads to run ahead as far as they may.
          for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
          expect(ordered - taken).toBeLessThanOrEqual(pool.workers === 0 ? 0 : pool.workers + 1);
        }
      } finally {
        pool.make = make;
      }
      expect([taken, ordered]).toEqual([21, 21]);
      expect(most).toBe(pool.workers === 0 ? 0 : pool.workers + 1);
    }
  });

  it('replaces a thread that dies, and loses no image', async () => {
    const whole = await collect(loader());
    const pool = new LoaderPool(2);
    const seen = new Set<Worker>();
    const post = Worker.prototype.postMessage;
    // The first two batches end their threads.
    Worker.prototype.postMessage = function (this: Worker, message: { kind: string }) {
      post.call(this, message);
      if (message.kind === 'make' && seen.size < 2 && !seen.has(this)) {
        seen.add(this);
        void this.terminate();
      }
    };
    try {
      expect(await collect(loader({ pool }))).toEqual(whole);
      expect(seen.size).toBe(2);
    } finally {
      Worker.prototype.postMessage = post;
      await pool.close();
    }
  });

  it('gives up a batch that ends every thread', async () => {
    const pool = new LoaderPool(1);
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (this: Worker) {
      void this.terminate();
    };
    try {
      await expect(collect(loader({ pool }))).rejects.toThrow(/a loader thread ended with code/);
    } finally {
      Worker.prototype.postMessage = post;
      await pool.close();
    }
  });
});

describe('images that cannot be read', () => {
  let dataset: Dataset;
  let place: string;
  beforeAll(async () => {
    const files = { ...(await imageFolder(['a', 'b'], 4, { size: 16 })) };
    const whole = await picture('jpeg', 16, 16, 'jpeg');
    files['train/a/2.jpg'] = whole.subarray(0, whole.length * 0.7);
    files['train/b/9.png'] = new TextEncoder().encode('no image');
    place = await writeFolder(path.join(folder, 'bad'), files);
    dataset = await openDataset(place, 'train');
  });

  it('are left out, counted and named', async () => {
    for (const pool of pools.slice(0, 3)) {
      const source = loader({ dataset, pool, shuffle: false, onBadImage: 'skip' });
      const batches = await collect(source);
      expect(batches.map(({ count }) => count)).toEqual([3, 4, 1]);
      expect(batches.flatMap(({ indices }) => [...indices])).toEqual([0, 1, 3, 4, 5, 6, 7, 8]);
      expect(batches[0].labels).toEqual(Int32Array.of(0, 0, 0));
      expect(source.badImages.map(({ index, path: file }) => [index, path.relative(place, file)])).toEqual([
        [2, path.join('train', 'a', '2.jpg')],
        [9, path.join('train', 'b', '9.png')],
      ]);
      expect(source.badImages[0].reason).toBe('its JPEG data ends too early');
      expect(source.badImages[1].reason).toBe('it is in no image format that is known');
      // A second pass counts anew.
      await collect(source);
      expect(source.badImages).toHaveLength(2);
    }
  });

  it('are refused where they matter', async () => {
    await expect(collect(loader({ dataset }))).rejects.toThrow(
      /bad.train.(a.2.jpg|b.9.png): expected a whole image, found one that cannot be read \(.+\); replace the file, or leave such images out \(--skip-bad\)/,
    );
  });

  it('are no reason to fail unless there is nothing else', async () => {
    const files = { 'train/a/0.png': new Uint8Array(9), 'train/a/1.png': new Uint8Array(9) };
    const hopeless = await openDataset(await writeFolder(path.join(folder, 'hopeless'), files), 'train');
    await expect(collect(loader({ dataset: hopeless, onBadImage: 'skip' }))).rejects.toThrow(
      /hopeless: expected readable images, found none in 2 files \(.*0.png|1.png/,
    );
  });
});

describe('images that do not fit', () => {
  it('together or to a crop are named', async () => {
    const files = {
      'train/a/0.png': await picture('0', 16, 16),
      'train/a/1.png': await picture('1', 20, 18),
    };
    const dataset = await openDataset(await writeFolder(path.join(folder, 'sizes'), files), 'train');
    const expected =
      /sizes.train.a.1.png: expected .*16.*, found .*18.*; resize and crop the images to one size/;
    const options = { dataset, shuffle: false, transforms: BYTES };
    await expect(collect(loader({ ...options, batchSize: 2 }))).rejects.toThrow(expected);
    await expect(collect(loader({ ...options, batchSize: 1 }))).rejects.toThrow(expected);
    const crop: Transform = { kind: 'randomCrop', size: 32, padding: 0 };
    await expect(collect(loader({ ...options, transforms: [crop] }))).rejects.toThrow(
      /sizes.train.a.0.png: expected an image of at least 32 × 32 pixels/,
    );
    const fitted: Transform[] = [
      { kind: 'resize', shortSide: 12 },
      { kind: 'centerCrop', size: 12 },
      ...BYTES,
    ];
    expect((await collect(loader({ ...options, transforms: fitted })))[0].shape).toEqual([2, 12, 12, 3]);
  });

  it('options out of range are refused', () => {
    expect(() => loader({ batchSize: 0 })).toThrow('--batch: expected a whole number of images');
    expect(() => new LoaderPool(-1)).toThrow(
      '--workers: expected a whole number of threads, 0 or more, found -1',
    );
  });
});
