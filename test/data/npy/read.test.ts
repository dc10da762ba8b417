import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Listing } from '../../../src/data/listing/listed-files.ts';
import { readNpyLabels } from '../../../src/data/npy/images.ts';
import { decodeNpy, encodeNpy, readNpy } from '../../../src/data/npy/npy.ts';
import { UserError } from '../../../src/errors.ts';

/** Files that NumPy wrote: test/fixtures/data/make_npy.py */
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/data/${name}.npy`, import.meta.url));

describe('reading npy files of NumPy', () => {
  it('gives type, shape and values', async () => {
    expect(await readNpy(fixture('uint8'))).toEqual({
      dtype: 'uint8',
      shape: [2, 3, 4],
      data: Uint8Array.from({ length: 24 }, (_, i) => i),
    });
    expect(await readNpy(fixture('float32'))).toEqual({
      dtype: 'float32',
      shape: [2, 2],
      data: Float32Array.of(1.5, -2.25, Number.POSITIVE_INFINITY, 1e-7),
    });
    expect(await readNpy(fixture('int64'))).toEqual({
      dtype: 'int64',
      shape: [2],
      data: BigInt64Array.of(1n, -(2n ** 40n)),
    });
    expect(await readNpy(fixture('scalar'))).toEqual({
      dtype: 'float64',
      shape: [],
      data: Float64Array.of(3.25),
    });
  });

  it('knows the second version of the format', async () => {
    expect((await readNpy(fixture('version2'))).data).toEqual(Int32Array.of(0, 1, 2, 3, 4));
  });

  it('reads bytes that lie anywhere in a buffer', async () => {
    const bytes = await readFile(fixture('float32'));
    for (const shift of [0, 1, 2, 3, 4]) {
      const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
      shifted.set(bytes);
      expect(decodeNpy(shifted, 'x').data[1]).toBe(-2.25);
    }
  });

  it('reads values that lie at any place of a file, as headers without padding put them', async () => {
    const bytes = await readFile(fixture('int64'));
    const start = bytes.length - 16;
    for (const less of [0, 1, 2, 7]) {
      const header = bytes.subarray(10, start - 1 - less).toString('latin1');
      const short = Buffer.concat([bytes.subarray(0, 10), Buffer.from(`${header}\n`), bytes.subarray(start)]);
      short.writeUInt16LE(header.length + 1, 8);
      expect(decodeNpy(short, 'x').data, `${less} bytes less`).toEqual(BigInt64Array.of(1n, -(2n ** 40n)));
    }
  });

  it('reads values whose most significant byte comes first', async () => {
    const bytes = await readFile(fixture('big_endian'));
    const before = Buffer.from(bytes);
    expect(decodeNpy(bytes, 'x')).toEqual({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) });
    expect(bytes.equals(before), 'the file in memory stays as it is').toBe(true);
  });

  it('is the inverse of writing, to the byte', async () => {
    for (const name of ['uint8', 'float32', 'int64', 'scalar']) {
      const { data, shape } = await readNpy(fixture(name));
      expect(encodeNpy(data, shape), name).toEqual(new Uint8Array(await readFile(fixture(name))));
    }
  });

  it.each([
    ['fortran', 'expected C order, found Fortran order'],
    ['missing', 'expected an npy file, found none'],
  ])('refuses %s', async (name, message) => {
    await expect(readNpy(fixture(name))).rejects.toThrow(message);
    await expect(readNpy(fixture(name))).rejects.toThrow(UserError);
  });

  it('refuses other files and half ones', async () => {
    const bytes = await readFile(fixture('uint8'));
    expect(() => decodeNpy(bytes.subarray(0, bytes.length - 1), 'a.npy')).toThrow(
      'a.npy: expected 24 bytes of data for shape (2, 3, 4), found 23',
    );
    expect(() => decodeNpy(new TextEncoder().encode('{"json": "file"}'), 'a.json')).toThrow(
      'a.json: expected an npy file',
    );
  });

  it('takes no large number for a small label', async () => {
    const file = encodeNpy(BigInt64Array.of(1n, 2n ** 32n), [2]);
    const listing = { describe: () => 'labels.npy', read: async () => file } as unknown as Listing;
    await expect(readNpyLabels(listing, 0, 10)).rejects.toThrow(
      'labels.npy: expected labels from 0 to 9, found 4294967296 at position 1',
    );
  });
});
