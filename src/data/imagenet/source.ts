import path from 'node:path';
import { UserError } from '../../errors.ts';
import { statIfThere } from '../../files/fs.ts';
import { selectClasses } from '../class-selection.ts';
import type { Split, SplitContents } from '../contents.ts';
import { openImageFolder } from '../formats/image-folder.ts';
import type { ReadingRequest } from '../formats/spec.ts';
import { openListing } from '../listing/listing.ts';
import { ARCHIVES, indexArchive } from './archives.ts';

/** `imagenet:PATH`; `imagenet100:PATH?seed=3` for so many classes, drawn by a seed (0 when left out). */
export interface ImageNetSpec {
  readonly path: string;
  readonly draw?: { readonly kind: 'draw'; readonly count: number; readonly seed: number };
}

/**
 * @returns undefined for what is no such specification
 * @throws UserError when it is one, but a wrong one
 */
export function parseImageNetSpec(spec: string): ImageNetSpec | undefined {
  const match = /^imagenet(\d*):(.*?)(?:\?(.*))?$/s.exec(spec);
  if (!match) return undefined;
  const [, count, place, query] = match;
  const seed = query === undefined ? 0 : Number(/^seed=(\d+)$/.exec(query)?.[1]);
  const isDraw = count !== '';
  if (place === '' || Number.isNaN(seed) || (isDraw ? Number(count) < 2 : query !== undefined)) {
    throw new UserError(
      `${spec}: expected imagenet:PATH, or imagenet100:PATH or imagenet100:PATH?seed=3 for 100 classes drawn by a seed`,
    );
  }
  return isDraw ? { path: place, draw: { kind: 'draw', count: Number(count), seed } } : { path: place };
}

/** With an absolute path, so that it is understood in another folder. */
export function absoluteImageNetSpec(spec: string): string | undefined {
  const parsed = parseImageNetSpec(spec);
  if (!parsed) return undefined;
  const { path: place, draw } = parsed;
  const query = draw !== undefined && draw.seed !== 0 ? `?seed=${draw.seed}` : '';
  return `imagenet${draw?.count ?? ''}:${path.resolve(place)}${query}`;
}

/** Whether a folder holds an official archive of ImageNet. */
export async function hasImageNetArchive(folder: string): Promise<boolean> {
  const found = await Promise.all(Object.values(ARCHIVES).map((name) => isFile(path.join(folder, name))));
  return found.includes(true);
}

/**
 * One split of ImageNet (ILSVRC 2012): a folder (or an archive of one) with `train/<wnid>/*` and `val/<wnid>/*`, or a
 * folder with the official archives, which are read in place.
 *
 * @throws UserError when there is neither
 */
export async function openImageNet(
  { path: given, draw }: ImageNetSpec,
  request: ReadingRequest,
): Promise<SplitContents> {
  const { split, cacheDir } = request;
  const place = path.resolve(given);
  const found = await statIfThere(place);
  if (!found) {
    throw new UserError(
      `${place}: expected a folder with train/<wnid>/*.JPEG and val/<wnid>/*.JPEG, or with ${ARCHIVES.train} and ` +
        `${ARCHIVES.test}; found no such folder`,
    );
  }
  const contents =
    found.isDirectory() && (await isFile(path.join(place, ARCHIVES[split])))
      ? await openArchive(place, split, cacheDir)
      : await openFolder(place, request);
  const named = { ...contents, kind: 'imagenet', name: 'imagenet', displayName: 'ImageNet' };
  try {
    return draw ? selectClasses(named, draw) : named;
  } catch (error) {
    await contents.close();
    throw error;
  }
}

async function openFolder(place: string, request: ReadingRequest): Promise<SplitContents> {
  const { split, cacheDir, asked } = request;
  const listing = await openListing(await imageFolderIn(place), cacheDir, asked);
  try {
    return { ...(await openImageFolder(listing, request)), path: place };
  } catch (error) {
    await listing.close();
    if (!(error instanceof UserError) || !(await hasImageNetArchive(place))) throw error;
    throw new UserError(`${place}: expected ${ARCHIVES[split]} for the ${split} images, found none`);
  }
}

/** The folder of the splits: where Kaggle's archive is unpacked they lie some folders deep. */
export async function imageFolderIn(place: string): Promise<string> {
  for (const below of ['ILSVRC/Data/CLS-LOC', 'Data/CLS-LOC', 'CLS-LOC']) {
    const folder = path.join(place, below);
    if ((await statIfThere(folder))?.isDirectory()) return folder;
  }
  return place;
}

async function openArchive(folder: string, split: Split, cacheDir?: string) {
  const file = path.join(folder, ARCHIVES[split]);
  const classes = await indexArchive(folder, split, cacheDir);
  const files = classes.flatMap((each) => each.files);
  const labels = Int32Array.from(classes.flatMap(({ files }, label) => files.map(() => label)));
  return {
    path: folder,
    classes: classes.map(({ name }) => name),
    labels,
    storage: {
      kind: 'ranges',
      file,
      offsets: Float64Array.from(classes.flatMap(({ offsets }) => offsets)),
      lengths: Float64Array.from(classes.flatMap(({ lengths }) => lengths)),
    } as const,
    describe: (index: number) => `${file}: ${classes[labels[index]].name}/${files[index]}`,
    close: async () => {},
    reading: { readAs: `ImageNet's archive ${ARCHIVES[split]}, classes sorted by WordNet id`, notes: [] },
  };
}

async function isFile(file: string): Promise<boolean> {
  return (await statIfThere(file))?.isFile() ?? false;
}
