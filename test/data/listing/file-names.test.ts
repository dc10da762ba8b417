import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../../src/data/dataset.ts';
import { picture, writeFolder, writeTar, writeZip } from '../archives.ts';

let folder: string;
let image: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'names-'));
  image = await picture('any');
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** The names of classes, and how many images each has. */
async function counts(place: string) {
  const dataset = await openDataset(place, 'test');
  const found: Record<string, number> = Object.fromEntries(dataset.classes.map((name) => [name, 0]));
  for (let index = 0; index < dataset.length; index++) {
    expect((await dataset.read(index)).width).toBe(8);
    found[dataset.classes[dataset.label(index)]]++;
  }
  await dataset.close();
  return { found, notes: dataset.reading.notes };
}
const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('names that are not UTF-8', () => {
  it('stay apart in a tar', async () => {
    const place = path.join(folder, 'old.tar');
    await writeTar(place, { 'test/b?rd/1.png': image, 'test/b!rd/1.png': image, 'test/cat/1.png': image });
    const bytes = await readFile(place);
    for (const [sign, byte] of [
      ['?', 0xfc],
      ['!', 0xfd],
    ] as const) {
      const at = bytes.indexOf(`test/b${sign}rd`);
      bytes[at + 6] = byte;
      bytes.write(
        bytes
          .subarray(at, at + 512)
          .reduce(checksum, 0)
          .toString(8)
          .padStart(6, '0'),
        at + 148,
      );
    }
    await writeFile(place, bytes);
    expect((await counts(place)).found).toEqual({ bürd: 1, býrd: 1, cat: 1 });
  });

  it('stay apart in a zip, where those that are UTF-8 need not be said to be', async () => {
    const names = [
      latin1('test/b\xfcrd/1.png'),
      latin1('test/b\xfdrd/1.png'),
      Buffer.from('test/Kätzchen/1.png'),
    ];
    const place = await writeZip(
      path.join(folder, 'old.zip'),
      names.map((name) => [name, image] as const),
    );
    // Two of them by code page 437, as the format has it.
    expect((await counts(place)).found).toEqual({ bⁿrd: 1, 'b²rd': 1, Kätzchen: 1 });
  });

  it.runIf(process.platform === 'linux')(
    'are told of in a folder, whose files cannot be opened',
    async () => {
      const place = await writeFolder(path.join(folder, 'odd'), {
        'test/cat/1.png': image,
        'test/dog/1.png': image,
        // This name is UTF-8: of the sign that stands for what is none.
        'test/dog/\uFFFD.png': image,
      });
      mkdirSync(latin1(`${place}/test/b\xfcrd`));
      writeFileSync(latin1(`${place}/test/b\xfcrd/1.png`), image);
      writeFileSync(latin1(`${place}/test/cat/\xff.png`), image);
      const { found, notes } = await counts(place);
      expect(found).toEqual({ cat: 1, dog: 2 });
      expect(notes).toEqual([
        'left out: 1 × file whose name is not UTF-8: test/cat/\uFFFD.png',
        'left out: 1 × folder whose name is not UTF-8: test/b\uFFFDrd',
      ]);
    },
  );
});

function checksum(sum: number, byte: number, at: number): number {
  return sum + (at >= 148 && at < 156 ? 32 : byte);
}
