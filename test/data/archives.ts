/** Tiny data sets for tests, made on the spot. */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import sharp from 'sharp';
import { pack } from 'tar-stream';
import { randomStream } from '../../src/random/random.ts';

export type Files = Readonly<Record<string, Uint8Array>>;

/** A PNG or JPEG of random colours, keyed by its name. */
export async function picture(
  key: string,
  width = 8,
  height = 8,
  type: 'png' | 'jpeg' = 'png',
): Promise<Uint8Array> {
  const random = randomStream('picture', key);
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.int(0, 256));
  return await sharp(data, { raw: { width, height, channels: 3 } })
    [type]()
    .toBuffer();
}

/** An image folder with so many pictures a class; test pictures are as many as there are in `train`. */
export async function imageFolder(
  classes: readonly string[],
  perClass: number,
  {
    root = '',
    size = 8,
    splits = ['train', 'test'],
  }: { root?: string; size?: number; splits?: string[] } = {},
): Promise<Files> {
  const files: Record<string, Uint8Array> = {};
  for (const split of splits) {
    for (const name of classes) {
      for (let i = 0; i < perClass; i++) {
        const file = `${root}${split}/${name}/${i}.png`;
        files[file] = await picture(`${split} ${name} ${i}`, size, size);
      }
    }
  }
  return files;
}

export async function writeFolder(folder: string, files: Files): Promise<string> {
  for (const [name, bytes] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  return folder;
}

/** Written as a `.tar`, or compressed when the name ends in `gz`. */
export async function writeTar(file: string, files: Files): Promise<string> {
  const archive = pack();
  for (const [name, bytes] of Object.entries(files)) archive.entry({ name }, Buffer.from(bytes));
  archive.finalize();
  const out = createWriteStream(file);
  if (file.endsWith('gz')) await pipeline(archive, createGzip(), out);
  else await pipeline(archive, out);
  return file;
}

/** CIFAR-10's binary files with `perBatch` random records each. */
export function cifar10Files(perBatch: number, root = 'cifar-10-batches-bin/'): Files {
  const files: Record<string, Uint8Array> = {};
  const names = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
  for (const name of [...names, 'test_batch.bin']) {
    const random = randomStream('cifar', name);
    const bytes = new Uint8Array(perBatch * 3073);
    for (let i = 0; i < bytes.length; i++) bytes[i] = i % 3073 === 0 ? random.int(0, 10) : random.int(0, 256);
    files[root + name] = bytes;
  }
  return files;
}
