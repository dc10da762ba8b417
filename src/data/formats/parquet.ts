/** Parquet shards as Hugging Face keeps image data sets in: `data/train-00000-of-00003.parquet` and so on. */
import path from 'node:path';
import { UserError } from '../../errors.ts';
import { plural } from '../../words.ts';
import type { SplitContents } from '../contents.ts';
import type { Listing } from '../listing/listed-files.ts';
import { listFiles } from '../listing/listing.ts';
import { orderClasses, some } from './class-order.ts';
import { packImages } from './image-pack.ts';
import { openShard, type Shard, shardImages, shardLabels } from './parquet-shard.ts';
import type { ReadingRequest } from './spec.ts';
import { chooseSplit, SPLIT_NAMES, splitOf, splitWordIn } from './splits.ts';

export const PARQUET = /\.parquet$/i;

/** The split that a shard is of: by its name, else by the folder that it lies in. */
function splitName(file: string): string | undefined {
  const parts = file.split('/');
  return (
    splitWordIn(parts.at(-1)!.replace(PARQUET, '')) ??
    parts
      .slice(0, -1)
      .reverse()
      .find((part) => splitOf(part) !== undefined)
  );
}

/**
 * One split of the images in Parquet files.
 *
 * @returns undefined when the listing has none
 * @throws UserError when a file is damaged, has no column of images, or a row lacks its image or label
 */
export async function openParquet(
  listing: Listing,
  request: ReadingRequest,
): Promise<SplitContents | undefined> {
  const files = listing.files.filter((file) => PARQUET.test(file)).sort();
  if (files.length === 0) return undefined;
  const { split, asked, unlabelled = false, label } = request;
  const configurations = new Set(files.map((file) => configurationOf(file)));
  if (configurations.size > 1) {
    throw new UserError(
      `${listing.place}: expected one data set, found ${some([...configurations])}; give the path of one`,
    );
  }
  const names = files.flatMap((file) => splitName(file) ?? []);
  const isUnsplit = names.length === 0 && asked === undefined;
  const shards = new Map<string, Promise<Shard>>();
  const open = (file: string) => {
    const opened = shards.get(file) ?? openShard(path.join(listing.place, file), label);
    shards.set(file, opened);
    return opened;
  };
  const filesOf = (name: string | undefined) => files.filter((file) => isUnsplit || splitName(file) === name);
  const notes: string[] = [];
  let wanted = isUnsplit ? undefined : chooseSplit(names, split, asked, listing.place);
  let chosen = await Promise.all(filesOf(wanted).map(open));
  let labels = isUnsplit || wanted !== undefined ? await labelsOf(chosen) : [];
  // Test images are often published without their labels.
  if (
    !unlabelled &&
    wanted !== undefined &&
    asked === undefined &&
    split === 'test' &&
    labels.every((value) => value === undefined)
  ) {
    const next = SPLIT_NAMES.test.flatMap(
      (name) => names.find((each) => each.toLowerCase() === name && each !== wanted) ?? [],
    );
    if (next[0] !== undefined) {
      notes.push(`left out: ${plural(labels.length, 'image')} of split ${wanted}, which have no labels`);
      wanted = next[0];
      chosen = await Promise.all(filesOf(wanted).map(open));
      labels = await labelsOf(chosen);
    }
  }
  if (chosen.length === 0 || (wanted === undefined && !isUnsplit)) {
    throw new UserError(
      `${listing.place}: expected Parquet files with ${split} images, found ${some([...new Set(names)], 5)} only; ` +
        (split === 'train'
          ? 'add such files'
          : 'name one of them with --split, or train with --validation 0.1'),
    );
  }
  const [first] = chosen;
  const isLabelled = labels.some((value) => value !== undefined);
  if (!isLabelled && !unlabelled) {
    throw new UserError(
      `${first.file}: expected a column of labels, found ${some(first.columns, 8)}; say which with --label COLUMN`,
    );
  }
  const missing = labels.indexOf(undefined);
  if (isLabelled && missing >= 0) {
    throw new UserError(
      `${placeOf(chosen, missing)}: expected a label in column ${first.label}, found none; remove the row`,
    );
  }
  const others =
    isLabelled && first.names === undefined ? files.filter((file) => !filesOf(wanted).includes(file)) : [];
  const otherLabels = await labelsOf(await Promise.all(others.map(open)));
  const values = [...labels, ...otherLabels].flatMap((value) => value ?? []);
  const order = isLabelled
    ? orderClasses(values, first.file, first.names && { names: first.names, from: "the file's schema" })
    : undefined;
  const used = new Set(labels);
  const lacking = order
    ? [...new Set(values)]
        .filter((value) => !used.has(value))
        .map((value) => order.classes[order.indexOf(value)])
    : [];
  const key = [listing.place, split, asked, first.image];
  const storage = await packImages(
    chosen.map(({ file }) => file),
    key,
    request.cacheDir,
    async (add) => {
      for (const shard of chosen) await shardImages(shard, listing.place, add);
    },
  );
  await listing.close();
  return {
    kind: 'parquet',
    name: path.basename(listing.place),
    displayName: path.basename(listing.place),
    path: listing.place,
    classes: order?.classes ?? [''],
    labels: Int32Array.from(labels, (value) => (order ? order.indexOf(value!) : 0)),
    storage,
    describe: (index) => placeOf(chosen, index),
    close: async () => {},
    reading: {
      readAs:
        `${chosen.length === 1 ? '1 Parquet file' : `${chosen.length} Parquet files`}${wanted === undefined ? '' : ` of split ${wanted}`}, ` +
        `images of column ${first.image}${isLabelled ? `, labels of column ${first.label}` : ''}, ${order?.order ?? 'without classes'}`,
      notes: [
        ...(isUnsplit ? [`no split: all ${labels.length} images are used`] : []),
        ...(order?.notes ?? []),
        ...(lacking.length > 0
          ? [
              `${lacking.length} ${lacking.length === 1 ? 'class' : 'classes'} without images in ${wanted}: ${some(lacking)}`,
            ]
          : []),
        ...notes,
        ...otherSplits(names, wanted, split),
      ],
      ...(isUnsplit && { unsplit: true }),
      ...(!order && { unlabelled: true }),
      ...(lacking.length > 0 && { lacking }),
    },
  };
}

/** A single Parquet file, as a listing. */
export function listOne(file: string): Listing {
  return { ...listFiles(path.dirname(file), [path.basename(file)]), place: path.dirname(file) };
}

function otherSplits(
  names: readonly string[],
  wanted: string | undefined,
  split: 'train' | 'test',
): string[] {
  if (split === 'train') return [];
  const others = [...new Set(names)].filter((name) => name !== wanted && splitOf(name) !== 'train');
  return others.map((name) => `left out: split ${name}, measured with --split ${name}`);
}

/** The folder of the files without what tells splits apart: each has another data set. */
function configurationOf(file: string): string {
  return file
    .split('/')
    .slice(0, -1)
    .filter((part) => splitOf(part) === undefined)
    .join('/');
}

async function labelsOf(shards: readonly Shard[]): Promise<(string | undefined)[]> {
  const labels: (string | undefined)[] = [];
  for (const shard of shards) for (const value of await shardLabels(shard)) labels.push(value);
  return labels;
}

function placeOf(shards: readonly Shard[], index: number): string {
  let row = index;
  for (const { file, rows } of shards) {
    if (row < rows) return `${file}, row ${row}`;
    row -= rows;
  }
  return `row ${index}`;
}
