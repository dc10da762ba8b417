import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutOfMemoryError, UserError } from '../src/errors.ts';
import { checkWritable, writeFileAtomic } from '../src/files/files.ts';
import * as fs from '../src/files/fs.ts';
import { explainError, explainFinally, type SystemError } from '../src/system-errors.ts';

let root: string;
const at = (name: string) => join(root, name);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pushpull-system-'));
  await mkdir(at('folder'));
  await writeFile(at('file'), 'text');
  await symlink(at('circle'), at('circle'));
  await symlink(at('gone'), at('dangling'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** An error as Node makes it. */
const systemError = (code: string, syscall: string, path?: string) =>
  Object.assign(new Error(`${code}: something, ${syscall}`), { code, syscall, path });

describe('what the system says', () => {
  it.each([
    [
      'EACCES',
      'open',
      'a.onnx: cannot be read: you may not read it; change its permissions, or those of its folder',
    ],
    ['EMFILE', 'open', /^a\.onnx: cannot be read: too many files are open; raise `ulimit -n`/],
    ['ENOSPC', 'write', 'a.onnx: cannot be written: the disk is full; make room and try again'],
    ['EROFS', 'mkdir', 'a.onnx: cannot be written: the disk is read-only; choose another place'],
    ['ETXTBSY', 'rename', /^a\.onnx: cannot be written: it is a program that is running/],
    ['ENOMEM', 'read', /^a\.onnx: cannot be read: memory ran out/],
    ['EREMOTEIO', 'read', 'a.onnx: cannot be read: the system refuses it (EREMOTEIO: something, read)'],
    ['ERR_FS_FILE_TOO_LARGE', 'read', /larger than 2 GiB/],
  ])('%s of %s in words', (code, syscall, message) => {
    const explained = explainError(systemError(code, syscall, 'a.onnx')) as SystemError;
    expect(explained).toBeInstanceOf(UserError);
    expect(explained.code).toBe(code);
    if (typeof message === 'string') expect(explained.message).toBe(message);
    else expect(explained.message).toMatch(message);
  });

  it.each([
    new RangeError('Array buffer allocation failed'),
    new RangeError('Invalid string length'),
    new RangeError('Invalid typed array length: 8589934592'),
    new RangeError('WebAssembly.Memory(): could not allocate memory'),
    new Error('std::bad_alloc'),
    Object.assign(new Error('Worker terminated due to reaching memory limit'), {
      code: 'ERR_WORKER_OUT_OF_MEMORY',
    }),
  ])('memory: %s', (error) => {
    expect(explainError(error)).toBeInstanceOf(OutOfMemoryError);
    expect((explainFinally(error) as Error).message).toMatch(
      /^memory ran out \(.*\); ask for less at a time/,
    );
  });

  it('threads', () => {
    const error = Object.assign(new Error('Worker initialization failure: EMFILE'), {
      code: 'ERR_WORKER_INIT_FAILED',
    });
    expect((explainError(error) as Error).message).toMatch(
      /^a thread could not be started \(.*EMFILE\); use fewer --workers/,
    );
  });

  it.each([
    new TypeError("Cannot read properties of undefined (reading 'length')"),
    new RangeError('Invalid typed array length: -1'),
    new RangeError('Invalid array length'),
    systemError('EBADF', 'read'),
    Object.assign(new TypeError('The "path" argument must be of type string'), {
      code: 'ERR_INVALID_ARG_TYPE',
    }),
    new UserError('told already'),
  ])('leaves alone: %s', (error) => {
    expect(explainError(error)).toBe(error);
  });
});

describe('the file system', () => {
  it('names the file where Node does not', async () => {
    for (const attempt of [
      () => fs.readFile(at('folder')),
      async () => fs.readFileSync(at('folder')),
      async () => {
        const handle = await fs.open(at('folder'));
        await handle.readFile().finally(() => handle.close());
      },
      async () => {
        const descriptor = fs.openSync(at('folder'), 'r');
        try {
          fs.readSync(descriptor, new Uint8Array(1), 0, 1, 0);
        } finally {
          fs.closeSync(descriptor);
        }
      },
      async () => {
        for await (const _ of fs.createReadStream(at('folder')));
      },
    ]) {
      await expect(attempt()).rejects.toThrow(`${at('folder')}: cannot be read: it is a folder; give a file`);
    }
  });

  it('tells nothing there from what is refused', async () => {
    expect(await fs.statIfThere(at('nothing'))).toBeUndefined();
    expect(await fs.statIfThere(at('file/below'))).toBeUndefined();
    await expect(fs.statIfThere(at('circle'))).rejects.toThrow(/circle: cannot be read: its symbolic links/);
    await expect(fs.statIfThere(at('n'.repeat(256)))).rejects.toThrow(/the name is too long/);
    await expect(fs.statIfThere(at('a\0b'))).rejects.toThrow(/a\\u0000b: .* NUL character/);
  });

  it.each([
    ['file', 'folder', /--out .*folder: cannot be written: it is a folder; choose another name$/],
    ['file', 'file/below', /--out .*below: cannot be written: a part of its path is a file/],
    ['file', 'circle', /--out .*circle: cannot be written: its symbolic links lead in a circle/],
    ['file', 'ü'.repeat(128), /cannot be written: the name is too long; choose a shorter one$/],
    ['folder', 'file', /--out .*file: cannot be written: a part of its path is a file/],
    ['folder', 'dangling', /--out .*dangling: expected a folder, found a link to nothing/],
  ] as const)(
    'refuses to write a %s as %s, before there is anything to write',
    async (kind, name, message) => {
      await expect(checkWritable(at(name), kind)).rejects.toThrow(message);
      await expect(checkWritable(at(name), kind)).rejects.toThrow(UserError);
    },
  );

  it('writes where it can', async () => {
    const longest = 'ü'.repeat(127);
    for (const name of ['new', 'file', 'new/below', 'dangling', longest])
      await checkWritable(at(name), 'file');
    for (const name of ['new', 'folder', 'new/below']) await checkWritable(at(name), 'folder');
    await writeFileAtomic(at(longest), 'text');
    expect(readFileSync(at(longest), 'utf8')).toBe('text');
    expect(readdirSync(root)).not.toContain('new');
  });

  it('puts no file in the place of a device', async () => {
    await expect(checkWritable('/dev/null', 'file')).rejects.toThrow(
      /expected an ordinary file, found a device/,
    );
    await expect(writeFileAtomic('/dev/null', 'text')).rejects.toThrow(
      /expected an ordinary file, found a device/,
    );
  });

  it.skipIf(process.getuid?.() === 0)('says that it may not', async () => {
    await chmod(at('folder'), 0);
    await expect(fs.readFile(at('folder/file'))).rejects.toThrow(/you may not read it/);
    await expect(checkWritable(at('folder/new'), 'file')).rejects.toThrow(/you may not write there/);
  });

  it('is nowhere else', () => {
    const elsewhere = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file) && !file.startsWith('engine') && file !== join('files', 'fs.ts'))
      .filter((file) => /from 'node:fs(\/promises)?'/.test(readFileSync(join('src', file), 'utf8')));
    expect(elsewhere, 'take these from files/fs.ts, which explains what the system refuses').toEqual([]);
  });
});
