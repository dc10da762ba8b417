/** `pushpull data`: fetch a data set, check it, and show what is in it. */

import path from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import type { Dataset, Split } from '../../data/contents.ts';
import { openDataset } from '../../data/dataset.ts';
import { CIFAR10_ARCHIVE, cifar10CacheFile } from '../../data/formats/cifar/cifar10.ts';
import { hasWholeMnist, MNIST_FILES, mnistCacheFolder } from '../../data/formats/mnist.ts';
import { UserError } from '../../errors.ts';
import { download, hashFile } from '../../files/download.ts';
import { writeFileAtomic } from '../../files/files.ts';
import { statIfThere } from '../../files/fs.ts';
import { shellWord } from '../../run/command.ts';
import { decimals, plural, thousands } from '../../words.ts';
import { previewSheet } from '../pictures/preview.tsx';
import { addDataOptions, type DataFlags, dataFacts, toDataSpec } from '../shared/data-options.ts';
import { fitted } from '../shared/lines.ts';
import { duration, INTERRUPTED, interruptible, ProgressLine } from '../shared/progress.ts';
import { checkImages } from './check.ts';
import { provideImageNet } from './imagenet.ts';

const EXAMPLES = `
Examples:
  Download CIFAR-10 (162 MB, checked against its published checksum), then train on it:
    $ pushpull data cifar10
    $ pushpull train --data cifar10 --stem pushpull --avg 3 --out runs/pushpull

  All of MNIST (11 MB) in place of the part that comes with the package:
    $ pushpull data mnist

  What is in an image folder, or in a .tar or .tar.gz of one:
    $ pushpull data ~/flowers --preview flowers.png

  Read every image, and name those that cannot be read:
    $ pushpull data ~/flowers.tar.gz --check

  ImageNet: unpack the official archives to train/<wnid>/* and val/<wnid>/*; a stopped unpacking goes on where it was:
    $ pushpull data imagenet --from /data/archives --out /data/imagenet

  Or read the archives as they are, here 100 classes drawn by a seed:
    $ pushpull data 'imagenet100:/data/archives?seed=3'

An image folder holds train/<class>/* and test/<class>/* (or val/<class>/*). Downloads go to --cache, else to the
folder in PUSHPULL_CACHE, else to the system's folder for caches. An interrupted download goes on where it stopped.
`;

interface Flags extends DataFlags {
  cache?: string;
  mirror?: string;
  check?: boolean;
  preview?: string;
  from?: string;
  out?: string;
}

export function register(program: Command): void {
  const command = program
    .command('data')
    .summary('download, check and look at data sets')
    .description('Download a data set or check one that is there; show its classes, counts and image sizes.')
    .argument('<data>', 'cifar10, mnist, imagenet, imagenet:PATH, or an image folder or .tar(.gz) of one')
    .option('--cache <dir>', 'where downloaded data sets are kept')
    .option(
      '--mirror <url>',
      "download CIFAR-10's archive, or MNIST's files from a folder, from another address",
    )
    .option('--check', 'verify the checksum of a download, and read every image')
    .option('--preview <file>', 'write a PNG with a few images of every class')
    .option(
      '--from <dir>',
      "where ImageNet's official archives are, with the devkit for the validation images",
    )
    .option('--out <dir>', 'where to unpack ImageNet to');
  addDataOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (data: string, flags: Flags) => {
      let stopped = false;
      try {
        await interruptible(
          (signal) => run(data, flags, signal),
          () => {
            stopped = true;
          },
        );
      } catch (error) {
        if (!stopped || error instanceof UserError) throw error;
        console.error('stopped; the same command goes on from here');
        process.exitCode = INTERRUPTED;
      }
    });
}

async function run(asked: string, flags: Flags, signal: AbortSignal): Promise<void> {
  if (asked !== 'imagenet' && (flags.from !== undefined || flags.out !== undefined)) {
    throw new UserError(`--${flags.from === undefined ? 'out' : 'from'}: only with imagenet, found ${asked}`);
  }
  const given = asked === 'imagenet' ? `imagenet:${await provideImageNet(flags, signal)}` : asked;
  for (const file of downloadsOf(given, flags)) await provide(given, file, flags, signal);
  const data = toDataSpec(given, flags);
  const { splits, missing } = await openSplits(data, flags.cache);
  try {
    console.log([...(await describe(splits, flags)), ''].join('\n'));
    if (missing !== undefined) console.log(`${fitted(`note: ${missing}`, process.stdout).join('\n')}\n`);
    if (flags.preview !== undefined) {
      await writeFileAtomic(flags.preview, await previewSheet(splits[0]));
      console.log(`preview: ${flags.preview}`);
    }
    if (flags.check) await checkImages(splits, signal);
    console.log(`Use it with ${pc.bold(usage(given, flags))}`);
  } finally {
    await Promise.all(splits.map((split) => split.close()));
  }
}

/** A file that is downloaded, with what it must be. */
interface Wanted {
  readonly title: string;
  readonly url: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

function downloadsOf(data: string, { cache, mirror }: Flags): readonly Wanted[] {
  if (data === 'cifar10') {
    const { url, bytes, sha256 } = CIFAR10_ARCHIVE;
    return [{ title: 'CIFAR-10', url: mirror ?? url, file: cifar10CacheFile(cache), bytes, sha256 }];
  }
  if (data !== 'mnist') return [];
  const base = (mirror ?? MNIST_FILES.url).replace(/\/*$/, '/');
  return MNIST_FILES.files.map(({ fileName, ...file }) => ({
    ...file,
    title: `MNIST, ${fileName}`,
    url: base + fileName,
    file: path.join(mnistCacheFolder(cache), fileName),
  }));
}

/** Download a file unless it is there; with `--check`, see that it is the right one. */
async function provide(
  data: string,
  { title, url, file, bytes, sha256 }: Wanted,
  { check }: Flags,
  signal: AbortSignal,
): Promise<void> {
  const found = (await statIfThere(file))?.size;
  if (found !== undefined) {
    const isWhole = found === bytes && (!check || (await hashFile(file, 'sha256')) === sha256);
    if (isWhole) return;
    throw new UserError(
      `${file}: expected ${title} of ${bytes} bytes with SHA-256 ${sha256}, found another file of ${found} bytes; ` +
        `delete it and run 'pushpull data ${data}' again`,
    );
  }
  const line = new ProgressLine();
  const start = performance.now();
  let first: number | undefined;
  const onProgress = ({ received, total = bytes }: { received: number; total?: number }) => {
    first ??= received;
    const seconds = (performance.now() - start) / 1000;
    const rate = (received - first) / seconds;
    const remaining = rate > 0 ? `, ${duration((total - received) / rate)} left` : '';
    line.update(
      megabytes(received),
      megabytes(total),
      title,
      `MB  ${decimals(rate / 1e6, 1)} MB/s${remaining}`,
    );
  };
  try {
    await download({ url, file, sha256, bytes, signal, onProgress });
  } finally {
    line.clear();
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

interface OpenSplits {
  readonly splits: readonly [Dataset, ...Dataset[]];
  /** What is wrong with the other split. */
  readonly missing?: string;
}

/** A data set may lack a split: evaluation needs no training images. */
async function openSplits(data: string, cacheDir?: string): Promise<OpenSplits> {
  const opened: Dataset[] = [];
  let failure: UserError | undefined;
  for (const split of ['train', 'test'] satisfies Split[]) {
    try {
      opened.push(await openDataset(data, split, { cacheDir, unlabelled: true }));
      // Either split would have all images.
      if (opened[0].reading.unsplit) break;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failure ??= error;
    }
  }
  const [first, ...others] = opened;
  if (!first) throw failure;
  return { splits: [first, ...others], missing: failure?.message };
}

/** Images that are decoded to learn their sizes. */
const SAMPLES = 64;

async function describe(splits: readonly Dataset[], { cache }: Flags): Promise<string[]> {
  const [first] = splits;
  const rows: [string, string][] = [
    ['data set', first.displayName],
    [
      'place',
      first.source.path ?? ((await hasWholeMnist(cache)) ? mnistCacheFolder(cache) : 'inside this package'),
    ],
    ...dataFacts({ ...first.reading, notes: notesOf(splits) }),
    ['classes', first.reading.unlabelled ? 'none' : thousands(first.classes.length)],
    ...splits.map((split): [string, string] => [splitName(split), plural(split.length, 'image')]),
    ['sizes', await describeSizes(first)],
  ];
  const counts = splits.map(countClasses);
  const width = Math.max(5, ...first.classes.map((name) => name.length));
  const columns = (cells: readonly string[]) => cells.map((cell) => cell.padStart(10)).join('');
  return [
    ...rows.map(
      ([name, value]) => `${pc.dim(name.padEnd(12))}${fitted(value, process.stdout, 12).join('\n')}`,
    ),
    '',
    pc.bold(`${'class'.padEnd(width)}${columns(splits.map(splitName))}`),
    ...first.classes.map(
      (name, label) => `${name.padEnd(width)}${columns(counts.map((count) => thousands(count[label])))}`,
    ),
  ];
}

/** What a column of images is called. */
function splitName({ reading, source }: Dataset): string {
  return reading.unsplit ? 'images' : source.split;
}

/** The notes of every split, once each, those of one split with its name. */
function notesOf(splits: readonly Dataset[]): string[] {
  const all = splits.flatMap(({ reading }) => reading.notes);
  const common = [...new Set(all)].filter((note) =>
    splits.every(({ reading }) => reading.notes.includes(note)),
  );
  const own = splits.flatMap((split) =>
    split.reading.notes
      .filter((note) => !common.includes(note))
      .map((note) => `${splitName(split)}: ${note}`),
  );
  return [...common, ...own];
}

/** The options by which other commands read the same. */
function usage(data: string, { split, labelsCsv, label }: DataFlags): string {
  const words = [
    ['--data', data],
    ['--split', split],
    ['--labels-csv', labelsCsv],
    ['--label', label],
  ].flatMap(([option, value]) => (value === undefined ? [] : [`${option} ${shellWord(value)}`]));
  return words.join(' ');
}

function countClasses(dataset: Dataset): number[] {
  const counts = new Array<number>(dataset.classes.length).fill(0);
  for (let index = 0; index < dataset.length; index++) counts[dataset.label(index)]++;
  return counts;
}

async function describeSizes(dataset: Dataset): Promise<string> {
  const step = Math.max(1, Math.floor(dataset.length / SAMPLES));
  const sizes: { width: number; height: number }[] = [];
  let unreadable = 0;
  for (let index = 0; index < dataset.length; index += step) {
    const image = await dataset.read(index).catch(() => undefined);
    if (image) sizes.push(image);
    else unreadable++;
  }
  const range = (side: 'width' | 'height') => {
    const values = sizes.map((size) => size[side]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return least === most ? `${least}` : `${least}-${most}`;
  };
  const count = sizes.length + unreadable;
  const looked = count < dataset.length ? ` (${plural(count, 'image')} looked at)` : '';
  const broken = unreadable > 0 ? `; ${plural(unreadable, 'image')} unreadable, see --check` : '';
  if (sizes.length === 0) return `unknown${broken}`;
  return `${range('width')} × ${range('height')} pixels${looked}${broken}`;
}
