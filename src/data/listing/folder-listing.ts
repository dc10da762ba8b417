import path from 'node:path';
import { z } from 'zod';
import { type Dirent, readdir, stat } from '../../files/fs.ts';
import { indexFile, readIndex, writeIndex } from '../../files/index-cache.ts';
import { splitOf } from '../formats/splits.ts';
import { followLinks } from '../pictures/limits.ts';
import { isUsableName } from './file-names.ts';
import { FolderLinks } from './folder-links.ts';
import type { TarLeftOut } from './tar-entry.ts';

/** Folders of splits are searched to the bottom; others as deep as one of these, or the pictures of a class, may lie. */
const DEPTH = 2;

const INDEX_SCHEMA = 'pushpull.folder-index/3';

const indexSchema = z.object({
  schema: z.literal(INDEX_SCHEMA),
  place: z.string(),
  folders: z.array(
    z.object({
      /** Below the place, `/` between the parts; empty for the place itself. */
      path: z.string(),
      /** When a file was last added, removed or renamed in it. */
      mtimeMs: z.number(),
      /** The names of its files, `/` between them. */
      files: z.string(),
    }),
  ),
  /** Links that are not followed, and names that cannot be used. */
  leftOut: z.array(z.object({ path: z.string(), kind: z.string() })),
});

type Index = z.infer<typeof indexSchema>;
type Folder = Index['folders'][number];

/** From this number of files on a listing is worth keeping. */
const LEAST_KEPT = 10_000;
/**
 * A folder that changed so short a time ago, in milliseconds, may change again without a new time of change: file
 * systems count it in steps of up to two seconds.
 */
const CLOCK_STEP = 2000;

/** The files below a folder. */
export interface FolderFiles {
  /** Paths with `/` between the parts. */
  readonly files: string[];
  /** Links to folders that were not followed, and what has a name that cannot be used. */
  readonly leftOut: readonly TarLeftOut[];
}

/**
 * The files below a folder. Each real folder in it is visited once, whatever links lead to it.
 *
 * Listings of many files are kept in the cache folder, and taken from there for as long as no folder has changed since:
 * then only the folders are looked at, not the files.
 *
 * @param leastKept From this number of files on a listing is kept.
 * @param asked The name of one more folder that is a split.
 */
export async function listFolderFiles(
  place: string,
  cacheDir?: string,
  leastKept: number = LEAST_KEPT,
  asked?: string,
): Promise<FolderFiles> {
  const options = [...(asked === undefined ? [] : [`split=${asked}`]), ...(followLinks() ? ['links'] : [])];
  const key = options.length === 0 ? place : `${place}?${options.join('&')}`;
  const cached = indexFile(key, cacheDir);
  const index = await readIndex<Index>(cached, indexSchema);
  if (index?.place === key && (await isUnchanged(place, index.folders))) {
    return { files: filesOf(index.folders), leftOut: index.leftOut };
  }
  const start = Date.now();
  const { folders, leftOut } = await visitFolders(place, asked);
  const files = filesOf(folders);
  const isSettled = folders.every(({ mtimeMs }) => mtimeMs < start - CLOCK_STEP);
  if (files.length >= leastKept && isSettled) {
    await writeIndex(cached, { schema: INDEX_SCHEMA, place: key, folders, leftOut } satisfies Index);
  }
  return { files, leftOut };
}

function filesOf(folders: readonly Folder[]): string[] {
  return folders.flatMap((folder) => {
    if (folder.files === '') return [];
    const names = folder.files.split('/');
    return folder.path === '' ? names : names.map((name) => `${folder.path}/${name}`);
  });
}

async function isUnchanged(place: string, folders: readonly Folder[]): Promise<boolean> {
  const unchanged = await Promise.all(
    folders.map(async (folder) => {
      const now = await stat(path.join(place, folder.path)).catch(() => undefined);
      return now?.mtimeMs === folder.mtimeMs;
    }),
  );
  return unchanged.every(Boolean);
}

/** What cannot be opened by its name. */
const UNUSABLE = { file: 'file whose name is not UTF-8', folder: 'folder whose name is not UTF-8' } as const;

/** Every folder that was looked into, those without files too: images may come into them. */
async function visitFolders(
  place: string,
  asked: string | undefined,
): Promise<Pick<Index, 'folders' | 'leftOut'>> {
  const isSplit = (name: string) =>
    splitOf(name) !== undefined || name.toLowerCase() === asked?.toLowerCase();
  const insideSplit = (relative: string) => relative.split('/').slice(0, 2).some(isSplit);
  const folders: Folder[] = [];
  const links = await FolderLinks.of(place);
  const unusable: TarLeftOut[] = [];
  const linked: { folder: string; depth: number }[] = [];
  const visit = async (folder: string, depth: number) => {
    const absolute = path.join(place, folder);
    if (!(await links.enter(absolute))) return;
    // Before the folder is read: a change in between must not go unnoticed.
    const { mtimeMs } = await stat(absolute);
    const files: string[] = [];
    const below: string[] = [];
    const isLink = new Set<string>();
    for (const entry of await readdir(absolute, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const kind = await kindOf(entry, absolute);
      if (kind !== undefined && !(await isUsableName(absolute, entry.name))) {
        unusable.push({ path: path.posix.join(folder, entry.name), kind: UNUSABLE[kind] });
      } else if (kind === 'file') files.push(entry.name);
      else if (kind === 'folder') {
        const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
        below.push(name);
        if (entry.isSymbolicLink()) isLink.add(name);
      }
    }
    // A class of which nothing is there; hidden files are none.
    if (folder !== '' && files.length + below.length === 0) {
      unusable.push({ path: folder, kind: 'folder without files' });
    }
    folders.push({ path: folder, mtimeMs, files: files.join('/') });
    const splits = insideSplit(folder) ? [] : below.filter((name) => isSplit(path.posix.basename(name)));
    // A split folder with classes right here is the data set; its neighbours (and a home folder's) are none of ours.
    const isDataSet = await someAsync(splits, (name) => hasFolder(path.join(place, name)));
    for (const name of isDataSet ? splits : below) {
      if (depth >= DEPTH && !insideSplit(name)) continue;
      // A folder has its own name before those that links give it.
      if (isLink.has(name)) linked.push({ folder: name, depth: depth + 1 });
      else await visit(name, depth + 1);
    }
  };
  await visit('', 0);
  while (linked.length > 0) {
    // The same one first on every file system.
    linked.sort((a, b) => (a.folder < b.folder ? -1 : 1));
    const { folder, depth } = linked.shift()!;
    const isSplitLink = isSplit(path.posix.basename(folder)) && !insideSplit(path.posix.dirname(folder));
    if (await links.follows(path.join(place, folder), folder, isSplitLink)) await visit(folder, depth);
  }
  return { folders, leftOut: [...links.leftOut, ...unusable] };
}

async function someAsync<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<boolean> {
  for (const item of items) if (await holds(item)) return true;
  return false;
}

async function hasFolder(folder: string): Promise<boolean> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if ((await kindOf(entry, folder)) === 'folder') return true;
  }
  return false;
}

function kindOf(
  entry: Dirent,
  folder: string,
): 'file' | 'folder' | undefined | Promise<'file' | 'folder' | undefined> {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return undefined;
  return kindOfTarget(path.join(folder, entry.name));
}

async function kindOfTarget(link: string): Promise<'file' | 'folder' | undefined> {
  const target = await stat(link).catch(() => undefined);
  // A link to nothing counts as a file, so that an image that is missing is told of and not passed over.
  if (!target) return 'file';
  return target.isFile() ? 'file' : target.isDirectory() ? 'folder' : undefined;
}
