import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BadImages, parseBadLimit } from '../../src/data/bad-images.ts';
import { openDataset } from '../../src/data/dataset.ts';
import { DataLoader } from '../../src/data/loader/loader.ts';
import { imageFolder, picture, writeFolder } from './archives.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bad-images-'));
});
afterAll(() => rm(folder, { recursive: true }));

const numbered = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ path: `/data/${i}.jpg`, reason: 'the file is empty' }));

describe('a limit', () => {
  it('is a share or a number', () => {
    expect(parseBadLimit('2%')).toEqual({ share: 0.02 });
    expect(parseBadLimit(' 0.5 % ')).toEqual({ share: 0.005 });
    expect(parseBadLimit('0')).toEqual({ images: 0 });
    for (const text of ['', 'few', '-1', '1.5', '200%']) {
      expect(() => parseBadLimit(text), text).toThrow(
        `--max-bad: expected a share of the images such as 2%, or a whole number of them, found "${text}"`,
      );
    }
  });

  it.each([
    { limit: { share: 0.02 }, images: 1000, most: 20 },
    { limit: { images: 3 }, images: 1000, most: 3 },
    { limit: undefined, images: 5000, most: 50 },
    { limit: undefined, images: 100, most: 10 },
  ])('$limit of $images images lets $most pass', async ({ limit, images, most }) => {
    const bad = new BadImages({ limit, images, data: 'pictures' });
    expect(await bad.add(numbered(most))).toHaveLength(most);
    // Met again in the next epoch, they count no more.
    expect(await bad.add(numbered(most))).toEqual([]);
    await expect(bad.add(numbered(most + 1))).rejects.toThrow(
      `pictures: expected at most ${most} of ${images.toLocaleString('en-US')} images`,
    );
  });

  it('that is passed leaves the list behind, and the next part of the run goes on from it', async () => {
    const file = path.join(folder, 'list.tsv');
    const options = { file, images: 100, limit: { images: 1 }, data: 'pictures' };
    const stopped = new BadImages(options).add(numbered(4));
    await expect(stopped).rejects.toThrow(
      'found 4: /data/0.jpg (the file is empty), /data/1.jpg (the file is empty), ' +
        `/data/2.jpg (the file is empty), …; ${file} lists them`,
    );
    const resumed = await BadImages.resume({ ...options, limit: { images: 5 } });
    expect(resumed.list).toEqual(numbered(4));
    expect(await resumed.add(numbered(5))).toEqual([numbered(5)[4]]);
    await resumed.save();
    expect((await readFile(file, 'utf8')).split('\n')[5]).toBe('/data/4.jpg\tthe file is empty');
  });

  it('writes no name that a spreadsheet would compute, and reads them back', async () => {
    const file = path.join(folder, 'formulas.tsv');
    const options = { file, images: 100, data: 'pictures' };
    const names = ['=cmd.png', '+1.png', '-1.png', '@a.png', "'=b.png", 'c.png'];
    const bad = new BadImages(options);
    await bad.add(names.map((name) => ({ path: name, reason: '=2+3' })));
    await bad.save();
    const cells = (await readFile(file, 'utf8')).split(/[\t\n]/);
    expect(cells.filter((cell) => /^[=+@-]/.test(cell))).toEqual([]);
    expect((await BadImages.resume(options)).list).toEqual(bad.list);
  });
});

it('a folder of all that goes wrong: each is named with its reason, and none is passed over', async () => {
  const jpeg = await picture('whole', 32, 32, 'jpeg');
  const place = await writeFolder(path.join(folder, 'odd'), {
    ...(await imageFolder(['a', 'b'], 2, { size: 16 })),
    'train/a/cut.jpg': jpeg.subarray(0, jpeg.length * 0.6),
    'train/a/empty.jpg': new Uint8Array(),
    'train/a/text.jpg': new TextEncoder().encode('no picture'),
    'train/b/locked.png': jpeg,
  });
  await symlink('nowhere.jpg', path.join(place, 'train/b/link.jpg'));
  // Not an image, whatever it is called.
  await mkdir(path.join(place, 'train/b/folder.jpg'));
  await writeFile(path.join(place, 'train/b/folder.jpg', 'notes.txt'), 'notes');
  await chmod(path.join(place, 'train/b/locked.png'), 0);
  // The super-user reads what nobody may.
  const locked =
    process.getuid?.() === 0 ? [] : [['locked.png', 'you may not read it: change its permissions']];
  const dataset = await openDataset(place, 'train');
  const loader = new DataLoader({
    ...{ dataset, batchSize: 3, shuffle: false, seed: 0, epoch: 0, onBadImage: 'skip' },
    transforms: [
      { kind: 'resize', shortSide: 16 },
      { kind: 'centerCrop', size: 16 },
    ],
  });
  let images = 0;
  for await (const { count } of loader) images += count;
  expect(loader.badImages.map((bad) => [path.basename(bad.path), bad.reason])).toEqual([
    ['cut.jpg', 'its JPEG data ends too early'],
    ['empty.jpg', 'the file is empty'],
    ['text.jpg', 'it is in no image format that is known'],
    ['link.jpg', 'it is not there any more, or a link to nothing'],
    ...locked,
  ]);
  expect(images).toBe(dataset.length - loader.badImages.length);
  await dataset.close();
});
