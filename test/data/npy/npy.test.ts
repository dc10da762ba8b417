import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeNpy, NpyWriter, npyHeader } from '../../../src/data/npy/npy.ts';

// Headers as numpy.lib.format.write_array_header_1_0 of NumPy 2.4.6 writes them.
const HEADERS = [
  ['uint8', [2, 3], "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }"],
  ['uint16', [5], "{'descr': '<u2', 'fortran_order': False, 'shape': (5,), }"],
  ['uint8', [50000, 32, 32, 3], "{'descr': '|u1', 'fortran_order': False, 'shape': (50000, 32, 32, 3), }"],
] as const;

describe('npy files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'npy-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it.each(HEADERS)('have the header of NumPy: %s %j', (type, shape, dictionary) => {
    const header = Buffer.from(npyHeader(type, shape));
    expect(header.length % 64).toBe(0);
    expect([...header.subarray(0, 8)]).toEqual([0x93, ...Buffer.from('NUMPY'), 1, 0]);
    expect(header.readUInt16LE(8)).toBe(header.length - 10);
    expect(header.subarray(10).toString().trimEnd()).toBe(dictionary);
    expect(header.at(-1)).toBe(10);
  });

  it('hold values in the byte order that the header names', () => {
    const file = Buffer.from(encodeNpy(Uint16Array.of(1, 258), [2]));
    expect([...file.subarray(file.length - 4)]).toEqual([1, 0, 2, 1]);
  });

  it('are written piece by piece in any order, and appear when they are whole', async () => {
    const file = path.join(folder, 'deep', 'a.npy');
    const writer = await NpyWriter.create(file, [2, 3]);
    await writer.write(Uint8Array.of(4, 5, 6), 3);
    await expect(readFile(file)).rejects.toThrow('ENOENT');
    await writer.write(Uint8Array.of(1, 2, 3), 0);
    await writer.commit();
    expect(new Uint8Array(await readFile(file))).toEqual(encodeNpy(Uint8Array.of(1, 2, 3, 4, 5, 6), [2, 3]));
    expect(await readdir(path.dirname(file))).toEqual(['a.npy']);
  });

  it('leave nothing behind when they are discarded', async () => {
    const writer = await NpyWriter.create(path.join(folder, 'a.npy'), [4]);
    await writer.write(Uint8Array.of(1), 0);
    await writer.discard();
    expect(await readdir(folder)).toEqual([]);
  });
});
