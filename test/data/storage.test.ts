import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ImageReader, selectImages, storeFiles } from '../../src/data/storage.ts';
import { picture } from './archives.ts';

it('the paths of many files are packed, and read as those of few', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'storage-'));
  try {
    const files = ['a.png', 'ünï cödé 😀.png', 'longer name.png'].map((name) => path.join(folder, name));
    for (const file of files) await writeFile(file, await picture(path.basename(file)));
    const [few, many] = [storeFiles(files), storeFiles(files, 3)];
    expect([few.kind, many.kind, storeFiles(files, 4).kind]).toEqual(['files', 'packedFiles', 'files']);
    const chosen = Uint32Array.of(2, 1);
    for (const [a, b] of [
      [few, many],
      [selectImages(few, chosen), selectImages(structuredClone(many), chosen)],
    ]) {
      const readers = [new ImageReader(a), new ImageReader(b)];
      for (const index of [1, 0]) {
        const [expected, found] = await Promise.all(readers.map((reader) => reader.read(index)));
        expect(found).toEqual(expected);
      }
    }
    await rm(files[1]);
    await expect(new ImageReader(many).read(1)).rejects.toThrow('no such file');
  } finally {
    await rm(folder, { recursive: true });
  }
});
