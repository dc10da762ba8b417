import { execFileSync } from 'node:child_process';
import { link, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { deflateSync, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../../src/data/dataset.ts';
import { readMat } from '../../../src/data/imagenet/mat-file.ts';
import { openTar } from '../../../src/data/listing/archive.ts';
import { indexTar } from '../../../src/data/listing/tar.ts';
import { decodeNpy, encodeNpy } from '../../../src/data/npy/npy.ts';
import { setLimits } from '../../../src/data/pictures/limits.ts';
import { imageFolder, picture, writeFolder } from '../archives.ts';

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tar-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A member of a tar archive, with a checksum that is right whatever stands in the fields. */
function member(name: string, type: string, size: string | Uint8Array, contents = ''): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('ustar\x0000', 257, 'latin1');
  if (typeof size === 'string') header.write(size, 124);
  else header.set(size, 124);
  header.write(type, 156);
  header.fill(' ', 148, 156);
  header.write(header.reduce((sum, byte) => sum + byte, 0).toString(8), 148);
  const body = Buffer.alloc(Math.ceil(contents.length / 512) * 512);
  body.write(contents);
  return Buffer.concat([header, body]);
}
const octal = (size: number) => size.toString(8).padStart(11, '0');
const indexOf = (...members: Buffer[]) => {
  const bytes = Buffer.concat([...members, Buffer.alloc(1024)]);
  return indexTar((offset, length) => bytes.subarray(offset, offset + length), bytes.length, 'x.tar');
};
const pax = (key: string, value: string) => {
  const rest = ` ${key}=${value}\n`;
  const text = `${rest.length + 2}${rest}`;
  return member('pax', 'x', octal(text.length), text);
};

describe('sizes in tar archives that lie', () => {
  const first = member('a.png', '0', octal(3), 'abc');
  it.each([
    ['octal', member('b.png', '0', '-0000001000')],
    [
      'binary',
      member('b.png', '0', Uint8Array.from([255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 252, 0])),
    ],
    ['no number', member('b.png', '0', '12x')],
    ['of a comment', member('b.png', 'g', '-1000')],
    ['of a name', member('b.png', 'L', octal(2 ** 21), 'x'.repeat(2 ** 21))],
    [
      'beyond what numbers hold',
      member('b.png', '0', Uint8Array.from([128, 127, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255])),
    ],
    ['pax', Buffer.concat([pax('size', '-1024'), member('b.png', '0', octal(0))])],
    ['pax, no number', Buffer.concat([pax('size', '0x10'), member('b.png', '0', octal(0))])],
    [
      'pax, of a record',
      Buffer.concat([member('pax', 'x', octal(9), '0.1 a=bc\n'), member('b', '0', octal(0))]),
    ],
    [
      'pax, a record beyond the header',
      Buffer.concat([member('pax', 'x', octal(9), '999 a=bc\n'), member('b', '0', octal(0))]),
    ],
  ])('are refused: %s', (_, bad) => {
    expect(() => indexOf(first, bad)).toThrow('x.tar: the archive is damaged after 1 file; fetch it again');
  });

  it('are told as an early end where the archive is shorter', () => {
    expect(() => indexOf(first, member('b.png', '0', octal(2 ** 30)))).toThrow(
      'ends too early, after 1 file',
    );
    expect(() => indexOf(first, pax('size', '99999999999'), member('b.png', '0', octal(0)))).toThrow(
      'ends too early',
    );
  });

  it('do not matter where there are no contents', () => {
    const { entries } = indexOf(member('dir', '5', octal(4096)), first);
    expect(entries).toEqual([{ path: 'a.png', offset: 1024, length: 3 }]);
  });
});

describe('members that are no plain files', () => {
  it('are named by kind, and of two files of one name the last counts', () => {
    const { entries, leftOut } = indexOf(
      ...[
        member('a.png', '0', octal(3), 'abc'),
        member('old/', '\0', octal(0)),
        member('null', '3', octal(0)),
      ],
      ...[member('s.png', 'S', octal(0)), member('p', '6', octal(0)), member('a.png', '0', octal(2), 'xy')],
      member('new-type.png', 'Z', octal(0)),
    );
    expect(entries.map(({ path, length }) => [path, length])).toEqual([
      ['a.png', 2],
      ['new-type.png', 0],
    ]);
    expect(leftOut).toEqual([
      { path: 'null', kind: 'device' },
      { path: 's.png', kind: 'sparse file' },
      { path: 'p', kind: 'pipe' },
    ]);
  });

  it('links to files are these files, in whatever way they lead there', async () => {
    const archive = pack();
    const [one, two] = [Buffer.from(await picture('one')), Buffer.from(await picture('two'))];
    archive.entry({ name: './train/a/1.png' }, one);
    archive.entry({ name: 'train/b/2.png' }, two);
    archive.entry({ name: 'train/b/hard.png', type: 'link', linkname: './train/a/1.png' });
    archive.entry({ name: 'train/b/soft.png', type: 'symlink', linkname: '../a/./1.png' });
    archive.entry({ name: 'train/b/twice.png', type: 'symlink', linkname: 'soft.png' });
    archive.entry({ name: 'train/c', type: 'symlink', linkname: 'b' });
    archive.entry({ name: 'train/a/through.png', type: 'link', linkname: 'train/c/2.png' });
    archive.entry({ name: 'train/a/round.png', type: 'symlink', linkname: 'round.png' });
    archive.entry({ name: 'train/a/outside.png', type: 'symlink', linkname: '/etc/passwd' });
    archive.entry({ name: 'train/a/above.png', type: 'symlink', linkname: '../../../x.png' });
    archive.entry({ name: 'train/up', type: 'symlink', linkname: '..' });
    archive.finalize();
    const file = at('links.tar');
    await writeFile(file, await buffer(archive));
    const { entries, leftOut, close } = await openTar(file);
    const bytes = await readFile(file);
    const found = entries.map(({ path, offset, length }) => {
      const contents = bytes.subarray(offset, offset + length);
      return [path, contents.equals(one) ? 'one' : contents.equals(two) ? 'two' : `${length} bytes`];
    });
    expect(Object.fromEntries(found)).toEqual({
      ...{ 'train/a/1.png': 'one', 'train/b/2.png': 'two', 'train/b/hard.png': 'one' },
      ...{ 'train/b/soft.png': 'one', 'train/b/twice.png': 'one', 'train/a/through.png': 'two' },
      ...{ 'train/a/round.png': '0 bytes', 'train/a/outside.png': '0 bytes', 'train/a/above.png': '0 bytes' },
    });
    expect(leftOut).toEqual([
      { path: 'train/c', kind: 'link to a folder' },
      { path: 'train/up', kind: 'link to a folder' },
    ]);
    await close();
  });

  it('a deduplicated archive of GNU tar has all its images', async () => {
    const files = await imageFolder(['a', 'b'], 2);
    const place = await writeFolder(at('dedup'), files);
    await link(at('dedup/train/a/0.png'), at('dedup/train/b/same.png'));
    await symlink('../a/1.png', at('dedup/train/b/soft.png'));
    execFileSync('tar', ['-cf', at('dedup.tar'), '-C', place, 'train', 'test']);
    const [dataset, plain] = [await openDataset(at('dedup.tar'), 'train'), await openDataset(place, 'train')];
    expect(dataset.length).toBe(6);
    for (let i = 0; i < 6; i++) expect(await dataset.read(i)).toEqual(await plain.read(i));
    await dataset.close();
  });
});

describe('what unpacks to far more than it has', () => {
  afterEach(() => {
    delete process.env.PUSHPULL_MAX_UNPACKED;
  });

  it('is not unpacked unless it is asked for', async () => {
    const file = at('bomb.tar.gz');
    const zeros = gzipSync(Buffer.alloc(33 * 2 ** 20), { level: 1 });
    // Of several members the size at the end tells the last one's only.
    await writeFile(file, Buffer.concat([zeros, zeros, gzipSync(Buffer.alloc(9))]));
    await expect(openTar(file)).rejects.toThrow(
      /bomb\.tar\.gz: expected \d+ packed bytes to unpack to 67108864 or less, found .* raise --max-unpacked$/,
    );
    setLimits({ maxUnpacked: 100 });
    await expect(openTar(file)).rejects.toThrow('to unpack to 100 or less');
    setLimits({ maxUnpacked: 2 ** 30 });
    const { entries, close } = await openTar(file);
    expect(entries).toEqual([]);
    await close();
  });

  const matrix = (...elements: Buffer[]) => element(14, Buffer.concat(elements));
  const element = (type: number, data: Buffer) => {
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(type, 0);
    tag.writeUInt32LE(data.length, 4);
    return Buffer.concat([tag, data, Buffer.alloc(type === 15 ? 0 : (8 - (data.length % 8)) % 8)]);
  };
  const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
  const mat = (...elements: Buffer[]) => {
    const header = Buffer.alloc(128);
    header.write('IM', 126);
    return Buffer.concat([header, ...elements]);
  };

  it.each([
    ['structs without fields', [2, 0], [0xffff, 0xffff], [element(5, words(8)), element(1, Buffer.alloc(0))]],
    ['structs without end', [2, 0], [1e9, 1e9], [element(5, words(8)), element(1, Buffer.from('abcdefgh'))]],
    ['names of no length', [2, 0], [1, 1], [element(5, words(0)), element(1, Buffer.from('abcdefgh'))]],
    ['cells', [1, 0], [0xffff, 0xffff], []],
  ])('nor are values counted in a MATLAB file that it has no room for: %s', (_, kind, size, rest) => {
    const bytes = mat(
      matrix(element(6, words(...kind)), element(5, words(...size)), element(1, Buffer.from('x')), ...rest),
    );
    expect(() => readMat(bytes, 'x.mat')).toThrow('x.mat: the file is damaged');
  });

  it('nor is a MATLAB file', () => {
    const bytes = mat(element(15, deflateSync(Buffer.alloc(2 ** 25))));
    expect(() => readMat(bytes, 'x.mat')).toThrow(/to unpack to 16777216 or less, .* raise --max-unpacked$/);
  });
});

it.each(['(2, 3 4)', '(0, 1e9)', `(0, ${'9'.repeat(400)})`])(
  'an npy file of shape %s is refused',
  (shape) => {
    const bytes = Buffer.from(encodeNpy(new Uint8Array(12), [12]));
    const dictionary = `{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}, }`;
    const header = Buffer.alloc(12 + dictionary.length);
    header.set(bytes.subarray(0, 6));
    header.set([2, 0], 6);
    header.writeUInt32LE(dictionary.length, 8);
    header.write(dictionary, 12);
    expect(() => decodeNpy(Buffer.concat([header, bytes]), 'x.npy')).toThrow(
      'x.npy: expected a header of a plain array',
    );
  },
);
