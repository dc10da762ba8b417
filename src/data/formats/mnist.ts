import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';
import { UserError } from '../../errors.ts';
import { cacheFolder } from '../../files/cache-folder.ts';
import { isMissing, readFile, stat } from '../../files/fs.ts';
import type { Split, SplitContents } from '../contents.ts';

/** The official files, of which PyTorch keeps a copy. Their checksums are those that other projects give. */
export const MNIST_FILES = {
  url: 'https://ossci-datasets.s3.amazonaws.com/mnist/',
  files: [
    {
      fileName: 'train-images-idx3-ubyte.gz',
      bytes: 9_912_422,
      sha256: '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
    },
    {
      fileName: 'train-labels-idx1-ubyte.gz',
      bytes: 28_881,
      sha256: '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
    },
    {
      fileName: 't10k-images-idx3-ubyte.gz',
      bytes: 1_648_877,
      sha256: '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
    },
    {
      fileName: 't10k-labels-idx1-ubyte.gz',
      bytes: 4_542,
      sha256: 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
    },
  ],
} as const;

/** The part of MNIST that comes with this package; `scripts/mnist-part.ts` made it. */
const PART = fileURLToPath(new URL('../../../assets/mnist/', import.meta.url));
/** MNIST's pictures are 28 × 28; a frame of 2 makes them as large as CIFAR's. */
const PADDING = 2;
/** What the part is called; what is asked for, `mnist`, means either. */
export const MNIST_PART = 'MNIST (part)';
const FILE_NAMES = { train: 'train', test: 't10k' } as const;

/** Where `pushpull data mnist` keeps the files. */
export function mnistCacheFolder(cacheDir?: string): string {
  return path.join(cacheFolder(cacheDir), 'mnist');
}

/** Whether all of MNIST was downloaded. */
export async function hasWholeMnist(cacheDir?: string): Promise<boolean> {
  const folder = mnistCacheFolder(cacheDir);
  const found = MNIST_FILES.files.map(({ fileName }) => stat(path.join(folder, fileName)));
  return (await Promise.allSettled(found)).every(({ status }) => status === 'fulfilled');
}

/**
 * One split of MNIST (LeCun, Cortes & Burges): handwritten digits, padded to 32 × 32 and repeated in three channels. All
 * 60,000 or 10,000 where they were downloaded, else the part that comes with this package, which its name tells.
 */
export async function openMnist(split: Split, cacheDir?: string): Promise<SplitContents> {
  const isWhole = await hasWholeMnist(cacheDir);
  const folder = isWhole ? mnistCacheFolder(cacheDir) : PART;
  const cure = isWhole ? `delete ${folder} and run 'pushpull data mnist' again` : 'install the package again';
  const file = (what: string) =>
    path.join(folder, `${FILE_NAMES[split]}-${what}-ubyte.${isWhole ? 'gz' : 'br'}`);
  const images = await readIdx(file('images-idx3'), 3, cure);
  const labels = await readIdx(file('labels-idx1'), 1, cure);
  const [count, height, width] = images.shape;
  if (labels.data.length !== count || labels.data.some((label) => label > 9)) {
    throw new UserError(
      `${file('labels-idx1')}: expected ${count} labels from 0 to 9, found others; ${cure}`,
    );
  }
  const bytes = new SharedArrayBuffer(images.data.length);
  new Uint8Array(bytes).set(images.data);
  const displayName = isWhole ? 'MNIST' : MNIST_PART;
  return {
    kind: 'mnist',
    name: 'mnist',
    displayName,
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
    describe: (index) => `${displayName} ${split} image ${index}`,
    close: async () => {},
  };
}

/** A file of bytes in MNIST's IDX format, gzipped or by Brotli: magic number, then big-endian sizes, then the values. */
async function readIdx(
  file: string,
  dimensions: number,
  cure: string,
): Promise<{ shape: number[]; data: Uint8Array }> {
  const damaged = () =>
    new UserError(`${file}: expected a part of MNIST, found a damaged or missing file; ${cure}`);
  const bytes = await readFile(file)
    .then((packed) => promisify(file.endsWith('.gz') ? gunzip : brotliDecompress)(packed))
    .catch((error: unknown) => {
      throw error instanceof UserError && !isMissing(error) ? error : damaged();
    });
  const start = 4 + 4 * dimensions;
  const UNSIGNED_BYTES = 8;
  if (bytes.length < start || bytes.readUInt32BE(0) !== UNSIGNED_BYTES * 256 + dimensions) throw damaged();
  const shape = Array.from({ length: dimensions }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis));
  const data = bytes.subarray(start);
  if (data.length !== shape.reduce((a, b) => a * b, 1)) throw damaged();
  return { shape, data };
}
