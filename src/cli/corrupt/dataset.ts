/** Writing corrupted copies of a whole data set: CIFAR-10-C's arrays, ImageNet-C's folders, or folders of PNG files. */

import path from 'node:path';
import {
  type CorruptionName,
  corrupt,
  type ParameterSet,
  type Quirks,
  type Severity,
} from '../../corrupt/index.ts';
import type { Dataset } from '../../data/contents.ts';
import { encodeNpy, NpyWriter } from '../../data/npy/npy.ts';
import { decodingReason } from '../../data/pictures/decode.ts';
import { squareCrop } from '../../data/pictures/picture-file.ts';
import { withoutPictureEnding } from '../../data/pictures/picture-names.ts';
import { UserError } from '../../errors.ts';
import { explainWriteError, temporaryNeighbour, writeFileAtomic } from '../../files/files.ts';
import { mkdir, open, rename, rm, stat, writeFile } from '../../files/fs.ts';
import type { Image } from '../../image/image.ts';
import type { CorruptFormat } from './formats.ts';
import { CorruptPool } from './pool.ts';

export interface CorruptDatasetOptions {
  readonly dataset: Dataset;
  /** Numbers of its images that are corrupted; all can be read. */
  readonly indices: readonly number[];
  readonly corruptions: readonly CorruptionName[];
  readonly severities: readonly Severity[];
  readonly set: ParameterSet;
  readonly seed: number;
  readonly quirks: Partial<Quirks>;
  readonly frost?: readonly Image[];
  readonly format: CorruptFormat;
  readonly out: string;
  /** Side of the square that is cut out of every image first; the images as they are where it is absent. */
  readonly size?: number;
  readonly workers: number;
  /** Corruptions of which there may be files already: what is there of them is of the same set, and stays. */
  readonly begun: ReadonlySet<CorruptionName>;
  /** Stops between two images; unfinished arrays are removed. */
  readonly signal: AbortSignal;
  readonly onProgress: (images: number) => void;
}

/** Images under way on each thread: one at work, one waiting. */
const AHEAD = 2;

/** Where the results of one image go. */
interface Sink {
  /** Whether all results of an image are there already. */
  has(row: number): Promise<boolean>;
  /** @param row The image's place among those that are corrupted. */
  write(row: number, results: readonly Uint8Array[]): Promise<void>;
  /** Put everything in its place. */
  finish(): Promise<void>;
  /** Remove what is unfinished. */
  abandon(): Promise<void>;
}

/**
 * Corrupt images of a data set in every way that was asked for, on several threads.
 *
 * Random numbers are keyed by the image's number in the data set, so that the files hold just what `pushpull evaluate`
 * makes on the fly with the same seed.
 *
 * @returns how many pictures were there before, and how many are new
 * @throws UserError for an image that cannot be read any more, a full disk
 */
export async function corruptDataset(
  asked: CorruptDatasetOptions,
): Promise<{ there: number; fresh: number }> {
  const options = asked.format === 'npy' ? await withoutFinished(asked) : asked;
  const { indices, corruptions, severities, workers, signal, onProgress } = options;
  const total = indices.length * asked.corruptions.length * severities.length;
  if (corruptions.length === 0) return { there: total, fresh: 0 };
  const cells = corruptions.flatMap((corruption) => severities.map((severity) => ({ corruption, severity })));
  const first = await readAt(options, indices[0]);
  // A wrong option is reported here, not by a thread.
  for (const cell of cells.slice(0, 1)) corrupt(first, { ...options, ...cell, index: indices[0] });
  if (options.format !== 'npy') checkFolderNames(options.dataset);
  const sink = options.format === 'npy' ? await arraySink(options, first) : fileSink(options, cells);
  // The file itself is what quality 85 does to an image.
  const quirks = options.format === 'jpeg' ? { ...options.quirks, jpeg85: false } : options.quirks;
  const pool = new CorruptPool(Math.min(workers, indices.length), {
    cells,
    set: options.set,
    seed: options.seed,
    quirks,
    frost: options.frost,
    format: options.format,
  });
  try {
    let next = 0;
    let done = 0;
    let failed = false;
    let fresh = 0;
    const lane = async (): Promise<void> => {
      while (next < indices.length && !signal.aborted && !failed) {
        const row = next++;
        if (await sink.has(row)) {
          onProgress(++done);
          continue;
        }
        const index = indices[row];
        const image = row === 0 ? first : await readAt(options, index);
        await sink.write(row, await pool.run(index, image));
        fresh += cells.length;
        onProgress(++done);
      }
    };
    const lanes = Array.from({ length: pool.size * AHEAD }, async () => {
      await lane().catch((error: unknown) => {
        failed = true;
        throw error;
      });
    });
    // All lanes come to rest before anything is removed.
    const ends = await Promise.allSettled(lanes);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    if (signal.aborted) throw new Error('stopped');
    await sink.finish();
    return { there: total - fresh, fresh };
  } catch (error) {
    await sink.abandon();
    throw error;
  } finally {
    await pool.close();
  }
}

/** Arrays appear whole: those of the same set that are there are not made again. */
async function withoutFinished(options: CorruptDatasetOptions): Promise<CorruptDatasetOptions> {
  const { corruptions, begun, out } = options;
  const there = await Promise.all(
    corruptions.map(async (name) => begun.has(name) && (await isFile(path.join(out, `${name}.npy`)))),
  );
  return { ...options, corruptions: corruptions.filter((_, index) => !there[index]) };
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() === true;
}

async function readAt({ dataset, size }: CorruptDatasetOptions, index: number): Promise<Image> {
  try {
    const image = await dataset.read(index);
    return size === undefined ? image : squareCrop(image, size);
  } catch (error) {
    throw new UserError(
      `${dataset.describe(index)}: expected the image that was there before, found none that can be read ` +
        `(${decodingReason(error)}); put it back and start again`,
    );
  }
}

/** `<corruption>.npy` [severities · images, height, width, 3], mildest severity first, and `labels.npy`. */
async function arraySink(options: CorruptDatasetOptions, first: Image): Promise<Sink> {
  const { dataset, indices, corruptions, severities, out } = options;
  const { width, height } = first;
  const count = severities.length * indices.length;
  const writers: NpyWriter[] = [];
  const abandon = async () => {
    await Promise.all(writers.map((writer) => writer.discard()));
  };
  try {
    for (const name of corruptions) {
      writers.push(await NpyWriter.create(path.join(out, `${name}.npy`), [count, height, width, 3]));
    }
  } catch (error) {
    await abandon();
    throw error;
  }
  return {
    has: async () => false,
    write: async (row, results) => {
      const length = width * height * 3;
      await Promise.all(
        results.map((pixels, cell) => {
          const place = (cell % severities.length) * indices.length + row;
          return writers[Math.floor(cell / severities.length)].write(pixels, place * length);
        }),
      );
    },
    finish: async () => {
      // First: of an array that is there, the labels are never missing. Pictures without classes have none.
      if (!dataset.reading.unlabelled) {
        const labels = dataset.classes.length <= 256 ? new Uint8Array(count) : new Uint16Array(count);
        for (let row = 0; row < count; row++) labels[row] = dataset.label(indices[row % indices.length]);
        await writeFileAtomic(path.join(out, 'labels.npy'), encodeNpy(labels, [count]));
      }
      for (const writer of writers) await writer.commit();
    },
    abandon,
  };
}

/** Names of classes in tables may be anything; here they become folders. */
function checkFolderNames({ classes, source }: Dataset): void {
  const odd = classes.find((name) => /[/\\\0]|^\.{1,2}$/.test(name));
  if (odd === undefined) return;
  throw new UserError(
    `${source.path}: expected names of classes that can be names of folders, found "${odd}"; rename the class, or write arrays with --format npy`,
  );
}

/** `<corruption>/<severity>/<class>/<file>`; each file appears whole or not at all. */
function fileSink(
  { dataset, indices, corruptions, begun, out, format }: CorruptDatasetOptions,
  cells: readonly { corruption: CorruptionName; severity: Severity }[],
): Sink {
  const names = format === 'jpeg' ? originalNames(dataset) : undefined;
  const digits = String(dataset.length - 1).length;
  const ending = format === 'jpeg' ? 'JPEG' : 'png';
  const made = new Set<string>();
  const mayBeThere = corruptions.every((name) => begun.has(name));
  const filesOf = (row: number) => {
    const index = indices[row];
    const name = dataset.classes[dataset.label(index)];
    const stem = names?.[index] ?? String(index).padStart(digits, '0');
    return cells.map(({ corruption, severity }) => {
      const folder = path.join(out, corruption, String(severity), name);
      return { folder, file: path.join(folder, `${stem}.${ending}`) };
    });
  };
  return {
    has: async (row) => {
      if (!mayBeThere) return false;
      const whole = await Promise.all(filesOf(row).map(({ file }) => isWhole(file, format)));
      return !whole.includes(false);
    },
    write: async (row, results) => {
      const files = filesOf(row);
      for (const [cell, bytes] of results.entries()) {
        const { folder, file } = files[cell];
        const temporary = temporaryNeighbour(file);
        try {
          if (!made.has(folder)) await mkdir(folder, { recursive: true });
          made.add(folder);
          await writeFile(temporary, bytes);
          await rename(temporary, file);
        } catch (error) {
          await rm(temporary, { force: true }).catch(() => {});
          throw explainWriteError(error, file);
        }
      }
    },
    finish: async () => {},
    abandon: async () => {},
  };
}

/** How the files end. After a crash of the machine, one may be there without all of its contents. */
const ENDINGS = { png: [0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82], jpeg: [0xff, 0xd9] } as const;

async function isWhole(file: string, format: CorruptFormat): Promise<boolean> {
  if (format === 'npy') return false;
  const ending = Uint8Array.from(ENDINGS[format]);
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return false;
  try {
    const { size } = await handle.stat();
    if (size < ending.length) return false;
    const { buffer } = await handle.read(
      new Uint8Array(ending.length),
      0,
      ending.length,
      size - ending.length,
    );
    return ending.every((byte, at) => byte === buffer[at]);
  } finally {
    await handle.close();
  }
}

/** Kinds of data sets whose images are files with names of their own. */
const IN_FILES: readonly string[] = ['folder', 'table', 'webdataset', 'imagenet'];

/**
 * The names of the images without their endings, as ImageNet-C keeps them; undefined where they are no files, or two
 * of a class would share one.
 */
function originalNames(dataset: Dataset): readonly string[] | undefined {
  if (!IN_FILES.includes(dataset.source.kind)) return undefined;
  const names: string[] = [];
  const seen = new Set<string>();
  for (let index = 0; index < dataset.length; index++) {
    const stem = withoutPictureEnding(/[^/\\]*$/.exec(dataset.describe(index))![0]);
    const place = `${dataset.label(index)}/${stem}`;
    if (stem === '' || seen.has(place)) return undefined;
    seen.add(place);
    names.push(stem);
  }
  return names;
}
