/** What was measured on what: the facts by which two evaluations are the same, or may be compared. */
import { createHash, type Hash } from 'node:crypto';
import type { Dataset } from '../../data/contents.ts';
import type { CorruptedSet } from '../../data/corrupted/set.ts';
import { UserError } from '../../errors.ts';
import type { Image } from '../../image/image.ts';
import type { Preprocessing } from '../../models/card.ts';
import type { Cell } from '../grid/grid.ts';
import { geometryWords, needsExactSize } from '../model/geometry.ts';
import type { ModelReading, Result, ResultData, ResultEnvironment } from '../result/schema.ts';

/** Images that are decoded to tell two data sets with the same classes and counts apart. */
const SAMPLES = 8;
/** The same of each cell of a corrupted set. */
const CELL_SAMPLES = 2;

export interface DataSample {
  /** SHA-256, hexadecimal: the same for the same selection, wherever the files lie. */
  readonly fingerprint: string;
  /** A few images spread over the selection, unreadable ones left out. */
  readonly images: readonly { readonly image: Image; readonly described: string }[];
}

/**
 * Looks at a selection: class names, the label of each image in order, and the pixels of a few.
 */
export async function sampleData(dataset: Dataset): Promise<DataSample> {
  const labels = Int32Array.from({ length: dataset.length }, (_, index) => dataset.label(index));
  const hash = hashLabels(dataset.classes, labels);
  const images = await sampleImages(dataset, SAMPLES, hash);
  return { fingerprint: hash.digest('hex'), images };
}

function hashLabels(classes: readonly string[], labels: Int32Array): Hash {
  const hash = createHash('sha256').update(JSON.stringify([classes, labels.length]));
  return hash.update(Buffer.from(labels.buffer, labels.byteOffset, labels.byteLength));
}

/** Reads a few images spread over a data set, and adds them to a hash. */
async function sampleImages(dataset: Dataset, most: number, hash: Hash): Promise<DataSample['images']> {
  const images: { image: Image; described: string }[] = [];
  const count = Math.min(most, dataset.length);
  for (let sample = 0; sample < count; sample++) {
    const index = Math.floor((sample * dataset.length) / count);
    try {
      const image = await dataset.read(index);
      images.push({ image, described: dataset.describe(index) });
      hash.update(`${image.width}×${image.height}`).update(image.data);
    } catch {
      // Whether a bad image stops the run is the loader's business (--skip-bad); here it is only told apart.
      hash.update('unreadable');
    }
  }
  return images;
}

export interface CorruptedSample {
  /** Of class names and labels, which are the same in every cell. */
  readonly fingerprint: string;
  /** By corruption, over all severities that the set holds, measured or not: so any two results can be compared. */
  readonly fingerprints: Readonly<Record<string, string>>;
  readonly images: DataSample['images'];
}

/** Looks at a few images of each cell of a corrupted set. */
export async function sampleCorrupted(set: CorruptedSet): Promise<CorruptedSample> {
  const images: DataSample['images'][number][] = [];
  const fingerprints: Record<string, string> = {};
  for (const corruption of set.corruptions) {
    const hash = createHash('sha256');
    for (const severity of set.held(corruption)) {
      const cell = set.cell(corruption, severity);
      images.push(...(await sampleImages(cell, CELL_SAMPLES, hash.update(String(severity)))));
      await cell.close();
    }
    fingerprints[corruption] = hash.digest('hex');
  }
  return { fingerprint: hashLabels(set.classes, set.labels).digest('hex'), fingerprints, images };
}

/**
 * Checks that a corrupted set has the model's input size: its images are never resized or cropped again.
 *
 * @throws UserError that names an image of another size
 */
export function checkCorruptedSize(sample: CorruptedSample, { width, height }: Preprocessing): void {
  const other = sample.images.find(({ image }) => image.width !== width || image.height !== height);
  if (!other) return;
  throw new UserError(
    `${other.described}: expected an image of the model's input size ${width}×${height}, found ` +
      `${other.image.width}×${other.image.height}; corrupted images are not resized: give a set and a model of one size`,
  );
}

/**
 * Checks that the data's images can be brought to the model's input size.
 *
 * @throws UserError that says which options to pass
 */
export function checkGeometry(sample: DataSample, preprocessing: Preprocessing): void {
  if (!needsExactSize(preprocessing)) return;
  const { width, height } = preprocessing;
  const other = sample.images.find(({ image }) => image.width !== width || image.height !== height);
  if (!other) return;
  const cure =
    width === height
      ? `pass --resize ${width} to shrink the short side to ${width} and crop the centre` +
        (width === 224
          ? ' (or --resize 256, if the network was tested that way)'
          : cropAlone(other.image, width)) +
        ', or --fit squeeze to resize width and height apart'
      : 'pass --fit squeeze, --fit pad or --fit crop, or give images of that size';
  throw new UserError(
    `${other.described}: expected an image of the model's input size ${width}×${height}, ` +
      `found ${other.image.width}×${other.image.height}; ${cure}`,
  );
}

/** Images that are a little larger, as MNIST's 28×28 in a frame of 32×32, are rather cropped than shrunk. */
function cropAlone(image: Image, size: number): string {
  const short = Math.min(image.width, image.height);
  return short > size && short <= 1.25 * size ? `, or --resize ${short} to crop the centre alone` : '';
}

type Fact = readonly [what: string, of: (data: ResultData) => unknown];

/** Needs no values beside it: hashes tell a person nothing. */
const FINGERPRINT = 'other images or labels';

/** What must agree before two results may be compared: the same corrupted pictures. */
const SAME_PICTURES: readonly Fact[] = [
  ['corrupted images', ({ corrupted }) => (corrupted ? `of ${corrupted.format}` : 'made in memory')],
  ['number of images', (data) => data.images],
  ['--limit', (data) => data.limit],
  ['--seed', (data) => data.seed],
  ['--set', (data) => data.corruptionSet],
  ['image size', ({ preprocessing: { width, height } }) => `${width}×${height}`],
  ...(['--resize', '--fit', '--resample', '--crop-rounding', '--fill'] as const).map(
    (name): Fact => [
      name,
      ({ preprocessing }) => geometryWords(preprocessing).find(([option]) => option === name)?.[1] ?? 'none',
    ],
  ),
  ['--frost-dir', (data) => data.frost],
  ['--skip-bad', (data) => data.skipBad],
  ['classes', (data) => data.classes],
  [FINGERPRINT, (data) => data.fingerprint],
];

/** What must agree beyond that before an evaluation may be continued: the same input to the network. */
const SAME_INPUT: readonly Fact[] = [
  ...SAME_PICTURES,
  ['layout', (data) => data.preprocessing.layout],
  ['--mean', (data) => data.preprocessing.mean.join(',')],
  ['--std', (data) => data.preprocessing.std.join(',')],
  ['--channels', (data) => data.preprocessing.channels ?? 'rgb'],
];

/** What of a model's answers must agree as well; a result of an earlier version does not tell. */
function otherReading(wanted: ModelReading | undefined, found: ModelReading | undefined): string[] {
  if (!wanted || !found) return [];
  const pairs = [
    ['--output', found.output.name, wanted.output.name],
    ['--scores', found.scores.kind, wanted.scores.kind],
  ] as const;
  const list = pairs
    .filter(([, there, here]) => there !== here)
    .map(([what, there, here]) => `${what} ${there} there, ${here} here`);
  if (wanted.classes.mapping !== found.classes.mapping) list.push('other outputs for the classes (--labels)');
  return list;
}

function differences(facts: readonly Fact[], wanted: ResultData, found: ResultData): string[] {
  const list = facts
    .filter(([, of]) => of(wanted) !== of(found))
    .map(([what, of]) => (what === FINGERPRINT ? what : `${what} ${of(found)} there, ${of(wanted)} here`));
  return [...list, ...otherImagesOfSets(wanted, found)];
}

/** What differs between the pictures of two results, in words; nothing where they may be compared image by image. */
export function differentPictures(wanted: ResultData, found: ResultData): string[] {
  return differences(SAME_PICTURES, wanted, found);
}

/** What differs between two corrupted sets, or the clean images beside them, in so far as both were measured. */
export function otherImagesOfSets(wanted: ResultData, found: ResultData): string[] {
  const list: string[] = [];
  const others = Object.entries(wanted.corrupted?.fingerprints ?? {}).filter(([corruption, fingerprint]) => {
    const there = found.corrupted?.fingerprints[corruption];
    return there !== undefined && there !== fingerprint;
  });
  if (others.length > 0) list.push(`other images of ${others.map(([corruption]) => corruption).join(', ')}`);
  if (wanted.clean && found.clean && wanted.clean.fingerprint !== found.clean.fingerprint) {
    list.push('other clean images');
  }
  return list;
}

/**
 * Checks before the run that `baseline` measured the same pictures, and every cell that is asked for.
 *
 * @throws UserError that says what differs or what is missing
 */
export function checkBaseline(
  baseline: Result,
  file: string,
  data: ResultData,
  cells: readonly Cell[],
): void {
  const different = differences(SAME_PICTURES, data, baseline.data);
  if (different.length > 0) {
    throw new UserError(
      `--baseline ${file}: expected a result on the same corrupted images, found ${baseline.data.name} with ` +
        `${different.join('; ')}; evaluate the baseline with the same options`,
    );
  }
  checkBaselineCells(baseline, file, cells);
}

/** The part of {@link checkBaseline} that needs neither data nor model. */
export function checkBaselineCells(
  baseline: Pick<Result, 'errors'>,
  file: string,
  cells: readonly Cell[],
): void {
  const missing = cells.filter(({ corruption, severity }) => {
    const error = baseline.errors[corruption]?.[severity - 1];
    return error === undefined || error === null;
  });
  if (missing.length === 0) return;
  const named = missing
    .slice(0, 3)
    .map(({ corruption, severity }) => `${corruption} at severity ${severity}`);
  const more = missing.length > named.length ? ` and ${missing.length - named.length} more` : '';
  throw new UserError(
    `--baseline ${file}: expected the errors of all that is measured here, ${named.join(', ')}${more} ` +
      `${missing.length === 1 ? 'is' : 'are'} missing; finish the baseline's evaluation, or ask for fewer ` +
      'with --corruptions and --severities',
  );
}

type ComputedOn = Pick<ResultEnvironment, 'engine' | 'device' | 'precision' | 'tf32'>;

/** By options; what results of earlier versions do not tell was not to be chosen. */
function computedOn({
  engine = 'onnxruntime',
  device,
  precision = 'float32',
  tf32 = false,
}: ComputedOn): Readonly<Record<string, string>> {
  return {
    '--engine': engine,
    '--device': device,
    '--precision': precision,
    '--tf32': tf32 ? 'given' : 'left out',
  };
}

/**
 * Checks that an evaluation may be continued in the file of an earlier one.
 *
 * @throws UserError that says what differs
 */
export function checkResume(
  earlier: Result,
  file: string,
  now: { readonly model: Result['model']; readonly data: ResultData } & ComputedOn,
): void {
  const different = differences(SAME_INPUT, now.data, earlier.data);
  if (earlier.model.sha256 !== now.model.sha256) different.unshift(`another model (${earlier.model.file})`);
  different.push(...otherReading(now.model.reading, earlier.model.reading));
  const [there, here] = [computedOn(earlier.environment), computedOn(now)];
  for (const [option, value] of Object.entries(there)) {
    if (value !== here[option]) different.push(`${option} ${value} there, ${here[option]} here`);
  }
  if (different.length === 0) return;
  throw new UserError(
    `--out ${file}: holds another evaluation: ${different.join('; ')}; choose another --out, or delete the file`,
  );
}
