/** Which files of a listing are pictures: by their names where these tell, else by their contents. */

import { readRange } from '../../files/fs.ts';
import { IDENTIFYING_BYTES, identify } from '../pictures/image-header.ts';
import { isPictureName, otherKind } from '../pictures/picture-names.ts';
import type { ListedKinds, Listing } from './listed-files.ts';

/** Files that are looked at together. */
const AT_ONCE = 32;

/** Look at the first bytes of the files whose names do not tell what they are; of ImageNet's there is none. */
export async function identifyFiles(
  listing: Pick<Listing, 'files' | 'storage' | 'read'>,
): Promise<ListedKinds> {
  const pictures = new Set<number>();
  const others = new Map<number, string>();
  const unknown = Array.from(listing.files.keys()).filter((file) => {
    const name = listing.files[file];
    return !isHidden(name) && !isPictureName(name) && otherKind(name) === undefined;
  });
  const look = async (file: number) => {
    const bytes = await firstBytes(listing, file).catch(() => undefined);
    // What cannot be read now may be an image, of which its reader will tell.
    const type = bytes ? identify(bytes) : undefined;
    if (type?.kind === 'other') others.set(file, type.what);
    else pictures.add(file);
  };
  for (let start = 0; start < unknown.length; start += AT_ONCE) {
    await Promise.all(unknown.slice(start, start + AT_ONCE).map(look));
  }
  return { pictures, others };
}

/** Folders that systems and programs put anywhere: no class is called so. */
export function isSystemFolder(name: string): boolean {
  return /^(__MACOSX|__pycache__|@eaDir|#recycle|\$RECYCLE\.BIN|System Volume Information|lost\+found)$/i.test(
    name,
  );
}

/** Whether a file's name begins with a dot: it is not meant to be seen. */
export function isHidden(file: string): boolean {
  return file.startsWith('.', file.lastIndexOf('/') + 1);
}

async function firstBytes(listing: Pick<Listing, 'storage' | 'read'>, file: number): Promise<Uint8Array> {
  const storage = listing.storage([file]);
  const inflated = storage.kind === 'ranges' && (storage.inflated?.[0] ?? 0) > 0;
  if (storage.kind === 'files') return await readRange(storage.paths[0], 0, IDENTIFYING_BYTES);
  if (storage.kind === 'ranges' && !inflated) {
    const length = Math.min(storage.lengths[0], IDENTIFYING_BYTES);
    return await readRange(storage.file, storage.offsets[0], length);
  }
  if (storage.kind === 'memory') {
    const length = Math.min(storage.lengths[0], IDENTIFYING_BYTES);
    return new Uint8Array(storage.bytes, storage.offsets[0], length).slice();
  }
  return (await listing.read(file)).slice(0, IDENTIFYING_BYTES);
}

/** Of each kind so many names are given. */
const NAMED = 2;

/**
 * What is left out of the folder that the images lie in, by kind: files that are no pictures, and what the listing
 * could not follow.
 *
 * @param images files that are used
 * @param readAs names the files that tell the classes, which are not left out
 */
export function leftOutNotes(listing: Listing, images: readonly number[], readAs: string): string[] {
  const { files, kinds, leftOut = [] } = listing;
  if (images.length === 0) return [];
  let common = folderOf(files[images[0]]);
  for (const file of images) {
    while (common !== '' && !files[file].startsWith(`${common}/`)) common = folderOf(common);
  }
  // A class of which nothing is a picture lies beside the only one that has some.
  if (images.every((file) => folderOf(files[file]) === common)) common = folderOf(common);
  const isInside = (file: string) => common === '' || file.startsWith(`${common}/`);
  const byKind = new Map<string, string[]>();
  const note = (kind: string, file: string) => {
    const named = byKind.get(kind);
    if (named) named.push(file);
    else byKind.set(kind, [file]);
  };
  files.forEach((file, index) => {
    if (readAs.includes(file.slice(file.lastIndexOf('/') + 1))) return;
    if (isHidden(file)) return;
    if (file.split('/').slice(0, -1).some(isSystemFolder)) {
      if (!file.startsWith('__MACOSX/')) note('file in a folder of the system', file);
      return;
    }
    if (isPictureName(file) || !isInside(file) || kinds?.pictures.has(index)) return;
    note(otherKind(file) ?? kinds?.others.get(index) ?? 'file of an unknown kind', file);
  });
  for (const { path, kind } of leftOut) note(kind, path);
  return [...byKind].sort().map(([kind, named]) => {
    const examples = named.sort().slice(0, NAMED).join(', ') + (named.length > NAMED ? ', …' : '');
    return `left out: ${named.length} × ${kind}: ${examples}`;
  });
}

function folderOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf('/')));
}
