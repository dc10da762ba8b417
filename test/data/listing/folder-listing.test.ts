import { mkdir, mkdtemp, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { listFolderFiles } from '../../../src/data/listing/folder-listing.ts';
import { indexFile } from '../../../src/files/index-cache.ts';
import { writeFolder } from '../archives.ts';

const roots: string[] = [];
let place: string;
let cacheDir: string;
beforeEach(async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'listing-'));
  roots.push(root);
  cacheDir = path.join(root, 'cache');
  place = path.join(root, 'data');
  await writeFolder(
    place,
    Object.fromEntries(
      ['a/1', 'a/2', 'a/deep/3', 'b/1'].map((name) => [`train/${name}.png`, new Uint8Array()]),
    ),
  );
  await mkdir(path.join(place, 'train', 'empty'));
  for (const folder of ['', ...FOLDERS]) await age(folder);
});
afterAll(async () => {
  await Promise.all(roots.map((root) => rm(root, { recursive: true })));
});

const FOLDERS = ['train', 'train/a', 'train/a/deep', 'train/b', 'train/empty'];
const FILES = ['train/a/1.png', 'train/a/2.png', 'train/a/deep/3.png', 'train/b/1.png'];
const list = async (leastKept = 4) => (await listFolderFiles(place, cacheDir, leastKept)).files.sort();
/** As if last changed long ago. */
const age = (folder: string, seconds = 1000) => utimes(path.join(place, folder), seconds, seconds);
const index = () => readFile(indexFile(place, cacheDir), 'utf8');
/** Write other names to the index, to see whether it is used. */
async function mark(): Promise<void> {
  await writeFile(indexFile(place, cacheDir), (await index()).replace('1.png/2.png', '1.png/22.png'));
}
const MARKED = FILES.with(1, 'train/a/22.png');

describe('the listing of a folder', () => {
  it('is taken from the cache when no folder has changed', async () => {
    expect(await list()).toEqual(FILES);
    await mark();
    expect(await list()).toEqual(MARKED);
  });

  it.each([
    ['a new file', () => writeFile(path.join(place, 'train/b/2.png'), ''), [...FILES, 'train/b/2.png']],
    [
      'a file in an empty folder',
      () => writeFile(path.join(place, 'train/empty/1.png'), ''),
      [...FILES, 'train/empty/1.png'],
    ],
    ['a file that is gone', () => rm(path.join(place, 'train/a/deep/3.png')), FILES.toSpliced(2, 1)],
    [
      'another name',
      () => rename(path.join(place, 'train/b/1.png'), path.join(place, 'train/b/9.png')),
      FILES.with(3, 'train/b/9.png'),
    ],
    ['a class that is gone', () => rm(path.join(place, 'train/a'), { recursive: true }), FILES.slice(3)],
  ])('is made anew after %s', async (_, change, expected) => {
    await list();
    await change();
    expect(await list()).toEqual(expected);
  });

  it('is made anew when the cache is damaged, or is of another place', async () => {
    await list();
    await mark();
    const marked = await index();
    for (const text of [
      '',
      '{"schema":',
      '[]',
      marked.replace('index/3', 'index/0'),
      marked.replace('data"', 'x"'),
    ]) {
      await writeFile(indexFile(place, cacheDir), text);
      expect(await list(), text).toEqual(FILES);
    }
    expect(await list()).toEqual(FILES);
  });

  it('is not kept while a folder has just changed, or for few files', async () => {
    await list(5);
    await expect(index()).rejects.toThrow('ENOENT');
    const now = Date.now() / 1000;
    await age('train/b', now);
    await list();
    await expect(index()).rejects.toThrow('ENOENT');
  });

  it('does without a cache folder that cannot be written', async () => {
    await writeFile(cacheDir, 'a file');
    expect(await list()).toEqual(FILES);
    expect((await stat(cacheDir)).isFile()).toBe(true);
  });
});
