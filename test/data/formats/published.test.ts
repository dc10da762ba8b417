/** Data sets in the forms that others publish theirs in, against independent readers (test/fixtures/data/make_published.py). */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../../src/data/dataset.ts';
import { packImages } from '../../../src/data/formats/image-pack.ts';
import { ImageReader } from '../../../src/data/storage.ts';
import { writeFolder } from '../archives.ts';

type Pairs = readonly (readonly [label: number | string, digest: string])[];
interface Cifar {
  readonly fine: readonly number[];
  readonly coarse: readonly number[];
  readonly pixels: readonly string[];
}
interface Expected {
  readonly parquet: {
    readonly names: string[];
    readonly train: Pairs;
    readonly validation: Pairs;
    readonly words: Pairs;
  };
  readonly webdataset: { readonly train: Pairs; readonly val: Pairs };
  readonly cifar100: Readonly<Record<'train' | 'test', Cifar>>;
  readonly cifar10: { readonly labels: number[]; readonly pixels: string[] };
  readonly zip: Pairs;
}

const FIXTURES = fileURLToPath(new URL('../../fixtures/data/published', import.meta.url));
const at = (name: string) => path.join(FIXTURES, name);
let expected: Expected;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'published-'));
  expected = JSON.parse(await readFile(at('expected.json'), 'utf8')) as Expected;
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const digest = (pixels: Uint8Array) => createHash('sha256').update(pixels).digest('hex').slice(0, 16);

async function read(spec: string, split: 'train' | 'test', options = {}) {
  const dataset = await openDataset(spec, split, { cacheDir: path.join(folder, 'cache'), ...options });
  const pairs: [number, string][] = [];
  for (let index = 0; index < dataset.length; index++) {
    pairs.push([dataset.label(index), digest((await dataset.read(index)).data)]);
  }
  await dataset.close();
  return { pairs, ...dataset };
}

describe('Parquet shards', () => {
  it('are read as pyarrow and datasets read them, with the names of their classes', async () => {
    const train = await read(at('parquet'), 'train');
    expect(train.pairs).toEqual(expected.parquet.train);
    expect(train.classes).toEqual(expected.parquet.names);
    expect(train.reading.readAs).toBe(
      "2 Parquet files of split train, images of column image, labels of column label, numbered labels, named by the file's schema",
    );
    const test = await read(at('parquet'), 'test');
    expect(test.pairs).toEqual(expected.parquet.validation);
    expect(test.reading.notes).toEqual([
      'left out: 2 images of split test, which have no labels',
      'left out: split test, measured with --split test',
    ]);
    expect(test.describe(2)).toBe(`${at('parquet/data/validation-00000-of-00001.parquet')}, row 2`);
  });

  it('may stand alone, with names for labels', async () => {
    const words = await read(at('words.parquet'), 'test');
    expect(words.pairs.map(([label, pixels]) => [words.classes[label], pixels])).toEqual(
      expected.parquet.words,
    );
    expect(words.classes).toEqual(['a', 'b']);
    expect(words.reading).toMatchObject({ unsplit: true, notes: ['no split: all 3 images are used'] });
  });

  it('are refused in a line when damaged, or without labels that are asked for', async () => {
    const bytes = await readFile(at('words.parquet'));
    const place = await writeFolder(path.join(folder, 'cut'), { 'cut.parquet': bytes.subarray(0, 300) });
    await expect(read(place, 'test')).rejects.toThrow(
      /cut.parquet: expected a Parquet file, but it is damaged \(.*\); fetch it again/,
    );
    await expect(read(`${at('words.parquet')}?label=kind`, 'test')).rejects.toThrow(
      'words.parquet: --label: expected the column kind, found image, label; name one of them',
    );
    await expect(read(`${at('parquet')}?split=test`, 'test')).rejects.toThrow('expected a column of labels');
    expect((await read(`${at('parquet')}?split=test`, 'test', { unlabelled: true })).pairs).toHaveLength(2);
  });

  it('that are large are unpacked to the cache folder once', async () => {
    let unpacked = 0;
    const cacheDir = path.join(folder, 'cache');
    const pack = () =>
      packImages(
        [at('words.parquet')],
        ['key'],
        cacheDir,
        async (add) => {
          unpacked++;
          await add(Uint8Array.of(1, 2, 3));
          await add(Uint8Array.of(4));
        },
        0,
      );
    await pack();
    const storage = await pack();
    expect(unpacked).toBe(1);
    const reader = new ImageReader(storage);
    expect(await reader.readBytes(1)).toEqual(Uint8Array.of(4));
    await reader.close();
  });
});

describe('WebDataset', () => {
  it('is read as webdataset reads it, from several tars', async () => {
    const train = await read(at('webdataset'), 'train');
    expect(train.pairs).toEqual(expected.webdataset.train);
    const test = await read(at('webdataset'), 'test');
    expect(test.pairs).toEqual(expected.webdataset.val);
    expect(test.classes).toEqual(['0', '1', '2', '3']);
    expect(test.reading.readAs).toBe('WebDataset, 1 tar of split val, labels by number');
    expect(test.reading.lacking).toEqual(expect.arrayContaining(['0', '2']));
  });

  it('may be one tar, and has names of classes beside it', async () => {
    const alone = await read(`${at('webdataset/val-000000.tar')}`, 'test');
    expect(alone.pairs).toEqual(expected.webdataset.val);
    const place = path.join(folder, 'named');
    await cp(at('webdataset'), place, { recursive: true });
    await writeFile(path.join(place, 'classnames.txt'), 'ant\nbee\ncow\ndog\n');
    expect((await read(place, 'test')).classes).toEqual(['ant', 'bee', 'cow', 'dog']);
    await writeFile(path.join(place, 'classnames.txt'), 'ant\nbee\n');
    await expect(read(place, 'test')).rejects.toThrow(
      'classnames.txt: expected a name for label 3, found 2 names',
    );
  });
});

describe('CIFAR', () => {
  it.each(['train', 'test'] as const)('100 is read from both versions, %s', async (split) => {
    const { fine, coarse, pixels } = expected.cifar100[split];
    for (const version of ['cifar-100-python', 'cifar-100-binary']) {
      const found = await read(at(version), split);
      expect(found.pairs, version).toEqual(fine.map((label, index) => [label, pixels[index]]));
      expect([found.classes.length, found.classes[7], found.displayName]).toEqual([
        100,
        'fine7',
        'CIFAR-100',
      ]);
      const twenty = await read(`${at(version)}?label=coarse`, split);
      expect(twenty.pairs.map(([label]) => label)).toEqual(coarse);
      expect(twenty.classes).toHaveLength(20);
    }
    await expect(read(`${at('cifar-100-binary')}?label=other`, split)).rejects.toThrow(
      '--label: expected fine (100 classes) or coarse (20)',
    );
  });

  it('10 is read from its Python version', async () => {
    const { labels, pixels } = expected.cifar10;
    const found = await read(at('cifar-10-batches-py'), 'test');
    expect(found.pairs).toEqual(labels.map((label, index) => [label, pixels[index]]));
    expect(found.reading.readAs).toBe("CIFAR-10's Python version, classes in the order of its list");
    await expect(read(at('cifar-10-batches-py'), 'train')).rejects.toThrow(
      "expected CIFAR's file data_batch_1, found none",
    );
  });

  it('that is damaged is refused in a line', async () => {
    const place = path.join(folder, 'damaged');
    await cp(at('cifar-100-python'), place, { recursive: true });
    const bytes = await readFile(path.join(place, 'test'));
    await writeFile(path.join(place, 'test'), bytes.subarray(0, 5000));
    await expect(read(place, 'test')).rejects.toThrow(
      /test: expected a pickled dictionary, but it ends too early; fetch/,
    );
  });
});

describe('zip archives', () => {
  it('are read in place, deflated and stored pictures', async () => {
    const found = await read(at('pictures.zip'), 'test');
    expect(found.pairs.map(([label, pixels]) => [found.classes[label], pixels])).toEqual(expected.zip);
    expect(found.name).toBe('pictures');
    expect(found.describe(0)).toBe(`${at('pictures.zip')}: set/val/a/0.jpg`);
  });

  it('that are damaged are refused in a line', async () => {
    const bytes = await readFile(at('pictures.zip'));
    const place = await writeFolder(folder, { 'cut.zip': bytes.subarray(0, bytes.length - 30) });
    await expect(read(path.join(place, 'cut.zip'), 'test')).rejects.toThrow(
      /cut.zip: the archive is damaged \(.*\); fetch it again/,
    );
  });
});
