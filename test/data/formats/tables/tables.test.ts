import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../../../src/data/dataset.ts';
import { withWishes } from '../../../../src/data/formats/spec.ts';
import { picture, writeFolder, writeTar } from '../../archives.ts';

let folder: string;
let image: Uint8Array;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tables-'));
  image = await picture('any');
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const text = (...lines: string[]) => new TextEncoder().encode(`${lines.join('\n')}\n`);
/** The same picture at each place, and texts. */
function contents(images: readonly string[], texts: Readonly<Record<string, Uint8Array>>) {
  return { ...Object.fromEntries(images.map((file) => [file, image])), ...texts };
}
async function folderOf(images: readonly string[], texts: Readonly<Record<string, Uint8Array>> = {}) {
  return await writeFolder(path.join(folder, `set${count++}`), contents(images, texts));
}

async function facts(spec: string, split: 'train' | 'test' = 'test', options = {}) {
  const dataset = await openDataset(spec, split, options);
  const pairs = Array.from({ length: dataset.length }, (_, index) => {
    const name = dataset.describe(index).split(/[/\\]/).at(-1);
    return `${name} ${dataset.classes[dataset.label(index)]}`;
  });
  for (let index = 0; index < dataset.length; index++) expect((await dataset.read(index)).width).toBe(8);
  await dataset.close();
  return { pairs, ...dataset };
}

describe('tables of labels', () => {
  it('are found beside the images, in a folder and in an archive', async () => {
    const images = ['images/1.png', 'images/2.png', 'images/3.png'];
    const texts = { 'labels.csv': text('image,label', 'images/2.png,dog', '"images/1.png","a, cat"') };
    const reading = {
      readAs: 'images of labels.csv, labels in column label, classes sorted by name',
      notes: ['no split: all 2 images are used', 'left out: 1 picture without a line in labels.csv'],
      unsplit: true,
    };
    const tar = await writeTar(path.join(folder, 'tables.tar'), contents(images, texts));
    for (const place of [await folderOf(images, texts), tar]) {
      const found = await facts(place);
      expect(found.classes).toEqual(['a, cat', 'dog']);
      expect(found.pairs).toEqual(['2.png dog', '1.png a, cat']);
      expect(found.reading).toEqual(reading);
    }
  });

  it('may be given for a folder, lie elsewhere, or be the data themselves', async () => {
    const place = await folderOf(['deep/er/still/1.png', '2.png']);
    const csv = path.join(folder, 'given.csv');
    await writeFile(csv, 'file;kind\ndeep/er/still/1.png;3\n2;0\n');
    const spec = withWishes(place, { csv });
    const given = await facts(spec);
    expect(given.pairs).toEqual(['1.png 3', '2.png 0']);
    // Numbers are the places of the classes, as the outputs of a network are.
    expect(given.classes).toEqual(['0', '1', '2', '3']);
    expect(given.reading.notes).toContain('no image has label 1, 2: 2 classes without images');
    expect(given.source.path).toBe(spec);
    const own = await folderOf(['x/1.png', 'x/2.png'], {
      'own.csv': text('path,class', 'x/1.png,2', 'x/2.png,1'),
    });
    const alone = await facts(path.join(own, 'own.csv'));
    expect([alone.pairs, alone.classes]).toEqual([
      ['1.png 2', '2.png 1'],
      ['1', '2'],
    ]);
    expect(alone.reading.notes).toContain('labels run from 1 to 2: the first class is "1"');
  });

  it('tell splits by a column, by their names, and by the folders of the images', async () => {
    const images = ['a/1.png', 'a/2.png', 'a/3.png'];
    const byColumn = await folderOf(images, {
      'labels.csv': text('image,label,split', 'a/1.png,x,Train', 'a/2.png,y,valid', 'a/3.png,y,extra'),
    });
    expect((await facts(byColumn, 'train')).pairs).toEqual(['1.png x']);
    const test = await facts(byColumn);
    expect([test.pairs, test.classes]).toEqual([['2.png y'], ['x', 'y']]);
    expect(test.reading.notes).toContain('left out: 1 image of split extra, measured with --split extra');
    expect((await facts(`${byColumn}?split=extra`)).pairs).toEqual(['3.png y']);
    const byName = await folderOf(images, {
      'train.csv': text('image,label', 'a/1.png,x'),
      'test.csv': text('image,label', 'a/2.png,y', 'a/3.png,x'),
    });
    expect((await facts(byName, 'train')).pairs).toEqual(['1.png x']);
    expect((await facts(byName)).pairs).toEqual(['2.png y', '3.png x']);
    const byFolder = await folderOf(['train/1.png', 'test/1.png'], {
      'labels.csv': text('image,label', 'train/1.png,x', 'test/1.png,y'),
    });
    expect((await facts(byFolder)).pairs).toEqual(['1.png y']);
  });

  it('of a Hugging Face image folder lie in the splits', async () => {
    const place = await folderOf(['train/1.png', 'train/2.png', 'test/1.png'], {
      'train/metadata.csv': text('file_name,label', '1.png,b', '2.png,a'),
      'test/metadata.jsonl': text('{"file_name": "1.png", "label": "b"}'),
    });
    expect((await facts(place, 'train')).pairs).toEqual(['2.png a', '1.png b']);
    const test = await facts(place);
    expect([test.pairs, test.classes]).toEqual([['1.png b'], ['a', 'b']]);
    expect(test.reading.readAs).toBe('images of metadata.jsonl, train/* and test/*, classes sorted by name');
  });

  it('may be lists of paths, with labels behind them or folders as classes', async () => {
    const place = await folderOf(['cat/a b.png', 'dog/1.png', 'dog/2.png'], {
      'list.txt': text('cat/a b.png 1', 'dog/1.png\t0'),
      'paths.txt': text('# mine', 'cat/a b.png', './dog/2.png'),
    });
    expect((await facts(path.join(place, 'list.txt'))).pairs).toEqual(['a b.png 1', '1.png 0']);
    expect((await facts(path.join(place, 'paths.txt'))).pairs).toEqual(['a b.png cat', '2.png dog']);
  });

  it.each<[string, string[], RegExp]>([
    [
      'names a file that is not there',
      ['image,label', '1.png,a', 'none.png,a'],
      /l\.csv, line 3: expected the image none\.png in .*, found none; correct/,
    ],
    [
      'lacks a label',
      ['image,label', '1.png,'],
      /l\.csv, line 2: expected a label in column label, found nothing/,
    ],
    [
      'lacks a column',
      ['image,label', '1.png'],
      /l\.csv, line 2: expected 2 columns as in line 1, found 1; mend/,
    ],
    [
      'has an open quote',
      ['image,label', '"1.png,a'],
      /l\.csv, line \d: expected comma-separated values, found damaged ones/,
    ],
    [
      'contradicts itself',
      ['image,label', '1.png,a', '1.png,b'],
      /l\.csv, line 3: expected one label for 1\.png, found b, and a in line 2/,
    ],
    ['has no images', ['x,y', '1,2'], /l\.csv, line 1: expected a column image .*, found x, y; name/],
    [
      'has no labels',
      ['image,width,height', '1.png,8,8'],
      /l\.csv, line 1: expected a column label .*; say which with --label COLUMN/,
    ],
    ['is empty', ['image,label'], /l\.csv: expected a line an image, found none/],
  ])('are refused by the line: a table that %s', async (_, lines, message) => {
    const place = await folderOf(['1.png'], { 'l.csv': text(...lines) });
    await expect(facts(place)).rejects.toThrow(message);
  });
});

describe('published layouts', () => {
  it('Tiny ImageNet: classes in two folders, annotations for val, test without labels', async () => {
    const place = await folderOf(
      [
        'train/n02/images/n02_0.JPEG',
        'train/n01/images/n01_0.JPEG',
        'val/images/val_0.JPEG',
        'val/images/val_1.JPEG',
        'test/images/test_0.JPEG',
      ],
      {
        'wnids.txt': text('n02', 'n01'),
        'val/val_annotations.txt': text('val_0.JPEG\tn02\t0\t32\t44\t62', 'val_1.JPEG\tn01\t1\t1\t2\t2'),
      },
    );
    const train = await facts(place, 'train');
    expect([train.classes, train.pairs]).toEqual([
      ['n01', 'n02'],
      ['n01_0.JPEG n01', 'n02_0.JPEG n02'],
    ]);
    const test = await facts(place);
    expect(test.pairs).toEqual(['val_1.JPEG n01', 'val_0.JPEG n02']);
    expect(test.reading).toEqual({
      readAs: 'images of val_annotations.txt, train/<class>/* and val/*, classes sorted by name',
      notes: ['left out: test/ (1 picture without classes)'],
    });
    await writeFile(path.join(place, 'val/val_annotations.txt'), 'val_0.JPEG\n');
    await expect(facts(place)).rejects.toThrow(
      /val_annotations.txt, line 1: expected an image and its class/,
    );
  });

  it('ImageNet from Kaggle: flat val, whose classes are in LOC_val_solution.csv some folders above', async () => {
    const base = 'ILSVRC/Data/CLS-LOC';
    const val = [1, 2].map((number) => `${base}/val/ILSVRC2012_val_0000000${number}.JPEG`);
    const place = await folderOf(
      [
        `${base}/train/n01440764/n01440764_1.JPEG`,
        `${base}/train/n01443537/n01443537_1.JPEG`,
        ...val,
        `${base}/test/ILSVRC2012_test_00000001.JPEG`,
      ],
      {
        'LOC_val_solution.csv': text(
          'ImageId,PredictionString',
          'ILSVRC2012_val_00000002,n01440764 85 1 499 272 ',
          'ILSVRC2012_val_00000001,n01443537 1 1 2 2 n01443537 3 3 4 4',
        ),
      },
    );
    for (const spec of [place, `imagenet:${place}`, path.join(place, base)]) {
      const { pairs, reading } = await facts(spec);
      expect(pairs, spec).toEqual([
        'ILSVRC2012_val_00000002.JPEG n01440764',
        'ILSVRC2012_val_00000001.JPEG n01443537',
      ]);
      expect(reading.readAs).toContain('images of LOC_val_solution.csv');
    }
    expect((await facts(path.join(place, base, 'val'))).pairs).toHaveLength(2);
    await rm(path.join(place, 'LOC_val_solution.csv'));
    await expect(facts(place)).rejects.toThrow(/found [12] pictures? without classes in (test|val)\//);
  });
});
