/** WebDataset: tars in which the files of an image share a name, `000001.jpg` and `000001.cls`. */
import path from 'node:path';
import { UserError } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import type { SplitContents } from '../contents.ts';
import type { Listing } from '../listing/listed-files.ts';
import { openListing } from '../listing/listing.ts';
import { type ImageStorage, joinStorages } from '../storage.ts';
import { readClassNames } from './class-names.ts';
import { orderClasses, some } from './class-order.ts';
import type { ReadingRequest } from './spec.ts';
import { isPicture } from './split-folders.ts';
import { chooseSplit, splitOf, splitWordIn } from './splits.ts';
import { readListedText } from './tables/table-files.ts';

const TAR = /\.(tar|tar\.gz|tgz)$/i;
/** What stands beside an image and may tell its class, the likelier first. */
const LABEL_FILES = ['cls', 'json', 'cls.txt', 'class', 'label'];
/** Of a file that tells classes and is of no use beside a picture for anything else. */
const LABEL_NAME = /\.(cls|json|cls\.txt|class|label)$/i;

interface Sample {
  readonly image: number;
  readonly label?: string;
}

interface OpenShard {
  readonly listing: Listing;
  readonly samples: readonly Sample[];
}

/** Whether the files of an archive are WebDataset's: pictures with a class beside them. */
export function isWebDataset(listing: Listing): boolean {
  const { files } = listing;
  const labelled = new Set(files.filter((file) => LABEL_NAME.test(file)).map(stemOf));
  return labelled.size > 0 && files.some((file, at) => isPicture(listing, at) && labelled.has(stemOf(file)));
}

/** The tars of a folder, where it has no pictures of its own; undefined for other folders. */
export function shardsOf(listing: Listing): readonly string[] | undefined {
  const tars = listing.files.filter((file) => TAR.test(file)).sort();
  return tars.length > 0 && !listing.files.some((_, at) => isPicture(listing, at)) ? tars : undefined;
}

/** WebDataset's rule: all before the first dot of the file's name. */
function stemOf(file: string): string {
  const start = file.lastIndexOf('/') + 1;
  const dot = file.indexOf('.', start);
  return dot < 0 ? file : file.slice(0, dot);
}

/**
 * One split of the images in tars.
 *
 * @param shards paths below the place; empty where the listing is the only tar
 * @returns undefined when the tars are no such ones
 * @throws UserError that names the tar and the image when a label is missing or none
 */
export async function openWebDataset(
  listing: Listing,
  shards: readonly string[],
  request: ReadingRequest,
): Promise<SplitContents | undefined> {
  const { split, asked, unlabelled = false, cacheDir, label } = request;
  const nameOf = (file: string) =>
    splitWordIn(path.posix.basename(file)) ??
    file
      .split('/')
      .slice(0, -1)
      .find((part) => splitOf(part) !== undefined);
  const tars = shards.length === 0 ? [''] : shards;
  const names = tars.flatMap((file) => nameOf(file) ?? []);
  const isUnsplit = names.length === 0 && asked === undefined;
  const wanted = isUnsplit ? undefined : chooseSplit(names, split, asked, listing.place);
  const chosen = tars.filter((file) => isUnsplit || (wanted !== undefined && nameOf(file) === wanted));
  if (chosen.length === 0) {
    throw new UserError(
      `${listing.place}: expected tars with ${split} images, found ${some([...new Set(names)], 5)} only; ` +
        (split === 'train'
          ? 'add such tars'
          : 'name one of them with --split, or train with --validation 0.1'),
    );
  }
  const opened: OpenShard[] = [];
  const open = async (file: string) => {
    const tar = file === '' ? listing : await openListing(path.join(listing.place, file), cacheDir);
    const shard = { listing: tar, samples: await samplesOf(tar, label, unlabelled) };
    opened.push(shard);
    return shard;
  };
  try {
    const parts: OpenShard[] = [];
    for (const file of chosen) parts.push(await open(file));
    const samples = parts.flatMap((part) =>
      part.samples.map((sample) => ({ ...sample, listing: part.listing })),
    );
    if (samples.length === 0) return undefined;
    const isLabelled = samples.every((sample) => sample.label !== undefined);
    // Names have their order from all splits; numbers need only the largest, which names tell too.
    const classNames = await readClassNames(listing);
    const others = isLabelled && !classNames ? tars.filter((file) => !chosen.includes(file)) : [];
    const more: (string | undefined)[] = [];
    for (const file of others) for (const sample of (await open(file)).samples) more.push(sample.label);
    const values = [...samples.map((sample) => sample.label), ...more].flatMap((value) => value ?? []);
    const order = isLabelled ? orderClasses(values, listing.place, classNames) : undefined;
    const used = new Set(samples.map((sample) => sample.label));
    const lacking = order
      ? [...new Set(values)]
          .filter((value) => !used.has(value))
          .map((value) => order.classes[order.indexOf(value)])
      : [];
    const storages: ImageStorage[] = parts.map((part) =>
      part.listing.storage(part.samples.map(({ image }) => image)),
    );
    const left = [...new Set(names)].filter(
      (name) => name !== wanted && splitOf(name) !== 'train' && split === 'test',
    );
    return {
      kind: 'webdataset',
      name: path.basename(listing.place),
      displayName: path.basename(listing.place),
      path: listing.place,
      classes: order?.classes ?? [''],
      labels: Int32Array.from(samples, (sample) => order?.indexOf(sample.label!) ?? 0),
      storage: joinStorages(
        storages,
        parts.map((part) => part.samples.length),
      ),
      describe: (index) => samples[index].listing.describe(samples[index].image),
      close: async () => {
        for (const shard of opened) await shard.listing.close();
        await listing.close();
      },
      reading: {
        readAs: `WebDataset, ${chosen.length === 1 ? '1 tar' : `${chosen.length} tars`}${wanted === undefined ? '' : ` of split ${wanted}`}, ${order?.order ?? 'without classes'}`,
        notes: [
          ...(isUnsplit ? [`no split: all ${samples.length} images are used`] : []),
          ...(order?.notes ?? []),
          ...(lacking.length > 0
            ? [
                `${lacking.length} ${lacking.length === 1 ? 'class' : 'classes'} without images in ${wanted}: ${some(lacking)}`,
              ]
            : []),
          ...left.map((name) => `left out: split ${name}, measured with --split ${name}`),
        ],
        ...(isUnsplit && { unsplit: true }),
        ...(!order && { unlabelled: true }),
        ...(lacking.length > 0 && { lacking }),
      },
    };
  } catch (error) {
    for (const shard of opened) await shard.listing.close();
    throw error;
  }
}

async function samplesOf(
  listing: Listing,
  wanted: string | undefined,
  unlabelled: boolean,
): Promise<Sample[]> {
  const besides = new Map<string, Map<string, number>>();
  listing.files.forEach((file, index) => {
    const stem = stemOf(file);
    const parts = besides.get(stem) ?? new Map<string, number>();
    besides.set(stem, parts);
    parts.set(file.slice(stem.length + 1).toLowerCase(), index);
  });
  const samples: Sample[] = [];
  for (const parts of besides.values()) {
    const images = [...parts].filter(([, index]) => isPicture(listing, index));
    if (images.length === 0) continue;
    // Beside `7.jpg` there may be a `7.mask.png`.
    const [, image] = images.find(([ending]) => !ending.includes('.')) ?? images[0];
    const label = await labelOf(listing, parts, wanted);
    if (label === undefined && !unlabelled) {
      throw new UserError(
        `${listing.describe(image)}: expected its class in a .cls file beside it, or as "label" in a .json file, found none; ` +
          'add it, or say where the label is with --label NAME',
      );
    }
    samples.push({ image, ...(label !== undefined && { label }) });
  }
  return samples;
}

async function labelOf(
  listing: Listing,
  parts: ReadonlyMap<string, number>,
  wanted: string | undefined,
): Promise<string | undefined> {
  for (const ending of wanted !== undefined && parts.has(wanted) ? [wanted] : LABEL_FILES) {
    const file = parts.get(ending);
    if (file === undefined) continue;
    const text = (await readListedText(listing, file)).trim();
    if (ending !== 'json') return text === '' ? undefined : text;
    const label = jsonLabel(text, listing.describe(file), wanted);
    if (label !== undefined) return label;
  }
  return undefined;
}

function jsonLabel(text: string, name: string, wanted: string | undefined): string | undefined {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw new UserError(`${name}: expected JSON, found a mistake in it; mend the file`);
  }
  const entries = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const keys = wanted === undefined ? ['label', 'cls', 'class', 'class_id', 'target'] : [wanted];
  const found = keys.map((key) => entries[key]).find((each) => each !== undefined && each !== null);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
}
