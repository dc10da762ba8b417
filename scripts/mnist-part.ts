/**
 * The part of MNIST in assets/mnist, drawn from the four official files:
 *
 *   npx tsx scripts/mnist-part.ts FOLDER
 *
 * FOLDER holds them as they are published (`pushpull data mnist` puts them into the cache). Classes keep their shares;
 * images keep their order.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gunzipSync } from 'node:zlib';
import { stratifiedSubset } from '../src/data/subset.ts';

const SEED = 0;
const COUNTS = { train: 9000, t10k: 1500 } as const;

const [folder] = process.argv.slice(2);
const target = new URL('../assets/mnist/', import.meta.url);

for (const [split, count] of Object.entries(COUNTS)) {
  const [images, labels] = ['images-idx3', 'labels-idx1'].map((what) =>
    gunzipSync(readFileSync(join(folder, `${split}-${what}-ubyte.gz`))),
  );
  const chosen = stratifiedSubset(Int32Array.from(labels.subarray(8)), 10, count, SEED, 'embedded');
  const side = images.readUInt32BE(8);
  const take = (file: Buffer, header: number, size: number) => {
    const head = Buffer.from(file.subarray(0, header));
    head.writeUInt32BE(count, 4);
    const values = Array.from(chosen, (i) => file.subarray(header + i * size, header + (i + 1) * size));
    // A seventh smaller than gzip's best.
    return brotliCompressSync(Buffer.concat([head, ...values]), {
      params: { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS },
    });
  };
  writeFileSync(new URL(`${split}-images-idx3-ubyte.br`, target), take(images, 16, side * side));
  writeFileSync(new URL(`${split}-labels-idx1-ubyte.br`, target), take(labels, 8, 1));
}
