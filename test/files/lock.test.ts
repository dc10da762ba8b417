import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileLock, folderLock, LOCK_FILE, takeLock, withLock } from '../../src/files/lock.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-lock-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** No process has this number. */
const NOBODY = 2 ** 22 + 1;
const TAKER = fileURLToPath(new URL('../data/lock-taker.ts', import.meta.url));

const write = (file: string, holder: object) => writeFileSync(file, JSON.stringify(holder));
const age = (file: string, seconds: number) => {
  const then = Date.now() / 1000 - seconds;
  utimesSync(file, then, then);
};

describe('a lock', () => {
  let out: string;
  let number = 0;
  beforeEach(() => {
    out = join(folder, String(number++));
  });

  it('keeps a second one out until it is given back, and names the first', async () => {
    const lock = await takeLock(folderLock(out));
    await expect(takeLock(folderLock(out))).rejects.toThrow(
      `${out}: process ${process.pid} works in this folder since 2`,
    );
    await lock.release();
    await (await takeLock(folderLock(out))).release();
  });

  it('of a file leaves the folder to others', async () => {
    const [one, two] = ['a.json', 'b.json'].map((name) => fileLock(join(out, name)));
    const locks = [await takeLock(one!), await takeLock(two!), await takeLock(folderLock(out))];
    await expect(takeLock(one!)).rejects.toThrow(
      `${join(out, 'a.json')}: process ${process.pid} works in this file`,
    );
    for (const lock of locks) await lock.release();
  });

  it('leaves nothing behind, not even the folders that it made', async () => {
    await (await takeLock(folderLock(join(out, 'deep', 'run')))).release();
    expect(existsSync(out)).toBe(false);
    await expect(
      withLock(folderLock(out), async () => {
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    ['a process that is gone', { pid: NOBODY, host: hostname() }],
    ['a process whose number another one has now', { pid: process.pid, host: hostname(), started: '1' }],
    ['a process that died while it wrote', undefined],
  ])('is taken over from %s', async (_, holder) => {
    mkdirSync(out);
    const file = folderLock(out);
    if (holder) write(file, holder);
    else writeFileSync(file, '{"pid": 4');
    const lock = await takeLock(file);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
    expect(readdirSync(out)).toEqual([LOCK_FILE]);
    await lock.release();
  });

  it.each([
    ['on another machine', { pid: process.pid, host: 'elsewhere' }],
    [
      'in another container, or of an earlier start of the machine',
      { pid: NOBODY, host: hostname(), realm: 'other' },
    ],
  ])('of a process %s is judged by its signs of life', async (_, holder) => {
    mkdirSync(out);
    const file = folderLock(out);
    write(file, holder);
    age(file, 30);
    await expect(takeLock(file)).rejects.toThrow(
      /works in this folder .*a sign of life 3\d s ago; wait for it/,
    );
    age(file, 90);
    await (await takeLock(file)).release();
  });

  it('removes what the process that is gone left half-written, and nothing else', async () => {
    mkdirSync(join(out, 'fog', '1'), { recursive: true });
    write(folderLock(out), { pid: NOBODY, host: hostname() });
    const left = [`.a.png.${NOBODY}.0123abcd.tmp`, `fog/1/.b.png.${NOBODY}.0123abcd.tmp`];
    const kept = [`.c.png.${NOBODY - 1}.0123abcd.tmp`, 'd.tmp', `${NOBODY}.png`];
    for (const name of [...left, ...kept]) writeFileSync(join(out, name), '');
    const lock = await takeLock(folderLock(out));
    expect(left.filter((name) => existsSync(join(out, name)))).toEqual([]);
    expect(kept.filter((name) => existsSync(join(out, name)))).toEqual(kept);
    await lock.release();
  });

  it.skipIf(process.getuid?.() === 0)('that cannot be written is told', async () => {
    mkdirSync(out);
    chmodSync(out, 0o500);
    await expect(takeLock(folderLock(out))).rejects.toThrow(
      /\.pushpull\.lock: cannot be written: you may not/,
    );
    chmodSync(out, 0o700);
  });

  it('that cannot be made where a file is in the way is told', async () => {
    writeFileSync(out, '');
    await expect(takeLock(folderLock(join(out, 'run')))).rejects.toThrow(
      /run: cannot be written: a part of its path/,
    );
  });

  describe('in the hands of another', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
    afterEach(() => void vi.useRealTimers());

    it('stops the work, and is left to the other', async () => {
      const file = folderLock(out);
      const work = withLock(file, async (signal) => {
        write(file, { pid: 1, host: 'elsewhere', token: 'another' });
        vi.advanceTimersByTime(5000);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      });
      await expect(work).rejects.toThrow(/the lock of this process was taken away/);
      expect(JSON.parse(readFileSync(file, 'utf8')).token).toBe('another');
    });

    it('is written anew while it is held', async () => {
      const file = folderLock(out);
      const lock = await takeLock(file);
      age(file, 50);
      vi.advanceTimersByTime(5000);
      await vi.waitFor(async () => {
        const probe = join(out, 'now');
        writeFileSync(probe, '');
        const { statSync } = await import('node:fs');
        expect(statSync(probe).mtimeMs - statSync(file).mtimeMs).toBeLessThan(10_000);
      });
      await lock.release();
      rmSync(out, { recursive: true });
    });
  });
});

describe('several processes at once', () => {
  let takers: ChildProcess[] = [];
  afterAll(() => {
    for (const taker of takers) taker.kill();
  });

  const said = (child: ChildProcess) =>
    new Promise<string>((resolve) => child.stdout!.once('data', (chunk: Buffer) => resolve(String(chunk))));

  it('take over the lock of a dead one: one of them does; and a signal gives it back', async () => {
    const out = join(folder, 'race');
    mkdirSync(out);
    const file = folderLock(out);
    write(file, { pid: NOBODY, host: hostname() });
    takers = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--import', 'tsx', TAKER, file], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    await Promise.all(takers.map(said));
    const answers = takers.map(said);
    for (const taker of takers) taker.stdin!.write('go\n');
    const words = await Promise.all(answers);
    expect(words.filter((text) => text.startsWith('taken'))).toHaveLength(1);
    expect(words.filter((text) => /works in (this folder|it)/.test(text))).toHaveLength(3);
    const winner = takers[words.findIndex((text) => text.startsWith('taken'))]!;
    winner.kill('SIGTERM');
    const signal = await new Promise((resolve) => winner.on('close', (_, by) => resolve(by)));
    expect(signal).toBe('SIGTERM');
    expect(readdirSync(out)).toEqual([]);
  });
});
