/** Zip archives whose list says what cannot be. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listZip } from '../../src/data/listing/zip.ts';
import { UserError } from '../../src/errors.ts';
import { openWeights } from '../../src/weights/source.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zip-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Lies {
  /** Where the list of members begins, with 64 bits. */
  readonly list?: bigint;
  /** Where the 64-bit end record begins. */
  readonly end64?: bigint;
  readonly count?: bigint;
  readonly size?: bigint;
  readonly offset?: bigint;
  readonly name?: string;
  /** Times that the list names the one member. */
  readonly times?: number;
}

const CONTENT = Buffer.alloc(1000, 7);

/** One stored member with a 64-bit list. */
function archive({ list, end64, count, size, offset, name = 'a/x.png', times = 1 }: Lies): Buffer {
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(name.length, 26);
  const start = Buffer.concat([local, Buffer.from(name), CONTENT]);
  const record = Array.from({ length: times }, (_, index) => {
    const head = Buffer.alloc(46);
    const own = index === 0 ? name : name.replace('x', `x${index}`);
    head.writeUInt32LE(0x02014b50, 0);
    head.writeUInt32LE(0xffffffff, 20);
    head.writeUInt32LE(0xffffffff, 24);
    head.writeUInt16LE(own.length, 28);
    head.writeUInt16LE(28, 30);
    head.writeUInt32LE(0xffffffff, 42);
    const extra = Buffer.alloc(28);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(size ?? BigInt(CONTENT.length), 4);
    extra.writeBigUInt64LE(size ?? BigInt(CONTENT.length), 12);
    extra.writeBigUInt64LE(offset ?? 0n, 20);
    return Buffer.concat([head, Buffer.from(own), extra]);
  });
  const body = Buffer.concat([start, ...record]);
  const end = Buffer.alloc(56 + 20 + 22);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(count ?? BigInt(times), 32);
  end.writeBigUInt64LE(list ?? BigInt(start.length), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(end64 ?? BigInt(body.length), 64);
  end.writeUInt32LE(0x06054b50, 76);
  return Buffer.concat([body, end]);
}

it('reads 64-bit lists', async () => {
  const file = path.join(folder, 'whole.zip');
  await writeFile(file, archive({}));
  const listing = await listZip(file);
  expect(listing.files).toEqual(['a/x.png']);
  expect(Buffer.from(await listing.read(0))).toEqual(CONTENT);
});

const far = [2n ** 40n, 2n ** 53n, 2n ** 62n, 2n ** 64n - 1n];
it.each<Lies>([
  ...far.flatMap((at) => [{ list: at }, { end64: at }, { count: at }, { size: at }, { offset: at }]),
  { times: 3 },
  { name: '../x.png' },
  { name: '/etc/x.png' },
  { name: 'C:/x.png' },
])('refuses %o', async (lies) => {
  const file = path.join(folder, 'lying.zip');
  await writeFile(file, archive(lies));
  const refused = await listZip(file).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UserError);
  expect((refused as Error).message).toMatch(/lying\.zip: the archive is damaged \(.*\); fetch it again$/);
  // The same list where weights lie.
  const weights = path.join(folder, 'lying.pth');
  await writeFile(weights, archive(lies));
  await expect(openWeights(weights)).rejects.toBeInstanceOf(UserError);
});
