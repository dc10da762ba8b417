/** Tiny data sets for tests, made on the spot. */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32, createGzip } from 'node:zlib';
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

/** Files as they are in a `.zip`; names of other encodings than UTF-8 are given as bytes. */
export async function writeZip(
  file: string,
  files: Files | readonly (readonly [name: string | Uint8Array, bytes: Uint8Array])[],
): Promise<string> {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  const entries = Array.isArray(files) ? files : Object.entries(files as Files);
  for (const [name, bytes] of entries) {
    const called = Buffer.from(name);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    if (typeof name === 'string') facts.writeUInt16LE(0x800, 2);
    facts.writeUInt32LE(crc32(bytes), 10);
    facts.writeUInt32LE(bytes.length, 14);
    facts.writeUInt32LE(bytes.length, 18);
    facts.writeUInt16LE(called.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    const made = [Buffer.from('PK\x03\x04'), facts, called, Buffer.from(bytes)];
    local.push(...made);
    central.push(Buffer.from('PK\x01\x02\x14\0'), facts, rest, called);
    offset += made.reduce((sum, { length }) => sum + length, 0);
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(
    central.reduce((sum, { length }) => sum + length, 0),
    8,
  );
  end.writeUInt32LE(offset, 12);
  await writeFile(file, Buffer.concat([...local, ...central, Buffer.from('PK\x05\x06'), end]));
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
