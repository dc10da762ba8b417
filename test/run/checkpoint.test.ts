import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { float32 } from '../../src/graph/tensor.ts';
import { type Checkpoint, findCheckpoint, loadCheckpoint, saveCheckpoint } from '../../src/run/checkpoint.ts';
import { emptyRunning } from '../../src/run/history.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-checkpoint-'));
  path = join(folder, 'last');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function checkpoint(step: number): Checkpoint {
  return {
    weights: new Map([['w', float32([step, 0.1], [2])]]),
    momentum: new Map([['w', float32([-step, 1e-30], [2])]]),
    state: {
      position: { epoch: 0, batch: step, step },
      totalSteps: 100,
      random: { scheme: 'keyed', seed: 7 },
      running: { ...emptyRunning(), loss: 1 / 3, images: 64 },
      history: [],
    },
  };
}

describe('saving', () => {
  it('gives back what was saved, and replaces the one before', async () => {
    await saveCheckpoint(path, checkpoint(1));
    await saveCheckpoint(path, checkpoint(2));
    expect(await loadCheckpoint(path)).toEqual(checkpoint(2));
    expect(readdirSync(folder)).toEqual(['last']);
    expect(readdirSync(path).sort()).toEqual(['optimizer.safetensors', 'state.json', 'weights.safetensors']);
  });

  it('survives a crash while the new files are written', async () => {
    await saveCheckpoint(path, checkpoint(1));
    mkdirSync(`${path}.new`);
    writeFileSync(join(`${path}.new`, 'weights.safetensors'), 'half');
    expect(await loadCheckpoint(path)).toEqual(checkpoint(1));
    await saveCheckpoint(path, checkpoint(2));
    expect(await loadCheckpoint(path)).toEqual(checkpoint(2));
    expect(readdirSync(folder)).toEqual(['last']);
  });

  it('survives a crash between stepping aside and taking the name', async () => {
    await saveCheckpoint(path, checkpoint(1));
    renameSync(path, `${path}.previous`);
    expect(await findCheckpoint(path)).toBe(`${path}.previous`);
    expect(await loadCheckpoint(path)).toEqual(checkpoint(1));
    await saveCheckpoint(path, checkpoint(2));
    expect(await loadCheckpoint(path)).toEqual(checkpoint(2));
    expect(readdirSync(folder)).toEqual(['last']);
  });

  it('that fails says so, keeps the one before and leaves nothing behind', async () => {
    await saveCheckpoint(path, checkpoint(1));
    const unwritable = checkpoint(2);
    // Fails while it is being written, as a full disk would make it.
    unwritable.state.history.push({
      toJSON: () => {
        throw Object.assign(new Error('ENOSPC: no space left on device'), {
          code: 'ENOSPC',
          syscall: 'write',
        });
      },
    } as never);
    await expect(saveCheckpoint(path, unwritable)).rejects.toThrow(
      /last: .*the disk is full.*untouched.*--resume/,
    );
    expect(await loadCheckpoint(path)).toEqual(checkpoint(1));
    expect(readdirSync(folder)).toEqual(['last']);
  });
});

describe('loading', () => {
  it('says when there is none', async () => {
    await expect(loadCheckpoint(path)).rejects.toThrow(
      /last: expected a checkpoint, but there is none.*without --resume/,
    );
  });

  it.each([
    [
      'a truncated file',
      'weights.safetensors',
      (file: string) => truncateSync(file, 90),
      /weights\.safetensors: .*cut off|ends inside/,
    ],
    [
      'a missing file',
      'optimizer.safetensors',
      (file: string) => rmSync(file),
      /optimizer\.safetensors: the checkpoint is damaged .*no such file/,
    ],
    [
      'a changed bit',
      'weights.safetensors',
      flipLastBit,
      /weights\.safetensors: the checkpoint is damaged \(its content is not what/,
    ],
    [
      'no JSON',
      'state.json',
      (file: string) => writeFileSync(file, '{"schema'),
      /state\.json: .*it is no JSON/,
    ],
    [
      'another version',
      'state.json',
      replace('checkpoint/1', 'checkpoint/9'),
      /state\.json: expected the schema 'pushpull\.checkpoint\/1', found "pushpull\.checkpoint\/9".*another version/,
    ],
    ['a list', 'state.json', (file: string) => writeFileSync(file, '[]'), /found none/],
    [
      'a wrong entry',
      'state.json',
      replace('"batch": 1', '"batch": -1'),
      /the entry 'position\.batch' is wrong/,
    ],
  ])('refuses %s', async (_, name, spoil, message) => {
    await saveCheckpoint(path, checkpoint(1));
    expect(existsSync(join(path, name))).toBe(true);
    spoil(join(path, name));
    await expect(loadCheckpoint(path)).rejects.toThrow(message);
  });
});

function flipLastBit(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(file, bytes);
}

function replace(from: string, to: string): (file: string) => void {
  return (file) => {
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
  };
}
