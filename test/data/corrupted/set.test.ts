import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BENCHMARK_CORRUPTIONS } from '../../../src/corrupt/index.ts';
import { type CorruptedSetOptions, openCorruptedSet } from '../../../src/data/corrupted/set.ts';
import { openDataset } from '../../../src/data/dataset.ts';
import { DataLoader } from '../../../src/data/loader/loader.ts';
import { encodeNpy, type NpyData } from '../../../src/data/npy/npy.ts';
import { decodeImage } from '../../../src/data/pictures/decode.ts';
import { ImageReader } from '../../../src/data/storage.ts';
import { UserError } from '../../../src/errors.ts';
import { type Files, writeFolder, writeTar } from '../archives.ts';
import { cifar10CFiles, cifar10CImage, imagenetCFiles, without } from '../corrupted-sets.ts';

let folder: string;
let made = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'corrupted-set-'));
});
afterAll(() => rm(folder, { recursive: true }));

const place = () => path.join(folder, String(made++));
const LABELS = [3, 0, 9, 3, 1];
const TWO = { corruptions: ['fog', 'spatter'] } as const;
const files = cifar10CFiles(['fog', 'spatter'], LABELS);

async function openFiles(some: Files, options: CorruptedSetOptions = TWO) {
  return await openCorruptedSet({ format: 'cifar10-c', path: await writeFolder(place(), some) }, options);
}

describe('CIFAR-10-C', () => {
  it.each(['folder', 'tar', 'tar.gz'])(
    'is read from a %s by position: images of a severity, their labels and classes',
    async (kind) => {
      const inside = cifar10CFiles(['fog', 'spatter'], LABELS, 'CIFAR-10-C/');
      const where =
        kind === 'folder' ? await writeFolder(place(), files) : await writeTar(`${place()}.${kind}`, inside);
      const set = await openCorruptedSet({ format: 'cifar10-c', path: where }, TWO);
      expect(set).toMatchObject({ displayName: 'CIFAR-10-C', ...TWO, labels: Int32Array.from(LABELS) });
      expect(set.classes).toHaveLength(10);
      expect(set.classes[3]).toBe('cat');
      for (const corruption of TWO.corruptions) {
        for (const severity of [1, 4] as const) {
          const cell = set.cell(corruption, severity);
          expect(cell.length).toBe(5);
          const pixels = await Promise.all(LABELS.map(async (_, index) => (await cell.read(index)).data));
          expect(pixels).toEqual(LABELS.map((_, index) => cifar10CImage(corruption, severity, index)));
          await cell.close();
        }
      }
      await set.close();
    },
  );

  it('hands the images to the threads of a loader by position, none of them copied', async () => {
    const set = await openFiles(files);
    const cell = set.cell('fog', 2);
    expect(cell.images).toMatchObject({ storage: { kind: 'rgb' }, cache: null });
    const loader = new DataLoader({
      ...{ dataset: cell, batchSize: 3, shuffle: false, seed: 0, epoch: 0, workers: 1 },
      ...{ transforms: [{ kind: 'layout', layout: 'NHWC', dtype: 'uint8' }], onBadImage: 'fail' },
    });
    const batches: number[][] = [];
    const labels: number[] = [];
    for await (const batch of loader) {
      batches.push([...batch.images]);
      labels.push(...batch.labels);
    }
    expect(labels).toEqual(LABELS);
    expect(batches.flat()).toEqual(LABELS.flatMap((_, index) => [...cifar10CImage('fog', 2, index)]));
    await set.close();
  });

  it('selects the same images in every cell, those that the clean set selects', async () => {
    const set = await openFiles(files, { ...TWO, limit: 3, seed: 4 });
    const rows = (severity: 1 | 5) => [0, 1, 2].map((i) => set.cell('fog', severity).describe(i));
    const chosen = rows(1).map((text) => Number(/row (\d+)$/.exec(text)?.[1]));
    expect(rows(5)).toEqual(rows(1).map((text, i) => text.replace(/\d+$/, String(chosen[i] + 20))));
    expect([...set.labels]).toEqual(chosen.map((row) => LABELS[row]));
    expect(set.limit).toBe(3);
    expect((await openFiles(files, { ...TWO, limit: 5 })).limit).toBeUndefined();
    const images = cifar10CImage('clean', 0, 0);
    const five = encodeNpy(
      Uint8Array.from({ length: 5 * images.length }, (_, i) => images[i % images.length]),
      [5, 32, 32, 3],
    );
    const pair = { 'a_data.npy': five, 'a_labels.npy': encodeNpy(Int32Array.from(LABELS), [5]) };
    const clean = await openDataset(`npy:${await writeFolder(place(), pair)}`, 'test', { limit: 3, seed: 4 });
    expect([0, 1, 2].map((i) => Number(/image (\d+)$/.exec(clean.describe(i))?.[1]))).toEqual(chosen);
    await clean.close();
  });

  it('takes the benchmark and what else is there, unless told otherwise', async () => {
    const all = cifar10CFiles([...BENCHMARK_CORRUPTIONS, 'saturate'], [1]);
    const set = await openFiles(all, {});
    expect(set.corruptions).toEqual([...BENCHMARK_CORRUPTIONS, 'saturate']);
    expect(set.severities).toEqual([1, 2, 3, 4, 5]);
    const missing = openFiles(without(all, 'snow.npy', 'frost.npy'), {});
    await expect(missing).rejects.toThrow(
      /missing: snow; frost\. Fetch .* or ask for less with --corruptions/,
    );
  });

  it('takes severities, classes and size of a set that was made here from its manifest', async () => {
    const manifest = {
      schema: 'pushpull.corrupted/1',
      data: { name: 'two', split: 'test', images: 2, classes: ['a', 'b'], limit: null, size: null },
      ...{ format: 'npy', set: 'cifar', seed: 7, severities: [2, 4], corruptions: { fog: [1, 2] } },
      ...{ quirks: {}, frost: 'generated', environment: { pushpull: '0.1.0', node: 'v20' } },
    };
    const pixels = Uint8Array.from({ length: 4 * 16 * 16 * 3 }, (_, i) => i % 251);
    const made = {
      'fog.npy': encodeNpy(pixels, [4, 16, 16, 3]),
      'labels.npy': encodeNpy(Uint8Array.of(1, 0, 1, 0), [4]),
      'manifest.json': new TextEncoder().encode(JSON.stringify(manifest)),
    };
    const set = await openFiles(made, { corruptions: ['fog'], severities: [4] });
    expect(set).toMatchObject({ classes: ['a', 'b'], labels: Int32Array.of(1, 0) });
    const image = await set.cell('fog', 4).read(1);
    expect(image.data).toEqual(pixels.subarray(3 * 768, 4 * 768));
    await expect(openFiles(made, { corruptions: ['fog'] })).rejects.toThrow(
      'missing: fog at severity 1, 3, 5',
    );
    const broken = new TextEncoder().encode(JSON.stringify({ ...manifest, severities: [6] }));
    await expect(openFiles({ ...made, 'manifest.json': broken })).rejects.toThrow(
      /manifest.json: expected a manifest .* found severities.0 wrong/,
    );
  });

  const fog = files['fog.npy'];
  const array = (values: NpyData, shape: number[]) => encodeNpy(values, shape);
  it.each<[string, Files, RegExp]>([
    ['no labels', without(files, 'labels.npy'), /expected labels.npy .* found none/],
    [
      'a cut array',
      { ...files, 'fog.npy': fog.subarray(0, -1) },
      /fog.npy: expected 76800 bytes .* found 76799;.*too early/,
    ],
    [
      'floats',
      { ...files, 'fog.npy': array(new Float32Array(25 * 3072), [25, 32, 32, 3]) },
      /fog.npy: expected uint8 .* found float32 of shape \(25, 32, 32, 3\)/,
    ],
    [
      'planes',
      { ...files, 'fog.npy': array(new Uint8Array(25 * 3072), [25, 3, 32, 32]) },
      /fog.npy: expected uint8 .*found uint8 of shape \(25, 3, 32, 32\)/,
    ],
    [
      'other sizes',
      { ...files, 'fog.npy': array(new Uint8Array(25 * 768), [25, 16, 16, 3]) },
      /fog.npy: expected uint8 of shape \(25, 32, 32, 3\).* found \(25, 16, 16, 3\)/,
    ],
    [
      'too few rows',
      { ...files, 'fog.npy': array(new Uint8Array(20 * 3072), [20, 32, 32, 3]) },
      /fog.npy: expected .* found \(20, 32, 32, 3\)/,
    ],
    [
      'no npy file',
      { ...files, 'fog.npy': new TextEncoder().encode('<html>not found</html>') },
      /fog.npy: expected an npy file, found another kind/,
    ],
    [
      'strange labels',
      { ...files, 'labels.npy': array(new Uint8Array(25).fill(10), [25]) },
      /labels.npy: expected labels from 0 to 9 as CIFAR-10-C has them, found 10 at most; give the set as cifar100-c:/,
    ],
    [
      'labels of floats',
      { ...files, 'labels.npy': array(new Float32Array(25), [25]) },
      /labels.npy: expected integer labels/,
    ],
    [
      'labels in another order',
      {
        ...files,
        'labels.npy': array(
          Uint8Array.from({ length: 25 }, (_, i) => i % 7),
          [25],
        ),
      },
      /labels.npy: expected the same labels for each of 5 severities/,
    ],
    [
      'labels of 24 rows',
      { ...files, 'labels.npy': array(new Uint8Array(24), [24]) },
      /labels.npy: expected labels of 5 severities/,
    ],
  ])('refuses %s', async (_, wrong, message) => {
    const failure = openFiles(wrong);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toThrow(UserError);
  });

  it('points to an archive that lies in the folder', async () => {
    const folder = await writeFolder(place(), { 'CIFAR-10-C.tar': Uint8Array.of(1) });
    const inside = openCorruptedSet({ format: 'cifar10-c', path: folder });
    await expect(inside).rejects.toThrow(
      /found the archive CIFAR-10-C.tar; give the path of the archive itself/,
    );
  });

  it('says where nothing is', async () => {
    const nowhere = openCorruptedSet({ format: 'cifar10-c', path: path.join(folder, 'nowhere') });
    await expect(nowhere).rejects.toThrow(
      /cifar10-c:.*nowhere: expected the path of a corrupted set, found nothing/,
    );
    await expect(openDataset('cifar10-c:x', 'train')).rejects.toThrow(/found a corrupted set; .*evaluate/);
  });
});

describe('ImageNet-C', () => {
  const CLASSES = ['n01', 'n02', 'n03'];
  const open = async (where: string, options: CorruptedSetOptions = TWO) =>
    await openCorruptedSet({ format: 'imagenet-c', path: where }, options);
  const names = (selected: readonly string[]): CorruptedSetOptions => ({
    ...TWO,
    classes: { kind: 'names', names: selected, from: 'model.onnx' },
  });
  let inFolders: Files;
  beforeAll(async () => {
    inFolders = await imagenetCFiles(['fog', 'spatter'], CLASSES, 2);
  });

  it('is read from its folders, from folders of the groups, and from their archives in place', async () => {
    const weather = Object.fromEntries(Object.entries(inFolders).filter(([name]) => name.startsWith('fog')));
    const extra = Object.fromEntries(Object.entries(inFolders).filter(([name]) => name.startsWith('spa')));
    const groups = Object.fromEntries(
      Object.entries(inFolders).map(([name, bytes]) => [
        `${name.startsWith('fog') ? 'weather' : 'extra'}/${name}`,
        bytes,
      ]),
    );
    const tars = await writeFolder(place(), { 'readme.txt': Uint8Array.of(1) });
    await writeTar(path.join(tars, 'weather.tar'), weather);
    await writeTar(path.join(tars, 'extra.tar'), extra);
    for (const where of [await writeFolder(place(), inFolders), await writeFolder(place(), groups), tars]) {
      const set = await open(where);
      expect(set).toMatchObject({
        classes: CLASSES,
        labels: Int32Array.of(0, 0, 1, 1, 2, 2),
        strengths: 'imagenet',
      });
      for (const corruption of TWO.corruptions) {
        const cell = set.cell(corruption, 4);
        expect(cell.images.cache).toBeNull();
        for (const [index, file] of ['n01/val_0', 'n01/val_1', 'n02/val_0'].entries()) {
          const expected = await decodeImage(inFolders[`${corruption}/4/${file}.JPEG`]);
          expect(await cell.read(index)).toEqual(expected);
          expect(cell.describe(index)).toContain(`${corruption}/4/${file}.JPEG`);
        }
        await cell.close();
      }
      await set.close();
    }
  });

  it('gives the images of some classes, the same in every cell', async () => {
    const where = await writeFolder(place(), inFolders);
    const set = await open(where, names(['n03', 'n01']));
    expect(set).toMatchObject({ classes: ['n01', 'n03'], labels: Int32Array.of(0, 0, 1, 1) });
    expect(set.cell('fog', 1).describe(2)).toMatch(/fog.1.n03.val_0.JPEG$/);
    const limited = await open(where, { ...names(['n03', 'n01']), limit: 2, seed: 1 });
    expect([...limited.labels]).toEqual([0, 1]);
    const shown = (corruption: 'fog' | 'spatter') =>
      [0, 1].map((i) => limited.cell(corruption, 5).describe(i).slice(-16));
    expect(shown('fog')).toEqual(shown('spatter'));
    await expect(open(where, names(['n01', 'n09']))).rejects.toThrow(
      /model.onnx: expected classes of .* \(n09\)/,
    );
  });

  it('is refused where cells are missing or hold other images', async () => {
    const less = Object.fromEntries(Object.entries(inFolders).filter(([name]) => !name.startsWith('fog/3')));
    await expect(open(await writeFolder(place(), less))).rejects.toThrow('missing: fog at severity 3. Fetch');
    const lost = without(inFolders, 'spatter/2/n02/val_1.JPEG');
    await expect(open(await writeFolder(place(), lost))).rejects.toThrow(
      /spatter.2: expected the 6 images that fog\/1 has, found 1 missing \(n02\/val_1.JPEG\) and 0 others/,
    );
    // A set that is unpacked in part may begin with a cell that lacks a class.
    const half = Object.fromEntries(
      Object.entries(inFolders).filter(([name]) => !name.startsWith('fog/1/n02/')),
    );
    await expect(open(await writeFolder(place(), half))).rejects.toThrow(
      /fog.1: expected the 6 images that fog\/2 has, found 2 missing \(n02\/val_0.JPEG\) and 0 others/,
    );
    const two = { corruptions: ['fog'], severities: [1, 2] } as const;
    await expect(open(await writeFolder(place(), half), two)).rejects.toThrow('found 2 missing');
    // What is not asked for may be missing.
    const asked = { corruptions: ['spatter'], severities: [1] } as const;
    expect((await open(await writeFolder(place(), lost), asked)).labels).toHaveLength(6);
    const more = { ...inFolders, 'fog/5/n02/val_9.JPEG': inFolders['fog/5/n02/val_1.JPEG'] };
    await expect(open(await writeFolder(place(), more))).rejects.toThrow('found 0 missing and 1 others');
    const twice = await writeFolder(place(), inFolders);
    await writeTar(path.join(twice, 'weather.tar'), { 'fog/1/n01/val_0.JPEG': Uint8Array.of(1) });
    await expect(open(twice)).rejects.toThrow(/expected fog\/1 once, found it in .* and in .*weather.tar/);
    await expect(open(await writeFolder(place(), { 'a/b.txt': Uint8Array.of(1) }))).rejects.toThrow(
      /expected <corruption>\/<severity>.* found no corruption at all; check the path, or give it as cifar10-c: if/,
    );
  });
});

describe('a pair of npy files', () => {
  const pixels = Uint8Array.from({ length: 2 * 3072 }, (_, i) => (7 * i) % 256);
  const pair = {
    'v6_data.npy': encodeNpy(pixels, [2, 32, 32, 3]),
    'v6_labels.npy': encodeNpy(Int32Array.of(9, 2), [2]),
  };

  it('is a test set with the classes of CIFAR-10', async () => {
    const where = await writeFolder(place(), pair);
    const named = `npy:${path.join(where, 'v6_data.npy')},${path.join(where, 'v6_labels.npy')}`;
    for (const spec of [`npy:${where}`, named]) {
      const dataset = await openDataset(spec, 'test');
      expect(dataset).toMatchObject({ name: 'v6', length: 2, source: { kind: 'npy', split: 'test' } });
      expect([0, 1].map((i) => dataset.classes[dataset.label(i)])).toEqual(['truck', 'bird']);
      expect((await dataset.read(1)).data).toEqual(pixels.subarray(3072));
      await dataset.close();
    }
  });

  it('is refused where it is none', async () => {
    const open = async (some: Files, split: 'train' | 'test' = 'test') =>
      openDataset(`npy:${await writeFolder(place(), some)}`, split);
    await expect(open(pair, 'train')).rejects.toThrow('which are test images');
    await expect(open({ ...pair, 'v4_data.npy': pair['v6_data.npy'] })).rejects.toThrow(
      /expected one array of images and one ...labels.npy, found .*v4_data.npy.*; say which/,
    );
    await expect(open({ ...pair, 'v6_labels.npy': encodeNpy(Uint8Array.of(1), [1]) })).rejects.toThrow(
      /v6_labels.npy: expected 2 labels .* found 1/,
    );
    await expect(
      open({ ...pair, 'v6_data.npy': encodeNpy(new Uint8Array(2 * 48), [2, 4, 4, 3]) }),
    ).rejects.toThrow(/expected images of 32×32 .* found 4×4/);
    await expect(openDataset('npy:one.npy', 'test')).rejects.toThrow('expected npy:IMAGES.npy,LABELS.npy');
    // Written by NumPy: test/fixtures/data/make_npy.py
    const numpy = fileURLToPath(new URL('../../fixtures/data/uint8.npy', import.meta.url));
    await expect(openDataset(`npy:${numpy},${numpy}`, 'test')).rejects.toThrow(
      /uint8.npy: expected uint8 images of shape .* found uint8 of shape \(2, 3, 4\)/,
    );
  });
});

describe('images in a file', () => {
  it('that becomes shorter are told as unreadable', async () => {
    const where = await writeFolder(place(), { 'a.bin': new Uint8Array(20) });
    const offsets = Float64Array.of(0, 12);
    const reader = new ImageReader({
      ...{ kind: 'rgb', file: path.join(where, 'a.bin'), offsets, width: 2, height: 2 },
    });
    expect((await reader.read(0)).data).toHaveLength(12);
    await expect(reader.read(1)).rejects.toThrow('ends too early');
    await reader.close();
  });
});
