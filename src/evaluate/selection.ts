/** What was measured on what: the facts by which two evaluations are the same, or may be compared. */
import { createHash } from 'node:crypto';
import type { Dataset } from '../data/dataset.ts';
import { UserError } from '../errors.ts';
import type { Image } from '../image/image.ts';
import type { Preprocessing } from '../models/card.ts';
import type { Cell } from './grid.ts';
import type { Result, ResultData } from './result.ts';

/** Images that are decoded to tell two data sets with the same classes and counts apart. */
const SAMPLES = 8;

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
  const hash = createHash('sha256');
  hash.update(JSON.stringify([dataset.classes, dataset.length]));
  hash.update(
    Buffer.from(Int32Array.from({ length: dataset.length }, (_, index) => dataset.label(index)).buffer),
  );
  const images: { image: Image; described: string }[] = [];
  const count = Math.min(SAMPLES, dataset.length);
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
  return { fingerprint: hash.digest('hex'), images };
}

/**
 * Checks that the data's images can be brought to the model's input size.
 *
 * @throws UserError that says which `--resize` to pass
 */
export function checkGeometry(sample: DataSample, { width, height, resize }: Preprocessing): void {
  if (resize !== null && width !== height) {
    throw new UserError(
      `--resize: works for square inputs, the model takes ${width}×${height}; give images of that size and leave --resize out`,
    );
  }
  if (resize !== null) return;
  const other = sample.images.find(({ image }) => image.width !== width || image.height !== height);
  if (!other) return;
  const cure =
    width === height
      ? `pass --resize ${width} to shrink the short side to ${width} and crop the centre` +
        (width === 224 ? ' (or --resize 256, if the network was tested that way)' : '')
      : 'give images of that size';
  throw new UserError(
    `${other.described}: expected an image of the model's input size ${width}×${height}, ` +
      `found ${other.image.width}×${other.image.height}; ${cure}`,
  );
}

/**
 * Where each class of the data stands among the model's outputs; undefined when that is the same place for all.
 *
 * @param modelClasses the names in the model's card, if it has one
 * @throws UserError if the two do not name the same classes
 */
export function alignClasses(
  dataClasses: readonly string[],
  modelClasses: readonly string[] | undefined,
  file: string,
): Int32Array | undefined {
  if (!modelClasses) return undefined;
  const order = dataClasses.map((name) => modelClasses.indexOf(name));
  const unknown = order.indexOf(-1);
  if (unknown >= 0 || dataClasses.length !== modelClasses.length) {
    const missing = modelClasses.find((name) => !dataClasses.includes(name));
    throw new UserError(
      `${file}: was trained on the classes ${preview(modelClasses)}, the data has ${preview(dataClasses)}` +
        ` (${unknown >= 0 ? `"${dataClasses[unknown]}" is unknown to the model` : `"${missing}" is missing`}); ` +
        'give data with the same class names',
    );
  }
  return order.every((place, index) => place === index) ? undefined : Int32Array.from(order);
}

function preview(names: readonly string[]): string {
  return names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')}, … (${names.length})`;
}

type Fact = readonly [what: string, of: (data: ResultData) => unknown];

/** Needs no values beside it: hashes tell a person nothing. */
const FINGERPRINT = 'other images or labels';

/** What must agree before two results may be compared: the same corrupted pictures. */
const SAME_PICTURES: readonly Fact[] = [
  ['number of images', (data) => data.images],
  ['--limit', (data) => data.limit],
  ['--seed', (data) => data.seed],
  ['--set', (data) => data.corruptionSet],
  ['image size', ({ preprocessing: { width, height } }) => `${width}×${height}`],
  ['--resize', (data) => data.preprocessing.resize],
  ['--frost', (data) => data.frost],
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
];

function differences(facts: readonly Fact[], wanted: ResultData, found: ResultData): string[] {
  return facts
    .filter(([, of]) => of(wanted) !== of(found))
    .map(([what, of]) => (what === FINGERPRINT ? what : `${what} ${of(found)} there, ${of(wanted)} here`));
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

/**
 * Checks that an evaluation may be continued in the file of an earlier one.
 *
 * @throws UserError that says what differs
 */
export function checkResume(
  earlier: Result,
  file: string,
  now: { readonly model: Result['model']; readonly data: ResultData; readonly device: string },
): void {
  const different = differences(SAME_INPUT, now.data, earlier.data);
  if (earlier.model.sha256 !== now.model.sha256) different.unshift(`another model (${earlier.model.file})`);
  if (earlier.environment.device !== now.device) {
    different.push(`--device ${earlier.environment.device} there, ${now.device} here`);
  }
  if (different.length === 0) return;
  throw new UserError(
    `--out ${file}: holds another evaluation: ${different.join('; ')}; choose another --out, or delete the file`,
  );
}
