/** CIFAR-10 and CIFAR-100 (Krizhevsky 2009) as they are published: their binary and their Python versions. */

import { UserError } from '../../../errors.ts';
import type { SplitContents } from '../../contents.ts';
import type { Listing } from '../../listing/listed-files.ts';
import type { ReadingRequest } from '../spec.ts';
import { readListedText } from '../tables/table-files.ts';
import type { CifarBatch } from './cifar-python.ts';
import { readCifarBatch, readCifarMeta } from './cifar-python.ts';
import { openCifar10, shallowFiles } from './cifar10.ts';
import { CIFAR100_CLASSES } from './cifar100-classes.ts';

const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;
/** Coarse and fine label, before the planes of red, green and blue. */
const LABELS_100 = 2;
const RECORD_100 = LABELS_100 + PIXELS;

/** Which of CIFAR-100's labels: 100 classes, or the 20 superclasses. */
const GRAINS = ['fine', 'coarse'] as const;
export type Grain = (typeof GRAINS)[number];

/**
 * One split of CIFAR-10 or CIFAR-100, if the listing has their files, possibly one folder deep. The images are copied to
 * memory and the listing is closed.
 *
 * @returns undefined when there are no such files
 * @throws UserError when some are missing or damaged
 */
export async function openCifar(
  listing: Listing,
  request: ReadingRequest,
): Promise<SplitContents | undefined> {
  const found = shallowFiles(listing.files);
  const has = (...names: readonly string[]) => names.every((name) => found.has(name));
  if (has('batches.meta', 'data_batch_1') || has('batches.meta', 'test_batch')) {
    refuse(listing, request, ['label']);
    return await openPython(listing, found, request, 10);
  }
  if (has('meta') && (has('train') || has('test'))) return await openPython(listing, found, request, 100);
  if (has('fine_label_names.txt') && (has('train.bin') || has('test.bin'))) {
    return await openBinary100(listing, found, request);
  }
  const contents = await openCifar10(listing, request.split);
  if (contents) refuse(listing, request, ['label']);
  return contents;
}

function refuse(
  { place }: Listing,
  { asked, label }: ReadingRequest,
  options: readonly ('label' | 'asked')[],
): void {
  if (label !== undefined && options.includes('label')) {
    throw new UserError(`${place}: --label: CIFAR-10 has one kind of labels; leave it out`);
  }
  if (asked !== undefined && !['train', 'test'].includes(asked)) {
    throw new UserError(`${place}: --split: expected train or test, found ${asked}; name one of them`);
  }
}

function grainOf({ place }: Listing, { label }: ReadingRequest): Grain {
  const grain = GRAINS.find(
    (name) =>
      label === undefined || name === label || `${name}_label` === label || `${name}_labels` === label,
  );
  if (grain) return grain;
  throw new UserError(
    `${place}: --label: expected fine (100 classes) or coarse (20), found ${label}; name one of them`,
  );
}

function sideOf({ split, asked }: ReadingRequest): 'train' | 'test' {
  return split === 'test' && asked === 'train' ? 'train' : split;
}

async function openBinary100(
  listing: Listing,
  found: ReadonlyMap<string, number>,
  request: ReadingRequest,
): Promise<SplitContents> {
  refuse(listing, request, ['asked']);
  const grain = grainOf(listing, request);
  const file = needed(listing, found, `${sideOf(request)}.bin`);
  const bytes = await listing.read(file);
  const name = listing.describe(file);
  if (bytes.length === 0 || bytes.length % RECORD_100 !== 0) {
    throw new UserError(
      `${name}: expected records of ${RECORD_100} bytes, found ${bytes.length} bytes in all; fetch the archive again`,
    );
  }
  const namesFile = found.get(`${grain}_label_names.txt`);
  const classes =
    namesFile === undefined
      ? undefined
      : (await readListedText(listing, namesFile)).split(/\s+/).filter(Boolean);
  const labels = Int32Array.from(
    { length: bytes.length / RECORD_100 },
    (_, index) => bytes[index * RECORD_100 + (grain === 'fine' ? 1 : 0)],
  );
  const batch = { name, bytes, first: LABELS_100, stride: RECORD_100, labels };
  return await assemble(listing, [batch], {
    kind: 'cifar100',
    classes: namesOf(classes, grain),
    grain,
    version: 'binary',
  });
}

async function openPython(
  listing: Listing,
  found: ReadonlyMap<string, number>,
  request: ReadingRequest,
  count: 10 | 100,
): Promise<SplitContents> {
  refuse(listing, request, ['asked']);
  const grain = count === 10 ? undefined : grainOf(listing, request);
  const side = sideOf(request);
  const ten = side === 'train' ? [1, 2, 3, 4, 5].map((number) => `data_batch_${number}`) : ['test_batch'];
  const meta = needed(listing, found, count === 10 ? 'batches.meta' : 'meta');
  const key = grain === undefined ? 'label_names' : `${grain}_label_names`;
  const classes = readCifarMeta(await listing.read(meta), listing.describe(meta), key);
  const batches: CifarBatch[] = [];
  for (const each of count === 10 ? ten : [side]) {
    const file = needed(listing, found, each);
    const labels = grain === undefined ? 'labels' : `${grain}_labels`;
    batches.push(readCifarBatch(await listing.read(file), listing.describe(file), labels));
  }
  return await assemble(listing, batches, { kind: `cifar${count}`, classes, grain, version: 'Python' });
}

function needed({ place }: Listing, found: ReadonlyMap<string, number>, name: string): number {
  const file = found.get(name);
  if (file !== undefined) return file;
  throw new UserError(`${place}: expected CIFAR's file ${name}, found none; fetch the archive again`);
}

function namesOf(found: readonly string[] | undefined, grain: Grain): readonly string[] {
  if (found) return found;
  return grain === 'fine' ? CIFAR100_CLASSES : Array.from({ length: 20 }, (_, label) => String(label));
}

interface CifarFacts {
  readonly kind: 'cifar10' | 'cifar100';
  readonly classes: readonly string[];
  readonly grain?: Grain;
  readonly version: string;
}

async function assemble(
  listing: Listing,
  batches: readonly CifarBatch[],
  { kind, classes, grain, version }: CifarFacts,
): Promise<SplitContents> {
  for (const { name, labels } of batches) {
    const wrong = labels.findIndex((label) => label < 0 || label >= classes.length);
    if (wrong < 0) continue;
    throw new UserError(
      `${name}, image ${wrong}: expected a label from 0 to ${classes.length - 1}, found ${labels[wrong]}; fetch the archive again`,
    );
  }
  const total = batches.reduce((sum, { labels }) => sum + labels.length, 0);
  const shared = new SharedArrayBuffer(total * PIXELS);
  const pixels = new Uint8Array(shared);
  const places: string[] = [];
  for (const { name, bytes, first, stride, labels } of batches) {
    for (let index = 0; index < labels.length; index++) {
      const from = first + index * stride;
      pixels.set(bytes.subarray(from, from + PIXELS), places.length * PIXELS);
      places.push(`${name}, image ${index}`);
    }
  }
  await listing.close();
  const what = kind === 'cifar10' ? 'CIFAR-10' : 'CIFAR-100';
  const displayName = grain === 'coarse' ? 'CIFAR-100 (coarse)' : what;
  return {
    kind,
    name: kind,
    displayName,
    path: listing.place,
    classes,
    labels: Int32Array.from(batches.flatMap(({ labels }) => [...labels])),
    storage: {
      ...{ kind: 'pixels', format: 'planes', bytes: shared, width: SIDE, height: SIDE, padding: 0 },
      offsets: Float64Array.from({ length: total }, (_, index) => index * PIXELS),
    },
    describe: (index) => places[index],
    close: async () => {},
    reading: {
      readAs: `${what}'s ${version} version${grain === undefined ? '' : `, ${grain} labels (${classes.length})`}, classes in the order of its list`,
      notes: [],
    },
  };
}
