import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/data/dataset.ts';
import { readMat } from '../../src/data/imagenet/mat-file.ts';
import { absoluteImageNetSpec, parseImageNetSpec } from '../../src/data/imagenet/source.ts';
import { unpackImageNet } from '../../src/data/imagenet/unpack.ts';
import { UserError } from '../../src/errors.ts';
import { indexFile } from '../../src/files/index-cache.ts';
import { type Files, picture, writeFolder, writeTar } from './archives.ts';

/** Written by SciPy: test/fixtures/data/make_meta.py */
const META = fileURLToPath(new URL('../fixtures/data/meta_v7.mat', import.meta.url));
/** In the order of the ids in meta.mat. */
const WNIDS = ['n02119789', 'n02100735', 'n04153751', 'n01440764'];
/** Ids of six validation images. */
const GROUND_TRUTH = [4, 1, 1, 3, 2, 4];

let folder: string;
let archives: string;
let tree: string;
let cacheDir: string;
const at = (name: string) => path.join(folder, name);

/** The same images as official archives and as folders. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'imagenet-'));
  cacheDir = at('cache');
  const train: Record<string, Files> = {};
  for (const wnid of WNIDS) {
    const names = [1, 2, 10].map((number) => `${wnid}_${number}.JPEG`);
    train[wnid] = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await jpeg(name)])));
  }
  const val: Files = Object.fromEntries(
    await Promise.all(GROUND_TRUTH.map(async (_, index) => [valName(index), await jpeg(valName(index))])),
  );

  archives = await writeFolder(at('archives'), {});
  await writeFolder(archives, { '.keep': new Uint8Array() });
  const inner: Record<string, Uint8Array> = {};
  for (const [wnid, files] of Object.entries(train)) {
    inner[`${wnid}.tar`] = await readFile(await writeTar(at(`${wnid}.tar`), files));
  }
  await writeTar(path.join(archives, 'ILSVRC2012_img_train.tar'), inner);
  await writeTar(path.join(archives, 'ILSVRC2012_img_val.tar'), val);
  await writeTar(path.join(archives, 'ILSVRC2012_devkit_t12.tar.gz'), {
    'ILSVRC2012_devkit_t12/data/meta.mat': await readFile(META),
    'ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt': Buffer.from(
      `${GROUND_TRUTH.join('\n')}\n`,
    ),
  });

  const files: Record<string, Uint8Array> = {};
  for (const [wnid, images] of Object.entries(train)) {
    for (const [name, bytes] of Object.entries(images)) files[`train/${wnid}/${name}`] = bytes;
  }
  GROUND_TRUTH.forEach((id, index) => {
    files[`val/${WNIDS[id - 1]}/${valName(index)}`] = val[valName(index)];
  });
  tree = await writeFolder(at('tree'), files);
});
afterAll(() => rm(folder, { recursive: true }));

const jpeg = (name: string) => picture(name, 8, 8, 'jpeg');
const valName = (index: number) => `ILSVRC2012_val_${String(index + 1).padStart(8, '0')}.JPEG`;

async function contents(...[spec, split, options]: Parameters<typeof openDataset>) {
  const dataset = await openDataset(spec, split, { cacheDir, ...options });
  const images: unknown[][] = [];
  for (let i = 0; i < dataset.length; i++) {
    const { data } = await dataset.read(i);
    images.push([
      dataset.label(i),
      path.posix.basename(dataset.describe(i)),
      Buffer.from(data).toString('base64'),
    ]);
  }
  await dataset.close();
  return { name: dataset.name, displayName: dataset.displayName, classes: dataset.classes, images };
}

describe('ImageNet', () => {
  it('is the same from the official archives and from folders', async () => {
    for (const split of ['train', 'test'] as const) {
      const expected = await contents(`imagenet:${tree}`, split);
      expect(expected).toMatchObject({
        name: 'imagenet',
        displayName: 'ImageNet',
        classes: [...WNIDS].sort(),
      });
      expect(expected.images).toHaveLength(split === 'train' ? 12 : 6);
      // From the archives, from their index, and without saying what it is.
      for (const spec of [`imagenet:${archives}`, `imagenet:${archives}`, archives]) {
        expect(await contents(spec, split), spec).toEqual(expected);
      }
    }
    const dataset = await openDataset(archives, 'test', { cacheDir });
    expect(dataset.source).toEqual({ kind: 'imagenet', path: archives, split: 'test' });
    expect(dataset.describe(0)).toBe(
      `${path.join(archives, 'ILSVRC2012_img_val.tar')}: n01440764/ILSVRC2012_val_00000001.JPEG`,
    );
    await dataset.close();
  });

  it("knows Kaggle's ground truth, and says when there is none", async () => {
    const place = await writeFolder(at('kaggle'), {
      'ILSVRC2012_img_val.tar': await readFile(path.join(archives, 'ILSVRC2012_img_val.tar')),
    });
    await expect(openDataset(place, 'test', { cacheDir })).rejects.toThrow(
      `${place}: expected ILSVRC2012_devkit_t12.tar.gz or ILSVRC2012_devkit_t12 or LOC_val_solution.csv`,
    );
    await expect(openDataset(place, 'train', { cacheDir })).rejects.toThrow(
      `${place}: expected ILSVRC2012_img_train.tar for the train images, found none`,
    );
    const solution = path.join(place, 'LOC_val_solution.csv');
    const lines = GROUND_TRUTH.map((id, index) => `${valName(index).slice(0, -5)},${WNIDS[id - 1]} 1 2 3 4`);
    await writeFile(solution, ['ImageId,PredictionString', ...lines.reverse()].join('\n'));
    expect(await contents(place, 'test')).toEqual(await contents(`imagenet:${tree}`, 'test'));
    await writeFile(solution, ['ImageId,PredictionString', ...lines.slice(3)].join('\n'));
    await expect(openDataset(place, 'test', { cacheDir })).rejects.toThrow(
      /ILSVRC2012_val_00000004.JPEG: expected one of 3 validation images of which the class is known/,
    );
    await writeFile(solution, 'ImageId,PredictionString\nx');
    await expect(openDataset(place, 'test', { cacheDir })).rejects.toThrow(/csv, line 2: expected an image/);
  });

  it('looks an archive up anew when it changes or its index is damaged', async () => {
    const place = await writeFolder(at('changing'), { '.keep': new Uint8Array() });
    const file = path.join(place, 'ILSVRC2012_img_train.tar');
    const inner = async (wnid: string) => ({ [`${wnid}.tar`]: await readFile(at(`${wnid}.tar`)) });
    await writeTar(file, await inner('n01440764'));
    expect((await contents(place, 'train')).classes).toEqual(['n01440764']);
    await writeTar(file, { ...(await inner('n01440764')), ...(await inner('n02119789')) });
    await utimes(file, 1, 1);
    expect((await contents(place, 'train')).classes).toEqual(['n01440764', 'n02119789']);
    await writeFile(indexFile(file, cacheDir), '{"schema":');
    expect((await contents(place, 'train')).images).toHaveLength(6);
    expect(JSON.parse(await readFile(indexFile(file, cacheDir), 'utf8')).classes).toHaveLength(2);
    await writeTar(file, { 'notes.txt': new Uint8Array(3) });
    await expect(openDataset(place, 'train', { cacheDir })).rejects.toThrow('expected a tar a class');
  });

  it('has specifications with a path and a draw', () => {
    expect(parseImageNetSpec('imagenet:/a b')).toEqual({ path: '/a b' });
    expect(parseImageNetSpec('imagenet200:x')).toEqual({
      path: 'x',
      draw: { kind: 'draw', count: 200, seed: 0 },
    });
    expect(parseImageNetSpec('imagenet7:x?seed=12')?.draw).toEqual({ kind: 'draw', count: 7, seed: 12 });
    for (const spec of ['cifar10', 'imagenet', 'imagenet-c:x', 'data/imagenet:x']) {
      expect(parseImageNetSpec(spec), spec).toBeUndefined();
    }
    for (const spec of ['imagenet:', 'imagenet1:x', 'imagenet100:x?sed=1', 'imagenet:x?seed=1']) {
      expect(() => parseImageNetSpec(spec), spec).toThrow(UserError);
    }
    expect(absoluteImageNetSpec('imagenet9:x?seed=3')).toBe(`imagenet9:${path.resolve('x')}?seed=3`);
    expect(absoluteImageNetSpec('imagenet:/x')).toBe('imagenet:/x');
  });

  it('draws classes by the seed, the same for both splits, smaller draws within larger ones', async () => {
    const draw = async (count: number, seed: number) => {
      const spec = `imagenet${count}:${archives}?seed=${seed}`;
      const [train, test] = [await contents(spec, 'train'), await contents(spec, 'test')];
      expect(test.classes).toEqual(train.classes);
      expect(train).toMatchObject({ name: `imagenet${count}`, displayName: `ImageNet-${count}` });
      for (const [label, name] of train.images as [number, string][]) {
        expect(name.startsWith(train.classes[label])).toBe(true);
      }
      return train.classes;
    };
    const seeds = [0, 1, 2, 3, 4, 5];
    const twos = await Promise.all(seeds.map((seed) => draw(2, seed)));
    for (const seed of seeds) {
      const three = await draw(3, seed);
      expect(three).toHaveLength(3);
      expect([...three].sort()).toEqual(three);
      expect(three).toEqual(expect.arrayContaining([...twos[seed]]));
    }
    expect(new Set(twos.map(String)).size).toBeGreaterThan(1);
    await expect(openDataset(`imagenet5:${tree}`, 'train')).rejects.toThrow(
      'expected 5 classes to draw, found 4; draw fewer',
    );
  });
});

describe('unpacking', () => {
  const files = async (place: string) =>
    (await readdir(place, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(place, path.join(entry.parentPath, entry.name)))
      .sort();

  it('makes the folders, and goes on where it was stopped', async () => {
    const out = at('unpacked');
    const stop = new AbortController();
    const onProgress = (done: number) => {
      if (done === 7) stop.abort();
    };
    await expect(
      unpackImageNet({ from: archives, out, cacheDir, signal: stop.signal, onProgress }),
    ).rejects.toThrow('aborted');
    // Two classes of three images; nothing of the third.
    expect(await files(out)).toEqual((await files(tree)).slice(0, 6));
    expect(await readdir(path.join(out, 'train'))).toHaveLength(2);
    const seen: number[] = [];
    const again = { from: archives, out, cacheDir, onProgress: (done: number) => seen.push(done) };
    expect(await unpackImageNet(again)).toEqual({ images: 12, found: 6 });
    expect(seen.at(-1)).toBe(18);
    expect(await files(out)).toEqual(await files(tree));
    for (const split of ['train', 'test'] as const) {
      expect(await contents(`imagenet:${out}`, split)).toEqual(await contents(`imagenet:${tree}`, split));
    }
    expect(await unpackImageNet(again)).toEqual({ images: 0, found: 18 });
    const removed = path.join(out, 'val', 'n01440764', valName(5));
    await rm(removed);
    await expect(unpackImageNet(again)).rejects.toThrow(
      /n01440764: expected the 2 images of the archive, found a folder without 1 of them \(.*6.JPEG\); remove/,
    );
  });

  it('says what is missing', async () => {
    await expect(unpackImageNet({ from: tree, out: at('nothing'), cacheDir })).rejects.toThrow(
      `--from ${tree}: expected ILSVRC2012_img_train.tar or ILSVRC2012_img_val.tar there, found neither`,
    );
    expect(await stat(at('nothing')).catch(() => undefined)).toBeUndefined();
  });
});

describe("MATLAB's files", () => {
  it('of levels 6 and 7 say the same', async () => {
    const [v6, v7] = await Promise.all(
      ['meta_v6.mat', 'meta_v7.mat'].map(async (name) =>
        readMat(await readFile(path.join(path.dirname(META), name)), name),
      ),
    );
    expect(v6).toEqual(v7);
    expect(v7.get('counts')).toEqual({ kind: 'numbers', values: [1, 2, 300] });
    const synsets = v7.get('synsets');
    if (synsets?.kind !== 'structs') throw new Error('no structs');
    expect(synsets.structs).toHaveLength(5);
    expect(synsets.structs[3].get('words')).toEqual({ kind: 'text', text: 'tench, Tinca tinca' });
    expect(synsets.structs[4].get('gloss')).toEqual({ kind: 'text', text: 'é' });
    expect(synsets.structs[4].get('children')).toEqual({ kind: 'numbers', values: [1, 2, 3, 4] });
  });

  it('that are none or damaged are refused', async () => {
    expect(() => readMat(new Uint8Array(200), 'x.mat')).toThrow('x.mat: expected a MATLAB file of level 5');
    const bytes = await readFile(META);
    expect(() => readMat(bytes.subarray(0, bytes.length / 2), 'x.mat')).toThrow('x.mat: the file is damaged');
  });
});
