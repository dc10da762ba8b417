import path from 'node:path';
import { UserError } from '../../errors.ts';
import { explainWriteError } from '../../files/files.ts';
import { mkdir, open, readdir, rename, rm, statIfThere, writeFile } from '../../files/fs.ts';
import { ARCHIVES, type ArchivedClass, indexArchive } from './archives.ts';
import { hasImageNetArchive } from './source.ts';

export interface UnpackOptions {
  /** Folder with the official archives. */
  readonly from: string;
  /** Gets `train/<wnid>/*` and `val/<wnid>/*`. */
  readonly out: string;
  readonly cacheDir?: string;
  /** Aborting it stops between two images. */
  readonly signal?: AbortSignal;
  /** Images that are there, of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Unpacked {
  /** Images of classes that were unpacked now. */
  readonly images: number;
  /** Images of classes that were there already. */
  readonly found: number;
}

/** Folders of the splits. */
const FOLDERS = { train: 'train', test: 'val' } as const;

/**
 * Unpack ImageNet's official archives (either, or both) into folders of images. A class appears when all its images are
 * there; what an earlier, stopped call has finished is left as it is.
 *
 * @throws UserError when there is no archive or a damaged one, or the place cannot be written
 */
export async function unpackImageNet(options: UnpackOptions): Promise<Unpacked> {
  const { from, out, cacheDir, signal, onProgress } = options;
  if (!(await hasImageNetArchive(from))) {
    throw new UserError(
      `--from ${from}: expected ${ARCHIVES.train} or ${ARCHIVES.test} there, found neither; say where they are`,
    );
  }
  const work: { file: string; target: string; each: ArchivedClass }[] = [];
  for (const split of ['train', 'test'] as const) {
    const file = path.join(from, ARCHIVES[split]);
    if (!(await exists(file))) continue;
    for (const each of await indexArchive(from, split, cacheDir)) {
      work.push({ file, target: path.join(out, FOLDERS[split], each.name), each });
    }
  }
  const total = work.reduce((sum, { each }) => sum + each.files.length, 0);
  let images = 0;
  let found = 0;
  for (const { file, target, each } of work) {
    signal?.throwIfAborted();
    if (await exists(target)) {
      await checkUnpacked(target, each);
      found += each.files.length;
    } else {
      const before = images;
      await unpackClass(file, target, each, signal, (count) => onProgress?.(found + before + count, total));
      images += each.files.length;
    }
    onProgress?.(found + images, total);
  }
  return { images, found };
}

async function exists(file: string): Promise<boolean> {
  return (await statIfThere(file)) !== undefined;
}

/** A class folder of another origin may lack images, which nobody would notice later. */
async function checkUnpacked(target: string, { files }: ArchivedClass): Promise<void> {
  const there = new Set(await readdir(target));
  const missing = files.filter((name) => !there.has(name));
  if (missing.length === 0) return;
  throw new UserError(
    `${target}: expected the ${files.length} images of the archive, found a folder without ${missing.length} of them ` +
      `(${missing[0]}${missing.length > 1 ? ', ...' : ''}); remove the folder and run the command again`,
  );
}

async function unpackClass(
  file: string,
  target: string,
  { files, offsets, lengths }: ArchivedClass,
  signal: AbortSignal | undefined,
  onImage: (count: number) => void,
): Promise<void> {
  // Hidden, so that nothing takes it for a class.
  const partial = path.join(path.dirname(target), `.${path.basename(target)}.partial`);
  const archive = await open(file);
  try {
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    for (const [index, name] of files.entries()) {
      signal?.throwIfAborted();
      const bytes = new Uint8Array(lengths[index]);
      const { bytesRead } = await archive.read(bytes, 0, bytes.length, offsets[index]);
      if (bytesRead < bytes.length) {
        throw new UserError(`${file}: the archive ends too early, in ${name}; fetch it again`);
      }
      await writeFile(path.join(partial, name), bytes);
      onImage(index + 1);
    }
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => {});
    throw explainWriteError(error, target);
  } finally {
    await archive.close();
  }
}
