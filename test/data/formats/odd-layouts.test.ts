import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDataset } from '../../../src/data/dataset.ts';
import { inProcess } from '../../cli/command.ts';
import { picture, writeFolder } from '../archives.ts';

let folder: string;
let image: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'layouts-'));
  image = await picture('any');
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const text = (...lines: string[]) => new TextEncoder().encode(`${lines.join('\n')}\n`);
async function open(place: string, split: 'train' | 'test' = 'test') {
  const dataset = await openDataset(place, split);
  await dataset.close();
  return { classes: dataset.classes, length: dataset.length, notes: dataset.reading.notes };
}

it('folders of systems are no classes, and a class without files is told of', async () => {
  const files = [
    'cat/1.png',
    'dog/1.png',
    '@eaDir/1.png/SYNO.jpg',
    'lost+found/2.png',
    '.ipynb_checkpoints/1.png',
  ];
  const place = await writeFolder(
    path.join(folder, 'system'),
    Object.fromEntries(files.map((file) => [`val/${file}`, image])),
  );
  await mkdir(path.join(place, 'val/cow'));
  expect(await open(place)).toEqual({
    classes: ['cat', 'dog'],
    length: 2,
    notes: [
      'left out: 2 × file in a folder of the system: val/@eaDir/1.png/SYNO.jpg, val/lost+found/2.png',
      'left out: 1 × folder without files: val/cow',
    ],
  });
});

it('a table without labels beside one that has them is left out', async () => {
  const place = await writeFolder(path.join(folder, 'competition'), {
    'train/1.png': image,
    'train/2.png': image,
    'test/3.png': image,
    'train.csv': text('id,label', '1,cat', '2,dog'),
    'test.csv': text('id', '3'),
  });
  const { notes, length } = await open(place, 'train');
  expect(length).toBe(2);
  expect(notes).toContain('left out: test.csv, which has no labels');
  await expect(open(place)).rejects.toThrow(/expected test images, found train only/);
});

it('a text file may be a table in Unicode, whose marks of order are read, and no other encoding', async () => {
  const place = await writeFolder(path.join(folder, 'encodings'), {
    '1.png': image,
    '2.png': image,
    'labels.txt': text('image,label', '1.png,cat', '2.png,"a, dog"'),
    'wide.csv': Buffer.from('\uFEFFimage\tlabel\r\n1.png\tc\u00e4t\r\n2.png\tdog\r\n', 'utf16le'),
    // Two classes that would become one.
    'old.csv': Buffer.from('image,label\n1.png,c\xe4t\n2.png,c\xe5t\n', 'latin1'),
  });
  expect((await open(path.join(place, 'labels.txt'))).classes).toEqual(['a, dog', 'cat']);
  expect((await open(path.join(place, 'wide.csv'))).classes).toEqual(['cät', 'dog']);
  await expect(open(path.join(place, 'old.csv'))).rejects.toThrow(
    'old.csv: expected text in UTF-8, found other bytes (an older encoding, or no text); save the file as UTF-8',
  );
});

it('classes of a table become no folders outside of the one that is asked for', async () => {
  const place = await writeFolder(path.join(folder, 'names'), {
    '1.png': image,
    'labels.csv': text('image,label', '1.png,../../x'),
  });
  const out = path.join(folder, 'corrupted');
  const words = [
    '--corruption',
    'fog',
    '--severity',
    '1',
    '--set',
    'cifar',
    '--size',
    '32',
    '--format',
    'png',
    '--workers',
    '1',
  ];
  await expect(inProcess('corrupt', '--data', place, ...words, '--out', out)).rejects.toThrow(
    /names: expected names of classes that can be names of folders, found "\.\.\/\.\.\/x"/,
  );
});
