/** `pushpull corrupt`: corrupted copies of a picture or a data set, to look at or to keep. */

import path from 'node:path';
import type { Command } from 'commander';
import {
  BENCHMARK_CORRUPTIONS,
  COMPATIBLE_QUIRKS,
  CORRUPTION_GROUPS,
  CORRUPTIONS,
  type CorruptionName,
  corrupt,
  PARAMETER_SETS,
  type Quirks,
  SEVERITIES,
  type Severity,
} from '../../corrupt/index.ts';
import { loadTextures } from '../../data/loader/pipeline.ts';
import {
  checkLargeEnough,
  encodePng,
  isImageFile,
  readImageFile,
  squareCrop,
} from '../../data/pictures/picture-file.ts';
import { UserError } from '../../errors.ts';
import { writeFileAtomic } from '../../files/files.ts';
import { stat } from '../../files/fs.ts';
import { folderLock, withLock } from '../../files/lock.ts';
import type { Image } from '../../image/image.ts';
import { toPng } from '../../report/charts/png.ts';
import { plural } from '../../words.ts';
import { contactSheet } from '../pictures/contact-sheet.tsx';
import { addSkipBadOptions, checkMaxBad } from '../shared/bad-images.ts';
import { addLabelOptions } from '../shared/data-options.ts';
import { addFrostOption, choice, integer } from '../shared/options.ts';
import { ProgressLine } from '../shared/progress.ts';
import { CORRUPT_FORMATS } from './formats.ts';
import { type CorruptFlags, type CorruptTask, defaultSet } from './request.ts';
import { corruptSet } from './set.ts';

const EXAMPLES = `
Examples:
  One photo under all corruptions, and a contact sheet of them:
    $ pushpull corrupt --data photo.jpg --size 224 --out corrupted

  Fog and frost at severity 3:
    $ pushpull corrupt --data photo.jpg --corruption fog,frost --severity 3 --out corrupted

  CIFAR-10-C made anew: <corruption>.npy, uint8 [50000, 32, 32, 3], mildest severity first, and labels.npy:
    $ pushpull corrupt --data cifar10 --corruption all --format npy --out cifar-10-c

  ImageNet-C made anew, as the published one: <corruption>/<severity>/<class>/*.JPEG, quality 85:
    $ pushpull corrupt --data ~/imagenet --size 224 --format jpeg --out imagenet-c

  The same of your own pictures, without loss:
    $ pushpull corrupt --data ~/photos --set imagenet --size 224 --limit 1000 --out photos-c

  Pictures that cannot be read are found before anything is written, and end it; or they are left out, at most 20:
    $ pushpull corrupt --data ~/photos --size 224 --skip-bad --max-bad 20 --out photos-c

Corruptions: all (19), benchmark (the 15 that count), a group (noise, blur, weather, digital, extra), or names:
${wrap(CORRUPTIONS.join(' '), 100, '  ')}

Ctrl-C stops it, and the same command goes on. More corruptions of the same set may be added to its folder later; those of
another set are refused. A set that lacks something of what its manifest.json says is not measured.

The pixels equal those of 'pushpull evaluate' with the same data, set and seed. It reads what is written here:
--data cifar10-c:FOLDER (npy), --data imagenet-c:FOLDER (jpeg, png).

Peculiarities of the original benchmark that are kept unless named in --without:
  glassCopies            glass blur copies neighbours where it was meant to swap
  glassHalfOpen          glass blur shifts by -max to max - 1 and leaves the border out
  defocusUnnormalized    the widest defocus kernels brighten by about 1 %
  zoomArange             zoom blur has one zoom too many at some severities, by rounding
  fogCorner              fog is always the top left corner of its map
  frostSkipsSixth        of six frost textures the last is never used
  elastic244             elastic transform reckons with 244 pixels where 224 was meant
  jpeg85                 the imagenet set ends in a JPEG of quality 85, as the published files do
`;

export function register(program: Command): void {
  const command = program
    .command('corrupt')
    .summary('corrupted copies of a picture or a data set')
    .description('Write corrupted copies of a picture or of a data set: 19 corruptions at 5 severities.')
    .requiredOption('--data <data>', 'a picture, or a data set: cifar10, mnist, or a folder or .tar(.gz)')
    .option('--corruption <list>', 'all, benchmark, or names and groups separated by commas', 'all')
    .option('--severity <list>', 'all, or numbers from 1 to 5 separated by commas', 'all')
    .requiredOption('--out <folder>', 'where the results go')
    .option(
      '--set <name>',
      'strengths: cifar (made for 32 × 32) or imagenet (224 × 224); default: by image size',
      choice('--set', PARAMETER_SETS),
    )
    .option(
      '--format <format>',
      'of a data set: png or jpeg (folders) or npy (arrays); default png',
      choice('--format', CORRUPT_FORMATS),
    )
    .option('--seed <n>', 'of all random numbers', integer('--seed', 0), 0)
    .option(
      '--size <n>',
      'resize the short side to 8/7 n and cut out the middle n × n first',
      integer('--size', 16),
    )
    .option('--limit <n>', 'so many images of a data set, chosen by the seed', integer('--limit', 1))
    .option('--split <name>', 'of a data set: test, train, or the name of a split', 'test');
  addLabelOptions(command);
  addSkipBadOptions(command, 'in the manifest and in bad-images.tsv');
  addFrostOption(command)
    .option(
      '--without <quirks>',
      `peculiarities of the original to leave out: ${Object.keys(COMPATIBLE_QUIRKS).join(', ')}`,
    )
    .option('--workers <n>', 'threads (default: one a core)', integer('--workers', 1))
    .option('--cache <folder>', 'where downloads are kept')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(flags: CorruptFlags): Promise<void> {
  checkMaxBad(flags);
  const corruptions = parseCorruptions(flags.corruption);
  const severities = parseSeverities(flags.severity);
  const quirks = parseQuirks(flags.without);
  const frost = flags.frostDir === undefined ? undefined : await loadTextures(flags.frostDir);
  if (flags.format === 'jpeg' && quirks.jpeg85 === false) {
    throw new UserError('--without jpeg85: --format jpeg stores with that quality; use --format png');
  }
  const task: CorruptTask = { flags, corruptions, severities, quirks, frost };
  const place = await stat(flags.data).catch(() => undefined);
  const isPicture = place?.isFile() && (await isImageFile(flags.data));
  await withLock(folderLock(flags.out), (lost) =>
    isPicture ? corruptPicture(task) : corruptSet(task, lost),
  );
}

async function corruptPicture({ flags, corruptions, severities, quirks, frost }: CorruptTask): Promise<void> {
  const words = { limit: '--limit', format: '--format', skipBad: '--skip-bad' } as const;
  for (const option of ['limit', 'format', 'skipBad'] as const) {
    if (flags[option] !== undefined && flags[option] !== 'png') {
      throw new UserError(
        `${words[option]}: expected a data set with it, found the picture ${flags.data}; leave it out`,
      );
    }
  }
  const picture = await readImageFile(flags.data);
  const original = flags.size === undefined ? picture : squareCrop(picture, flags.size);
  checkLargeEnough(original, flags.data);
  const set = flags.set ?? defaultSet(original);
  const { seed, out } = flags;
  const progress = new ProgressLine();
  const rows: { corruption: CorruptionName; images: Image[] }[] = [];
  for (const corruption of corruptions) {
    const images = severities.map((severity) =>
      corrupt(original, { corruption, severity, set, seed, index: 0, quirks, frost }),
    );
    for (const [column, image] of images.entries()) {
      const file = path.join(out, `${corruption}-${severities[column]}.png`);
      await writeFileAtomic(file, await encodePng(image));
    }
    rows.push({ corruption, images });
    progress.update(rows.length, corruptions.length, corruption.padEnd(17), '');
  }
  progress.clear();
  const sheet = path.join(out, 'contact-sheet.png');
  await writeFileAtomic(sheet, toPng(await contactSheet(original, severities, rows)));
  const count = plural(corruptions.length * severities.length, 'picture');
  console.log(`${count} of ${original.width} × ${original.height} (strengths of ${set}) in ${out}`);
  console.log(`contact sheet: ${sheet}`);
}

function parseCorruptions(text: string): CorruptionName[] {
  const groups: Readonly<Record<string, readonly CorruptionName[]>> = {
    ...CORRUPTION_GROUPS,
    all: CORRUPTIONS,
    benchmark: BENCHMARK_CORRUPTIONS,
  };
  const wanted = new Set<string>();
  for (const word of text.split(',').map((part) => part.trim())) {
    const names = Object.hasOwn(groups, word) ? groups[word] : CORRUPTIONS.filter((name) => name === word);
    if (names.length === 0) {
      throw new UserError(
        `--corruption: expected ${Object.keys(groups).join(', ')} or names from ${CORRUPTIONS.join(', ')}; found "${word}"`,
      );
    }
    for (const name of names) wanted.add(name);
  }
  return CORRUPTIONS.filter((name) => wanted.has(name));
}

function parseSeverities(text: string): Severity[] {
  if (text.trim() === 'all') return [...SEVERITIES];
  const words = text.split(',').map((part) => part.trim());
  for (const word of words) {
    if (!SEVERITIES.some((severity) => String(severity) === word)) {
      throw new UserError(`--severity: expected all, or numbers from 1 to 5 such as 1,3,5; found "${word}"`);
    }
  }
  return SEVERITIES.filter((severity) => words.includes(String(severity)));
}

function parseQuirks(text: string | undefined): Partial<Quirks> {
  const known = Object.keys(COMPATIBLE_QUIRKS);
  const words = text === undefined ? [] : text.split(',').map((part) => part.trim());
  for (const word of words) {
    if (!known.includes(word)) {
      throw new UserError(`--without: expected names from ${known.join(', ')}; found "${word}"`);
    }
  }
  return Object.fromEntries(words.map((word) => [word, false]));
}

/** Words in lines of at most `width` characters. */
function wrap(text: string, width: number, indent: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => indent + line).join('\n');
}
