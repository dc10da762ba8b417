import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../../src/data/dataset.ts';
import { type Files, picture, writeFolder, writeTar, writeZip } from '../archives.ts';

const FORMATS = path.join(import.meta.dirname, '../../fixtures/data/formats');

/** What pictures are called, and what they are. */
const PICTURES: Readonly<Record<string, string>> = {
  'a.BMP': '24.bmp',
  'b.jfif': 'interlaced_name.jfif',
  'c.ppm': 'p6.ppm',
  'd.Tif': 'rgb.tif',
  'e.avif': 'lossless.avif',
  'f.gif': 'animated.gif',
  'g.WEBP': 'animated.webp',
  'h.pgm': 'p5.pgm',
  'i.TIFF': 'lzw.tif',
  // Taken by their contents.
  j: '8.bmp',
  'k.photo': 'grey2.png',
};
const NAMES = [...Object.keys(PICTURES), 'l.jpeg', 'm.jpg', 'n.png'];
/** Half of the pictures are cats. */
const classOf = (name: string) => (NAMES.indexOf(name) % 2 === 0 ? 'cat' : 'dog');
const text = (...lines: string[]) => new TextEncoder().encode(`${lines.join('\n')}\n`);

let folder: string;
const bytes: Record<string, Uint8Array> = {};
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'endings-'));
  for (const [name, file] of Object.entries(PICTURES)) {
    bytes[name] = new Uint8Array(await readFile(path.join(FORMATS, file)));
  }
  for (const name of ['l.jpeg', 'm.jpg']) bytes[name] = await picture(name, 8, 8, 'jpeg');
  bytes['n.png'] = await picture('n');
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const at = (place: (name: string) => string): Files =>
  Object.fromEntries(NAMES.map((name) => [place(name), bytes[name]]));
const lines = (line: (name: string) => string) => NAMES.map(line);
const stem = (name: string) => name.split('.', 1)[0];
const inClasses = () => at((name) => `${classOf(name)}/${name}`);
const labelled = (ending: string, label: (name: string) => Uint8Array) =>
  Object.fromEntries(NAMES.map((name) => [`${stem(name)}.${ending}`, label(name)]));

/** Every form of data sets that has pictures as files, and how it is given. */
const FORMS: Readonly<Record<string, (place: string) => Promise<string>>> = {
  'class folders': (place) => writeFolder(place, inClasses()),
  'class folders of a split': (place) =>
    writeFolder(
      place,
      at((name) => `VAL/${classOf(name)}/${name}`),
    ),
  'a tar': (place) => writeTar(`${place}.tar`, inClasses()),
  'a zip': (place) => writeZip(`${place}.zip`, inClasses()),
  'WebDataset with .cls': (place) =>
    writeTar(`${place}.tar`, { ...at((name) => name), ...labelled('cls', (name) => text(classOf(name))) }),
  'a folder of WebDataset tars with .json': async (place) => {
    const labels = labelled('json', (name) => text(JSON.stringify({ label: classOf(name) })));
    await writeFolder(place, { 'note.txt': text('no picture') });
    await writeTar(path.join(place, '000.tar'), { ...at((name) => name), ...labels });
    return place;
  },
  'a table': (place) =>
    writeFolder(place, {
      ...at((name) => `images/${name}`),
      'labels.csv': text('image,label', ...lines((name) => `images/${name},${classOf(name)}`)),
    }),
  'a table that leaves endings out': (place) =>
    writeFolder(place, {
      ...at((name) => `images/${name}`),
      // An ending that is none of a picture belongs to the name.
      'labels.csv': text(
        'id,breed',
        ...lines((name) => `${name === 'k.photo' ? name : stem(name)},${classOf(name)}`),
      ),
    }),
  'a table without names of columns, a name without an ending first': (place) =>
    writeFolder(place, {
      ...at((name) => name),
      'labels.csv': text(
        ...lines((name) => `${name},${classOf(name)}`)
          .reverse()
          .sort((a, b) => (a < b ? 1 : -1))
          .sort((a) => (a.startsWith('j,') ? -1 : 0)),
      ),
    }),
  'a table by itself': async (place) => {
    const table = text(...lines((name) => `pics/${name};${classOf(name)}`));
    await writeFolder(place, { ...at((name) => `pics/${name}`), 'mine.csv': table });
    return path.join(place, 'mine.csv');
  },
  'JSON lines': (place) =>
    writeFolder(place, {
      ...at((name) => `x/${name}`),
      'metadata.jsonl': text(
        ...lines((name) => JSON.stringify({ file_name: `x/${name}`, label: classOf(name) })),
      ),
    }),
  'a list of paths with labels': async (place) => {
    const list = text(...lines((name) => `pics here/${name} ${classOf(name)}`));
    await writeFolder(place, { ...at((name) => `pics here/${name}`), 'val.txt': list });
    return path.join(place, 'val.txt');
  },
  'a list of paths in class folders': async (place) => {
    await writeFolder(place, {
      ...inClasses(),
      'val.lst': text(...lines((name) => `${classOf(name)}\\${name}`)),
    });
    return path.join(place, 'val.lst');
  },
  'a list for a folder': async (place) => {
    const list = text(...lines((name) => `"${name}", ${classOf(name)}`));
    await writeFolder(place, { ...at((name) => `deep/${name}`), 'list.txt': list });
    return `${place}?csv=${path.join(place, 'list.txt')}`;
  },
  "Hugging Face's image folder": (place) =>
    writeFolder(place, {
      ...at((name) => `test/${name}`),
      'test/metadata.csv': text('file_name,label', ...lines((name) => `${name},${classOf(name)}`)),
    }),
  "Tiny ImageNet's annotations": (place) =>
    writeFolder(place, {
      ...at((name) => `val/images/${name}`),
      'val/val_annotations.txt': text(...lines((name) => `${name}\t${classOf(name)}\t0\t0\t8\t8`)),
    }),
};

describe('pictures of all endings, upper case, and none', () => {
  let count = 0;
  it.each(Object.keys(FORMS))('are seen in %s', async (form) => {
    const spec = await FORMS[form](path.join(folder, `set${count++}`));
    const dataset = await openDataset(spec, 'test');
    const pairs = Array.from({ length: dataset.length }, (_, index) => {
      const name = dataset
        .describe(index)
        .split(/[/\\ ]/)
        .at(-1)!;
      return `${name} ${dataset.classes[dataset.label(index)]}`;
    });
    await dataset.close();
    expect(pairs.sort()).toEqual(NAMES.map((name) => `${name} ${classOf(name)}`).sort());
    expect(
      dataset.reading.notes
        .filter((note) => note.includes('picture'))
        .filter((note) => !note.startsWith('no split')),
    ).toEqual([]);
  });
});
