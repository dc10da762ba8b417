import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { CORRUPTIONS, type CorruptionName, SEVERITIES, type Severity } from '../../corrupt/names.ts';
import { UserError } from '../../errors.ts';
import { openTar } from '../archive.ts';
import { type ClassChoice, chooseClasses } from '../class-selection.ts';
import type { ImageStorage } from '../storage.ts';
import type { TarEntry } from '../tar.ts';
import { MANIFEST_FILE, parseManifest } from './manifest.ts';
import type { CorruptedContents, CorruptedReader } from './set.ts';

const IMAGE_NAME = /\.(jpe?g|png)$/i;
const TAR_NAME = /\.(tar|tar\.gz|tgz)$/i;

/** The images of one cell: file names by class folder. */
type Images = ReadonlyMap<string, readonly string[]>;

/** One cell, where it was found. */
interface FoundCell {
  /** For messages. */
  readonly place: string;
  images(): Promise<Images>;
  storage(files: readonly File[]): ImageStorage;
}

interface File {
  readonly folder: string;
  readonly name: string;
}

/**
 * ImageNet-C: `<corruption>/<severity>/<class>/*.JPEG`, as a folder (its groups `noise`, `blur` and so on may be
 * folders between), as a folder with the archives of the groups (`noise.tar`, …), or as one of these archives.
 *
 * @param selection Use the images of these classes only. Default: all.
 */
export async function openImagenetC(
  place: string,
  selection?: ClassChoice,
  cacheDir?: string,
): Promise<CorruptedReader> {
  const cells = new Map<string, FoundCell>();
  const add = (corruption: string, severity: string | number, cell: FoundCell) => {
    const key = `${corruption}/${severity}`;
    const other = cells.get(key);
    if (other) {
      throw new UserError(
        `${place}: expected ${key} once, found it in ${other.place} and in ${cell.place}; give the path of one set`,
      );
    }
    cells.set(key, cell);
  };
  if ((await stat(place)).isDirectory()) {
    for (const root of [place, ...(await subfolders(place)).map((name) => path.join(place, name))]) {
      await findFolders(root, add);
    }
    const archives = (await readdir(place)).filter((name) => TAR_NAME.test(name)).sort();
    for (const name of archives) await findInArchive(path.join(place, name), add, cacheDir);
  } else {
    await findInArchive(place, add, cacheDir);
  }
  const held = new Map<CorruptionName, Severity[]>();
  for (const corruption of CORRUPTIONS) {
    const there = SEVERITIES.filter((severity) => cells.has(`${corruption}/${severity}`));
    if (there.length > 0) held.set(corruption, there);
  }
  const manifest = await readManifest(place);
  return {
    displayName: 'ImageNet-C',
    strengths: manifest?.set ?? 'imagenet',
    frost: manifest?.frost ?? 'published',
    held,
    leftOut: manifest?.data.unreadable?.length,
    open: async (corruptions, severities) => {
      const keys = corruptions.flatMap((corruption) =>
        severities.map((severity) => `${corruption}/${severity}`),
      );
      return await openCells(place, cells, keys, selection, manifest?.data.images);
    },
    close: async () => {},
  };
}

async function openCells(
  place: string,
  cells: ReadonlyMap<string, FoundCell>,
  keys: readonly string[],
  selection: ClassChoice | undefined,
  expected: number | undefined,
): Promise<CorruptedContents> {
  let files: File[] | undefined;
  let classes: readonly string[] = [];
  for (const key of keys) {
    const cell = cells.get(key)!;
    const images = await cell.images();
    if (!files) {
      const all = [...images.keys()].sort();
      if (all.length === 0) {
        throw new UserError(
          `${cell.place}: expected images in ${key}/<class>/*.JPEG, found none; fetch it again`,
        );
      }
      checkCount(cell.place, images, expected);
      classes = selection ? chooseClasses(all, selection, cell.place) : all;
      files = classes.flatMap((folder) => images.get(folder)!.map((name) => ({ folder, name })));
    } else {
      checkSameImages(cell.place, images, files, classes, keys[0]);
    }
  }
  if (!files) throw new UserError(`${place}: expected corruptions to read, none was asked for`);
  const chosen = files;
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  return {
    classes,
    labels: Int32Array.from(chosen, ({ folder }) => labelOf.get(folder)!),
    cell: (corruption, severity) => {
      const { storage, place } = cells.get(`${corruption}/${severity}`)!;
      return {
        storage: storage(chosen),
        describe: (index) => `${place}/${chosen[index].folder}/${chosen[index].name}`,
      };
    },
  };
}

/** A set that `pushpull corrupt` made, and that lost some or was written over an older one. */
function checkCount(place: string, images: Images, expected: number | undefined): void {
  const found = [...images.values()].reduce((sum, { length }) => sum + length, 0);
  if (expected === undefined || found === expected) return;
  throw new UserError(
    `${place}: expected ${expected} images as ${MANIFEST_FILE} says, found ${found}; make the set again in an empty folder`,
  );
}

function checkSameImages(
  place: string,
  images: Images,
  files: readonly File[],
  classes: readonly string[],
  first: string,
): void {
  const there = new Map(classes.map((folder) => [folder, new Set(images.get(folder))]));
  const missing = files.filter(({ folder, name }) => !there.get(folder)!.has(name));
  const count = classes.reduce((sum, folder) => sum + there.get(folder)!.size, 0);
  const more = count - (files.length - missing.length);
  if (missing.length === 0 && more === 0) return;
  const example = missing[0] ? ` (${missing[0].folder}/${missing[0].name})` : '';
  throw new UserError(
    `${place}: expected the ${files.length} images that ${first} has, found ${missing.length} missing${example} ` +
      `and ${more} others; fetch it again`,
  );
}

type Add = (corruption: string, severity: string | number, cell: FoundCell) => void;

async function findFolders(root: string, add: Add): Promise<void> {
  const names = await subfolders(root);
  for (const corruption of CORRUPTIONS.filter((name) => names.includes(name))) {
    for (const severity of await subfolders(path.join(root, corruption))) {
      if (!isCell(corruption, severity)) continue;
      const place = path.join(root, corruption, severity);
      add(corruption, severity, {
        place,
        images: async () => {
          const folders = await subfolders(place);
          const lists = await Promise.all(folders.map((name) => imageNames(path.join(place, name))));
          return new Map(
            folders.map((name, index) => [name, lists[index]] as const).filter(([, list]) => list.length > 0),
          );
        },
        storage: (files) => ({
          kind: 'files',
          paths: files.map(({ folder, name }) => path.join(place, folder, name)),
        }),
      });
    }
  }
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const isFolder = await Promise.all(
    entries.map(async (entry) =>
      entry.isSymbolicLink()
        ? ((await stat(path.join(folder, entry.name)).catch(() => undefined))?.isDirectory() ?? false)
        : entry.isDirectory(),
    ),
  );
  return entries
    .filter((entry, index) => isFolder[index] && !entry.name.startsWith('.'))
    .map(({ name }) => name);
}

async function imageNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => IMAGE_NAME.test(name) && !name.startsWith('.')).sort();
}

/** The images of a cell in an archive. */
interface ArchiveCell {
  /** `<class>/<name>`, ascending; one list for all cells of the same images. */
  readonly files: readonly string[];
  readonly offsets: Float64Array;
  readonly lengths: Float64Array;
}

async function findInArchive(file: string, add: Add, cacheDir: string | undefined): Promise<void> {
  const { entries, where, close } = await openTar(file, cacheDir);
  const byCell = new Map<string, TarEntry[]>();
  for (const entry of entries) {
    const [corruption, severity, , name] = entry.path.split('/').slice(-4);
    if (name === undefined || name.startsWith('.') || !IMAGE_NAME.test(name)) continue;
    if (!isCell(corruption, severity)) continue;
    const key = `${corruption}/${severity}`;
    const list = byCell.get(key);
    if (list) list.push(entry);
    else byCell.set(key, [entry]);
  }
  await close();
  const lists: (readonly string[])[] = [];
  for (const [key, found] of byCell) {
    const [corruption, severity] = key.split('/');
    const cell = compact(found, lists);
    add(corruption, severity, {
      place: `${file}: ${key}`,
      images: async () => byFolder(cell.files),
      storage: (files) => ({ ...where, ...rangesOf(cell, files) }),
    });
  }
}

function isCell(corruption: string, severity: string): boolean {
  return (
    CORRUPTIONS.some((name) => name === corruption) && SEVERITIES.some((value) => String(value) === severity)
  );
}

/** The index of an archive of ImageNet-C has 750,000 entries: what is kept of it are two numbers an image. */
function compact(entries: TarEntry[], lists: (readonly string[])[]): ArchiveCell {
  const nameOf = ({ path: name }: TarEntry) => name.split('/').slice(-2).join('/');
  const sorted = entries
    .map((entry) => ({ name: nameOf(entry), entry }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  let files = lists.find(
    (list) => list.length === sorted.length && sorted.every(({ name }, index) => name === list[index]),
  );
  if (!files) {
    files = sorted.map(({ name }) => name);
    lists.push(files);
  }
  return {
    files,
    offsets: Float64Array.from(sorted, ({ entry }) => entry.offset),
    lengths: Float64Array.from(sorted, ({ entry }) => entry.length),
  };
}

function byFolder(files: readonly string[]): Images {
  const images = new Map<string, string[]>();
  for (const file of files) {
    const [folder, name] = file.split('/');
    const list = images.get(folder);
    if (list) list.push(name);
    else images.set(folder, [name]);
  }
  return images;
}

function rangesOf(cell: ArchiveCell, files: readonly File[]): Pick<ArchiveCell, 'offsets' | 'lengths'> {
  const positions = new Map(cell.files.map((file, position) => [file, position]));
  const wanted = files.map(({ folder, name }) => positions.get(`${folder}/${name}`)!);
  return {
    offsets: Float64Array.from(wanted, (position) => cell.offsets[position]),
    lengths: Float64Array.from(wanted, (position) => cell.lengths[position]),
  };
}

async function readManifest(place: string) {
  const file = path.join(place, MANIFEST_FILE);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parseManifest(text, file);
}
