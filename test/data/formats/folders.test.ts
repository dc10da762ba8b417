import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../../src/data/dataset.ts';
import { imageFolder, picture, writeFolder, writeTar } from '../archives.ts';

let folder: string;
let image: Uint8Array;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'folders-'));
  image = await picture('any');
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A folder with the same picture at each place. */
async function folderOf(name: string, files: readonly string[]): Promise<string> {
  return await writeFolder(at(name), Object.fromEntries(files.map((file) => [file, image])));
}

async function facts(spec: string, split: 'train' | 'test' = 'test', options = {}) {
  const dataset = await openDataset(spec, split, options);
  const files = Array.from({ length: dataset.length }, (_, index) =>
    path.relative(folder, dataset.describe(index)),
  );
  const labels = Array.from({ length: dataset.length }, (_, index) => dataset.classes[dataset.label(index)]);
  await dataset.close();
  const { classes, reading, displayName, source } = dataset;
  return { classes, files, labels, reading, displayName, path: source.path };
}

describe('folders of splits', () => {
  it.each([
    ['train', 'valid'],
    ['train', 'validation'],
    ['Training', 'Testing'],
    ['Train', 'Test'],
    ['TRAIN', 'VAL'],
  ])('are called %s and %s', async (train, test) => {
    const name = `${train}-${test}`;
    const place = await folderOf(name, [
      `${train}/a/1.png`,
      `${train}/b/1.png`,
      `${test}/a/2.png`,
      `${test}/b/2.png`,
    ]);
    expect((await facts(place, 'train')).files).toEqual([
      `${name}/${train}/a/1.png`,
      `${name}/${train}/b/1.png`,
    ]);
    const { files, reading } = await facts(place);
    expect(files).toEqual([`${name}/${test}/a/2.png`, `${name}/${test}/b/2.png`]);
    expect(reading).toEqual({
      readAs: `image folder, ${train}/<class>/* and ${test}/<class>/*, classes sorted by name`,
      notes: [],
    });
  });

  it('may have classes called by signs', async () => {
    const signs = ['(', '+', '-', '=', '#', '[', '0'];
    const place = await folderOf(
      'signs',
      signs.flatMap((sign) => [`train/${sign}/1.png`, `test/${sign}/2.png`]),
    );
    expect((await facts(place)).classes).toEqual([...signs].sort());
    const chosen = { classes: { kind: 'names', names: ['-', '+'], from: 'list' } };
    expect((await facts(place, 'test', chosen)).labels).toEqual(['+', '-']);
  });

  it('are chosen by name, and the others told', async () => {
    const place = await folderOf(
      'several',
      ['train', 'test', 'val', 'holdout'].flatMap((split) => [
        `${split}/a/${split}.png`,
        `${split}/b/${split}.png`,
      ]),
    );
    const { files, reading } = await facts(place);
    expect(files).toEqual(['several/test/a/test.png', 'several/test/b/test.png']);
    expect(reading.notes).toEqual(['left out: val/ (2 pictures), measured with --split val']);
    const holdout = await facts(`${place}?split=holdout`);
    expect(holdout.files).toEqual(['several/holdout/a/holdout.png', 'several/holdout/b/holdout.png']);
    expect([holdout.displayName, holdout.path]).toEqual(['several (holdout)', `${place}?split=holdout`]);
    expect((await facts(`${place}?split=VAL`)).files[0]).toBe('several/val/a/val.png');
    expect((await facts(`${place}?split=train`)).files[0]).toBe('several/train/a/train.png');
    await expect(facts(`${place}?split=other`)).rejects.toThrow(
      /--split: expected other, found .*; name one of them/,
    );
    await expect(facts('mnist?split=val')).rejects.toThrow('mnist: --split: is for data in folders');
  });

  it('may have classes that only the test images have, and pictures outside of classes', async () => {
    const place = await folderOf('more', ['train/a/1.png', 'test/a/1.png', 'test/b/1.png', 'test/stray.png']);
    const test = await facts(place);
    expect(test.classes).toEqual(['a', 'b']);
    expect(test.reading.notes).toEqual(['left out: 1 picture in test/ outside of the class folders']);
    expect((await facts(place, 'train')).reading.lacking).toEqual(['b']);
  });

  it('are no splits where a class is called so', async () => {
    const place = await folderOf('vehicles', ['bus/1.png', 'car/1.png', 'train/1.png']);
    expect((await facts(place)).classes).toEqual(['bus', 'car', 'train']);
  });

  it('without classes are used where no labels are needed', async () => {
    const place = await folderOf('unsorted', ['train/1.png', 'test/2.png', 'test/1.png']);
    const { files, classes, reading } = await facts(place, 'test', { unlabelled: true });
    expect(files).toEqual(['unsorted/test/1.png', 'unsorted/test/2.png']);
    expect([classes, reading.unlabelled, reading.unsplit]).toEqual([[''], true, undefined]);
    await expect(facts(place)).rejects.toThrow(
      /found 2 pictures without classes in test\/; sort them into class folders, or give their labels with --labels-csv FILE/,
    );
  });
});

describe('folders without splits', () => {
  it('are read whole', async () => {
    const files = await imageFolder(['x', 'y'], 2, { splits: ['outer'] });
    const expected = { classes: ['x', 'y'], labels: ['x', 'x', 'y', 'y'] };
    for (const place of [
      await writeFolder(at('nested'), files),
      await writeTar(at('nested.tar.gz'), files),
      at('nested/outer'),
    ]) {
      for (const split of ['train', 'test'] as const) {
        const found = await facts(place, split);
        expect(found, place).toMatchObject(expected);
        expect(found.reading).toEqual({
          readAs: 'image folder without splits, <class>/*, classes sorted by name',
          notes: ['no split: all 4 pictures are used'],
          unsplit: true,
        });
      }
    }
    await expect(facts(`${at('nested')}?split=val`)).rejects.toThrow(
      '--split: expected val, found no splits',
    );
  });

  it('are flat where no labels are needed', async () => {
    const place = await folderOf('flat', ['b.png', 'a.png', 'notes.txt']);
    const { files, reading } = await facts(place, 'test', { unlabelled: true });
    expect(files).toEqual(['flat/a.png', 'flat/b.png']);
    expect(reading).toMatchObject({
      readAs: 'pictures without classes, sorted by name',
      unlabelled: true,
      unsplit: true,
    });
    await expect(facts(place)).rejects.toThrow(
      /flat: expected pictures in class folders, .*found 2 pictures without classes/,
    );
  });
});
