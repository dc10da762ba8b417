import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ReadingProcess } from './reading-process.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'pushpull-watch-'));
});
afterAll(() => rmSync(root, { recursive: true }));

it.each<[readers: string, problem?: RegExp]>([
  ['reads'],
  ['refuses'],
  ['throws', /TypeError: x is not a function/],
  ['writes', /writeFile wrote to .*outside of/],
  ['spins', /took longer than 1.5 s/],
  ['waits', /took longer than 1.5 s/],
  ['ends', /the process ended with 0/],
  ['throwsLater', /the process ended with 1[\s\S]*nobody catches this/],
  ['heap', /the process ended with (SIGABRT|SIGTRAP|134)[\s\S]*heap/i],
  ['native', /takes? \d{3,} MB|took \d{3,} MB beside/],
  ['block', /takes? \d{3,} MB|took \d{3,} MB beside/],
])('a reader that %s is seen as such', async (reader, problem) => {
  const hangsAfter = ['spins', 'waits'].includes(reader) ? 1500 : 60_000;
  const options = { script: 'trap-child.ts', hangsAfter, megabytes: 100, heapMegabytes: 32 };
  const reading = await ReadingProcess.start(root, options);
  try {
    const file = path.join(path.dirname(root), `${path.basename(root)}.outside`);
    const found = await reading.read({ reader, file, cacheDir: root });
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(problem);
    expect(existsSync(file)).toBe(false);
  } finally {
    reading.stop();
  }
});
