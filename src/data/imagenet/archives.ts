import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { stat } from '../../files/fs.ts';
import { indexFile, readIndex, writeIndex } from '../../files/index-cache.ts';
import { readHeaders } from '../listing/archive.ts';
import { indexTar } from '../listing/tar.ts';
import { readGroundTruth } from './ground-truth.ts';

/** The official archives: a tar with a tar a class inside, and a tar with all validation images. */
export const ARCHIVES = { train: 'ILSVRC2012_img_train.tar', test: 'ILSVRC2012_img_val.tar' } as const;

const INDEX_SCHEMA = 'pushpull.imagenet-index/1';

const indexSchema = z.object({
  schema: z.literal(INDEX_SCHEMA),
  size: z.number(),
  mtimeMs: z.number(),
  classes: z.array(
    z.object({
      name: z.string(),
      /** File names, a line each, in their order. */
      files: z.string(),
      /** Where each file's contents lie in the archive, and their lengths, in bytes. */
      offsets: z.array(z.number()),
      lengths: z.array(z.number()),
    }),
  ),
});

type Index = z.infer<typeof indexSchema>;

/** The images of one class in an archive. */
export interface ArchivedClass {
  /** WordNet id. */
  readonly name: string;
  readonly files: readonly string[];
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

/**
 * Where the images of an official archive lie, class by class in the order of the names. It is looked up once: the
 * index is kept in the cache folder until the archive changes.
 *
 * @param folder Where the archives lie.
 * @throws UserError when the archive is damaged or another one, or the classes of validation images are not known
 */
export async function indexArchive(
  folder: string,
  split: 'train' | 'test',
  cacheDir?: string,
): Promise<readonly ArchivedClass[]> {
  const file = path.join(folder, ARCHIVES[split]);
  const { size, mtimeMs } = await stat(file);
  const cached = indexFile(file, cacheDir);
  let index = await readIndex<Index>(cached, indexSchema);
  if (index?.size !== size || index.mtimeMs !== mtimeMs) {
    const classes = split === 'train' ? indexTrain(file, size) : indexValidation(file, size);
    index = { schema: INDEX_SCHEMA, size, mtimeMs, classes };
    await writeIndex(cached, index);
  }
  const classes = index.classes.map((each) => ({ ...each, files: each.files.split('\n') }));
  return split === 'train'
    ? classes
    : byGroundTruth(classes[0], file, await readGroundTruth(folder, cacheDir));
}

type IndexedFile = Index['classes'][number] & { readonly name: string };

/** The images of a tar that lies at an offset in a file. */
function indexImages(
  read: Parameters<typeof indexTar>[0],
  { offset, size, name, file }: { offset: number; size: number; name: string; file: string },
): IndexedFile {
  const images = indexTar((at, length) => read(offset + at, length), size, file)
    .entries.map((entry) => ({ ...entry, path: path.posix.basename(entry.path) }))
    .filter((entry) => /\.jpe?g$/i.test(entry.path))
    .sort((a, b) => compare(a.path, b.path));
  return {
    name,
    files: images.map((entry) => entry.path).join('\n'),
    offsets: images.map((entry) => offset + entry.offset),
    lengths: images.map((entry) => entry.length),
  };
}

function indexTrain(file: string, size: number): IndexedFile[] {
  const classes = readHeaders(file, (read) =>
    indexTar(read, size, file).entries.flatMap((entry) => {
      const wnid = /(?:^|\/)(n\d{8})\.tar$/.exec(entry.path)?.[1];
      if (wnid === undefined) return [];
      const inside = { offset: entry.offset, size: entry.length, name: wnid, file: `${file}: ${entry.path}` };
      return [indexImages(read, inside)];
    }),
  ).filter(({ files }) => files !== '');
  if (classes.length > 0) return classes.sort((a, b) => compare(a.name, b.name));
  throw new UserError(
    `${file}: expected a tar a class (n01440764.tar, ...) with images inside, found none; fetch it again`,
  );
}

function indexValidation(file: string, size: number): IndexedFile[] {
  const all = readHeaders(file, (read) => indexImages(read, { offset: 0, size, name: 'val', file }));
  if (all.files !== '') return [all];
  throw new UserError(`${file}: expected ILSVRC2012_val_00000001.JPEG, ..., found no images; fetch it again`);
}

/** Validation images, sorted into their classes. */
function byGroundTruth(all: ArchivedClass, file: string, wnids: readonly string[]): ArchivedClass[] {
  type Growing = { name: string; files: string[]; offsets: number[]; lengths: number[] };
  const classes = new Map<string, Growing>();
  all.files.forEach((name, index) => {
    const number = /^ILSVRC2012_val_(\d{8})\.jpe?g$/i.exec(name)?.[1];
    const wnid = number === undefined ? undefined : wnids[Number(number) - 1];
    if (wnid === undefined) {
      throw new UserError(
        `${file}: ${name}: expected one of ${wnids.length} validation images of which the class is known; ` +
          'use the devkit that belongs to the archive',
      );
    }
    const found = classes.get(wnid) ?? { name: wnid, files: [], offsets: [], lengths: [] };
    classes.set(wnid, found);
    found.files.push(name);
    found.offsets.push(all.offsets[index]);
    found.lengths.push(all.lengths[index]);
  });
  return [...classes.values()].sort((a, b) => compare(a.name, b.name));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
