import { createHash } from 'node:crypto';
import path from 'node:path';
import { CORRUPTIONS, type CorruptionName, SEVERITIES, type Severity } from '../../corrupt/names.ts';
import { UserError } from '../../errors.ts';
import { ifThere, readdir, readFile, stat } from '../../files/fs.ts';
import { type ClassChoice, chooseClasses } from '../class-selection.ts';
import { openTar } from '../listing/archive.ts';
import type { TarEntry } from '../listing/tar-entry.ts';
import { isPictureName } from '../pictures/picture-names.ts';
import type { ImageStorage } from '../storage.ts';
import { type CorruptedManifest, goOn, MANIFEST_FILE, parseManifest } from './manifest.ts';
import type { CorruptedContents, CorruptedReader } from './reader.ts';

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
    declared: manifest && (Object.keys(manifest.corruptions) as CorruptionName[]),
    goOn: manifest && ((lacking) => goOn(manifest, lacking, place)),
    open: async (corruptions, severities) => {
      const keys = corruptions.flatMap((corruption) =>
        severities.map((severity) => `${corruption}/${severity}`),
      );
      return await openCells(place, cells, keys, selection, manifest);
    },
    close: async () => {},
  };
}

async function openCells(
  place: string,
  cells: ReadonlyMap<string, FoundCell>,
  keys: readonly string[],
  selection: ClassChoice | undefined,
  manifest: CorruptedManifest | undefined,
): Promise<CorruptedContents> {
  // No cell decides alone which images there are: a set that is unpacked in part may begin with one that is not whole.
  const counted = new Map<string, CountedCell>();
  for (const key of keys) counted.set(key, countCell(await cells.get(key)!.images()));
  const usual = usualCell(counted);
  if (!usual) throw new UserError(`${place}: expected corruptions to read, none was asked for`);
  const all = [...new Set([...counted.values()].flatMap(({ classes }) => [...classes.keys()]))].sort();
  for (const [key, cell] of counted) {
    const { place: where } = cells.get(key)!;
    if (manifest) checkCount(where, cell, manifest, goOn(manifest, lackingOf(key, keys), place));
    if (cell.total === 0) {
      throw new UserError(`${where}: expected images in ${key}/<class>/*.JPEG, found none; fetch it again`);
    }
  }
  const classes = selection ? chooseClasses(all, selection, cells.get(usual[0])!.place) : all;
  const images = await cells.get(usual[0])!.images();
  const files = classes.flatMap((folder) => (images.get(folder) ?? []).map((name) => ({ folder, name })));
  for (const [key, cell] of counted) {
    const isSame = classes.every((name) => cell.classes.get(name) === usual[1].classes.get(name));
    if (isSame) continue;
    const { place, images } = cells.get(key)!;
    checkSameImages(place, await images(), files, classes, usual[0]);
  }
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

/** What a cell holds, in little memory. */
interface CountedCell {
  readonly total: number;
  /** Of each class a digest of the names of its images. */
  readonly classes: ReadonlyMap<string, string>;
}

function countCell(images: Images): CountedCell {
  let total = 0;
  const classes = new Map<string, string>();
  for (const [folder, names] of images) {
    total += names.length;
    classes.set(folder, createHash('sha256').update(names.join('/')).digest('base64'));
  }
  return { total, classes };
}

/** A cell with the images that most cells have; of two halves the one with more images. */
function usualCell(cells: ReadonlyMap<string, CountedCell>): readonly [key: string, CountedCell] | undefined {
  const alike = new Map<string, number>();
  const contents = ({ classes }: CountedCell) => [...classes].sort().join('\n');
  for (const cell of cells.values()) alike.set(contents(cell), (alike.get(contents(cell)) ?? 0) + 1);
  const rank = (cell: CountedCell) => alike.get(contents(cell))!;
  return [...cells].sort(([, a], [, b]) => rank(b) - rank(a) || b.total - a.total)[0];
}

/** A set that `pushpull corrupt` made, and that lost some or was written over an older one. */
function checkCount(
  place: string,
  { total, classes }: CountedCell,
  { data }: CorruptedManifest,
  cure: string,
): void {
  if (total === data.images) return;
  throw new UserError(
    `${place}: expected ${data.images} images as ${MANIFEST_FILE} says, found ${total} (${classes.size} of ` +
      `${data.classes.length} classes); ${cure}`,
  );
}

/** The corruption of a cell that lacks something, and those behind it, which may lack it too. */
function lackingOf(key: string, keys: readonly string[]): CorruptionName[] {
  const names = keys.slice(keys.indexOf(key)).map((cell) => cell.split('/')[0] as CorruptionName);
  return [...new Set(names)];
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
  return (await readdir(folder)).filter((name) => isPictureName(name) && !name.startsWith('.')).sort();
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
    if (name === undefined || name.startsWith('.') || !isPictureName(name)) continue;
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
  const text = await ifThere(readFile(file, 'utf8'));
  return text === undefined ? undefined : parseManifest(text, file);
}
