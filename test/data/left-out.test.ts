import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/contents.ts';
import { openDataset } from '../../src/data/dataset.ts';
import { DataLoader } from '../../src/data/loader/loader.ts';
import { setLimits } from '../../src/data/pictures/limits.ts';
import { imageFolder, picture, writeFolder, writeTar } from './archives.ts';

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
const fixture = (name: string) =>
  readFile(fileURLToPath(new URL(`../fixtures/data/formats/${name}`, import.meta.url)));
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'left-out-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const namesOf = (dataset: Dataset) =>
  Array.from({ length: dataset.length }, (_, index) => path.basename(dataset.describe(index)));

describe('files in class folders', () => {
  it('are pictures by their contents, and what is none is counted by kind', async () => {
    const text = new TextEncoder().encode('no picture');
    const files = {
      'train/a/1.BMP': await fixture('24.bmp'),
      'train/a/2.jfif': await fixture('interlaced_name.jfif'),
      'train/a/3.ppm': await fixture('p6.ppm'),
      'train/a/4.tif': await fixture('rgb.tif'),
      'train/a/5.avif': await fixture('lossless.avif'),
      'train/a/6.gif': await fixture('animated.gif'),
      'train/a/7': await picture('no ending'),
      'train/a/8.PNG': await picture('upper case'),
      'train/a/9.dat': await picture('other ending'),
      'train/a/photo.heic': new TextEncoder().encode('\0\0\0\x18ftypheic\0\0\0\0mif1heic'),
      'train/a/notes.TXT': text,
      'train/a/more.xyz': text,
      'train/a/drawing.svg': text,
      'train/a/.DS_Store': text,
      'train/b/1.bmp': await fixture('rle8.bmp'),
      // A class without a picture.
      'train/c/readme': text,
      'README.md': text,
    };
    const zipped = await writeTar(at('kinds.tar.gz'), files);
    for (const place of [
      await writeFolder(at('kinds'), files),
      await writeTar(at('kinds.tar'), files),
      zipped,
    ]) {
      const dataset = await openDataset(place, 'train');
      expect(namesOf(dataset), place).toEqual([
        '1.BMP',
        '2.jfif',
        '3.ppm',
        '4.tif',
        '5.avif',
        '6.gif',
        '7',
        '8.PNG',
        '9.dat',
        'photo.heic',
        '1.bmp',
      ]);
      expect(dataset.classes).toEqual(['a', 'b']);
      expect(dataset.reading.leftOut).toEqual([
        'left out: 1 × SVG drawing: train/a/drawing.svg',
        'left out: 3 × text file: train/a/more.xyz, train/a/notes.TXT, …',
      ]);
      expect(dataset.reading.notes).toEqual(expect.arrayContaining([...dataset.reading.leftOut!]));
      const loader = new DataLoader({
        ...{ dataset, batchSize: 11, shuffle: false, seed: 0, epoch: 0, onBadImage: 'skip' },
        transforms: [{ kind: 'resizeTo', width: 8, height: 8 }],
      });
      for await (const { count } of loader) expect(count).toBe(10);
      expect(loader.badImages.map(({ reason }) => reason)).toEqual([
        'it is a picture in the format HEIC, which is not read here; convert it to PNG',
      ]);
      await dataset.close();
    }
  });

  it('that are damaged are told of in every pass, though they can be decoded', async () => {
    const files = { ...(await imageFolder(['a'], 1)), 'train/a/hole.jpg': await fixture('damaged/hole.jpg') };
    const dataset = await openDataset(await writeFolder(at('damaged'), files), 'train');
    const loader = new DataLoader({
      ...{ dataset, batchSize: 2, shuffle: false, seed: 0, epoch: 0, onBadImage: 'fail' },
      transforms: [{ kind: 'resizeTo', width: 8, height: 8 }],
    });
    for (let pass = 0; pass < 2; pass++) {
      for await (const { count } of loader) expect(count).toBe(2);
      expect(loader.damagedImages).toMatchObject([
        { index: 1, reason: 'its JPEG data is damaged in places' },
      ]);
    }
    await dataset.close();
  });
});

describe('links in a data folder', () => {
  afterEach(() => {
    delete process.env.PUSHPULL_FOLLOW_LINKS;
  });

  it('are followed to files, and to folders that are read once', async () => {
    const place = await writeFolder(at('links'), await imageFolder(['a', 'b'], 2));
    await writeFolder(at('outside'), { '1.png': await picture('1'), 'deep/2.png': await picture('2') });
    await mkdir(at('links/store/c'), { recursive: true });
    await writeFile(at('links/store/c/x.png'), await picture('x'));
    for (const [name, target] of [
      ['train/up', '..'],
      ['train/a/up', '../..'],
      ['test/a/around', '../../train/b'],
      ['train/c', '../store/c'],
      ['train/a/root', '/'],
      ['train/b/outside', at('outside')],
      ['train/a/file.png', at('outside/1.png')],
      ['train/a/nothing.png', 'nowhere.png'],
      ['train/a/itself.png', 'itself.png'],
    ]) {
      await symlink(target, at('links', name));
    }
    const dataset = await openDataset(place, 'train');
    const shown = namesOf(dataset).sort();
    expect(shown).toEqual([
      '0.png',
      '0.png',
      '1.png',
      '1.png',
      'file.png',
      'itself.png',
      'nothing.png',
      'x.png',
    ]);
    expect(dataset.reading.leftOut).toEqual([
      'left out: 1 × link to a folder outside (followed with --follow-links): train/b/outside',
      expect.stringMatching(/^left out: 4 × link to a folder that is read already: /),
    ]);
    setLimits({ followLinks: true });
    expect((await openDataset(place, 'train')).length).toBe(10);
  });

  it('may stand for the splits', async () => {
    await writeFolder(at('disk'), await imageFolder(['a', 'b'], 1));
    await mkdir(at('linked'));
    for (const split of ['train', 'test']) await symlink(at('disk', split), at('linked', split));
    expect((await openDataset(at('linked'), 'train')).length).toBe(2);
    expect((await openDataset(at('linked'), 'test')).reading.leftOut).toBeUndefined();
  });
});
