import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { cacheFolder } from '../../src/files/cache-folder.ts';
import { explainWriteError, writeFileAtomic } from '../../src/files/files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'files-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('writeFileAtomic', () => {
  it('makes folders, replaces files, and leaves nothing else', async () => {
    const file = path.join(folder, 'a', 'b.txt');
    await writeFileAtomic(file, 'first');
    await writeFileAtomic(file, new TextEncoder().encode('second'));
    expect(await readFile(file, 'utf8')).toBe('second');
    expect(await readdir(path.dirname(file))).toEqual(['b.txt']);
  });

  it('keeps what was there when it fails, and says why', async () => {
    const file = path.join(folder, 'taken');
    await mkdir(file);
    await writeFile(path.join(file, 'inside'), 'kept');
    await expect(writeFileAtomic(file, 'x')).rejects.toThrow(`${file}: cannot be written: it is a folder`);
    expect(await readdir(folder)).toEqual(['taken']);
    await writeFile(path.join(folder, 'plain'), '');
    await expect(writeFileAtomic(path.join(folder, 'plain', 'x'), 'x')).rejects.toThrow(UserError);
  });

  it('tells a full disk from a defect', () => {
    const full = explainWriteError(Object.assign(new Error('write'), { code: 'ENOSPC' }), 'result.json');
    expect(full).toBeInstanceOf(UserError);
    expect((full as Error).message).toBe(
      'result.json: cannot be written: the disk is full; make room and try again',
    );
    const defect = new TypeError('x is undefined');
    expect(explainWriteError(defect, 'result.json')).toBe(defect);
  });
});

describe('the cache folder', () => {
  it('is what is asked for, else the environment, else the system has one', () => {
    const before = process.env.PUSHPULL_CACHE;
    try {
      process.env.PUSHPULL_CACHE = path.join(folder, 'variable');
      expect(cacheFolder(path.join(folder, 'flag'))).toBe(path.join(folder, 'flag'));
      expect(cacheFolder()).toBe(path.join(folder, 'variable'));
      delete process.env.PUSHPULL_CACHE;
      expect(path.basename(cacheFolder())).toMatch(/^(pushpull|Cache)$/);
    } finally {
      if (before !== undefined) process.env.PUSHPULL_CACHE = before;
    }
  });
});
