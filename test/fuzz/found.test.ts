import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { randomStream } from '../../src/random/random.ts';
import { mutate } from './mutate.ts';
import { isRefusal, READER_NAMES, readWith } from './readers.ts';
import { CORPUS, foundBy, seedsOf } from './seeds.ts';

const found = READER_NAMES.flatMap((reader) => foundBy(reader).map((seed) => ({ reader, ...seed })));

it.each(found)('$reader refuses $target properly, which fuzzing found', async ({ reader, target, files }) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pushpull-found-'));
  try {
    for (const [name, bytes] of files) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), bytes);
    }
    const problem = await readWith(reader, path.join(folder, target), path.join(folder, 'cache')).catch(
      (error: unknown) => (isRefusal(error) ? undefined : error),
    );
    expect(problem).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('knows a reader for every folder of files that were found', () => {
  const folders = existsSync(path.join(CORPUS, 'found')) ? readdirSync(path.join(CORPUS, 'found')) : [];
  expect(READER_NAMES).toEqual(expect.arrayContaining(folders));
  expect(found.length).toBeGreaterThanOrEqual(folders.length);
});

it('makes the same files of the same seed, and others of another', () => {
  const seeds = seedsOf('tar').map(({ files, target }) => files.get(target)!);
  const made = (seed: number) =>
    seeds.map((bytes, i) => mutate(bytes, randomStream('fuzz', seed, i), seeds).toString('base64'));
  expect(made(1)).toEqual(made(1));
  expect(made(1)).not.toEqual(made(2));
});
