/** Which folders of a data set are its splits, and which pictures lie in them. */
import path from 'node:path';
import { UserError } from '../../errors.ts';
import type { Listing } from '../listing/listed-files.ts';
import { isHidden, isSystemFolder } from '../listing/listed-kinds.ts';
import { isPictureName } from '../pictures/picture-names.ts';
import { compareCodeUnits } from './class-order.ts';
import { splitOf } from './splits.ts';

/** A lone folder of such a name holds pictures of all classes. */
const NO_CLASS = /^(images?|imgs?|pictures|photos)$/i;

/** Files of the listing, by the name of their class. */
export type ClassFiles = ReadonlyMap<string, readonly number[]>;

/** A folder of pictures. */
export interface PictureFolder {
  /** Below the place, `/` between the parts; empty for the place itself. */
  readonly path: string;
  readonly name: string;
  readonly classes: ClassFiles;
  /** Files that lie in no class folder. */
  readonly loose: readonly number[];
}

export interface FoundFolders {
  /** Folders of splits, side by side. */
  readonly splits: readonly PictureFolder[];
  /** The data set without splits, where there are none. */
  readonly plain?: PictureFolder;
}

/** Whether a file is a picture which is meant to be seen: by its name, or where that does not tell by its contents. */
export function isPicture({ files, kinds }: Listing, index: number): boolean {
  return (isPictureName(files[index]) || (kinds?.pictures.has(index) ?? false)) && !isHidden(files[index]);
}

/**
 * Look for `train/<class>/*` and the like, at most one folder deep, else for `<class>/*`.
 *
 * @param asked the name of one more folder that is a split
 * @throws UserError when there are several data sets
 */
export function findPictureFolders(listing: Listing, asked?: string): FoundFolders {
  const isSplit = (name: string | undefined) =>
    name !== undefined && (splitOf(name) !== undefined || name.toLowerCase() === asked?.toLowerCase());
  const splits = new Map<string, Growing>();
  const others: number[] = [];
  // There are far more files than folders, so a folder's path is taken apart once.
  const targets = new Map<string, number[]>();
  listing.files.forEach((file, index) => {
    if (!isPicture(listing, index)) return;
    const end = file.lastIndexOf('/');
    const folder = end < 0 ? '' : file.slice(0, end);
    let target = targets.get(folder);
    if (!target) {
      target = targetOf(folder === '' ? [] : folder.split('/'), isSplit, splits, others);
      targets.set(folder, target);
    }
    target.push(index);
  });
  const found = oneDataSet([...splits.values()].map(finish), listing.place);
  const isLonelyClass =
    found.length === 1 && found[0].classes.size === 0 && !found[0].path.includes('/') && others.length > 0;
  if (found.length > 0 && !isLonelyClass) return { splits: found };
  const all = isLonelyClass ? [...others, ...found[0].loose] : others;
  return { splits: [], ...(all.length > 0 && { plain: plainFolder(listing.files, all) }) };
}

interface Growing {
  readonly path: string;
  readonly classes: Map<string, number[]>;
  readonly loose: number[];
}

const IGNORED: number[] = [];

/** The list for the pictures of a folder. */
function targetOf(
  parts: readonly string[],
  isSplit: (name: string | undefined) => boolean,
  splits: Map<string, Growing>,
  others: number[],
): number[] {
  if (parts.some((part) => part.startsWith('.') || isSystemFolder(part))) return [...IGNORED];
  const depth = isSplit(parts[0]) ? 0 : 1;
  if (!isSplit(parts[depth])) return others;
  const folder = parts.slice(0, depth + 1).join('/');
  const split = splits.get(folder) ?? { path: folder, classes: new Map(), loose: [] };
  splits.set(folder, split);
  const name = parts[depth + 1];
  if (name === undefined) return split.loose;
  const images = split.classes.get(name) ?? [];
  split.classes.set(name, images);
  return images;
}

/** A lone folder `images` is no class. */
function finish({ path: folder, classes, loose }: Growing): PictureFolder {
  const name = path.posix.basename(folder);
  const [[only, files]] = classes.size === 1 ? [...classes] : [['', []]];
  if (!NO_CLASS.test(only)) return { path: folder, name, classes, loose };
  return { path: folder, name, classes: new Map(), loose: [...loose, ...files] };
}

/** The folders of one data set: those at the top, else those of the only folder that has some. */
function oneDataSet(folders: readonly PictureFolder[], place: string): readonly PictureFolder[] {
  const parentOf = ({ path: folder }: PictureFolder) => path.posix.dirname(folder);
  const at = (parent: string) => folders.filter((folder) => parentOf(folder) === parent);
  if (at('.').length > 0) return at('.');
  const parents = [...new Set(folders.map(parentOf))].sort(compareCodeUnits);
  if (parents.length <= 1) return folders;
  throw new UserError(
    `${place}: expected one data set, found ${parents.length} (${parents.slice(0, 3).join(', ')}); give the path of one`,
  );
}

/** Class folders at the top, or in the only folder there if it holds nothing else. */
function plainFolder(files: readonly string[], pictures: readonly number[]): PictureFolder {
  const tops = new Set(pictures.map((file) => files[file].split('/', 1)[0]));
  const [top] = tops;
  const isOuter = tops.size === 1 && pictures.every((file) => files[file].split('/').length >= 3);
  const depth = isOuter ? 1 : 0;
  const classes = new Map<string, number[]>();
  const loose: number[] = [];
  for (const file of pictures) {
    const parts = files[file].split('/');
    const name = parts.length > depth + 1 ? parts[depth] : undefined;
    const images = name === undefined ? loose : (classes.get(name) ?? []);
    if (name !== undefined) classes.set(name, images);
    images.push(file);
  }
  return finish({ path: isOuter ? top : '', classes, loose });
}
