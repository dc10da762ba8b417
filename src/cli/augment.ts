/** `pushpull augment`: what an augmentation makes of a picture, on one sheet. */

import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import {
  AUGMENTATION_REQUESTS,
  AUGMENTATIONS,
  type AugmentationName,
  type AugmentationRequest,
  augment,
  drawPlan,
  isPrime,
  resolveAugmentation,
} from '../augment/augment.ts';
import { applyPlan, describePlan } from '../augment/plan.ts';
import { BUILT_IN_DATASETS, openDataset } from '../data/dataset.ts';
import { isImageFile, readImageFile } from '../data/pictures/picture-file.ts';
import { UserError } from '../errors.ts';
import { writeFileAtomic } from '../files/files.ts';
import { stat } from '../files/fs.ts';
import type { Image } from '../image/image.ts';
import { randomStream } from '../random/random.ts';
import { toPng } from '../report/charts/png.ts';
import { choosePreset, PRESETS } from '../run/config.ts';
import { plural } from '../words.ts';
import { augmentSheet, type SheetPicture, thumbnail } from './pictures/augment-sheet.tsx';
import { choice, integer } from './shared/options.ts';
import { ProgressLine } from './shared/progress.ts';

const EXAMPLES = `
Examples:
  What TrivialAugmentWide makes of a photo, 25 times:
    $ pushpull augment photo.jpg --augment trivialaugment --out sheet.png

  Nine draws of AugMix with another seed:
    $ pushpull augment photo.jpg --augment augmix --count 9 --seed 3 --out augmix.png

  Train with it:
    $ pushpull train --data ~/pictures --augment augmix

Augmentations:
${Object.entries(AUGMENTATIONS)
  .map(([name, { description }]) => `  ${name.padEnd(21)} ${description}`)
  .join('\n')}
  ${'autoaugment, prime'.padEnd(21)} the one of the two that fits: cifar10 up to 64 pixels, else imagenet

Operations, ranges and pixels of all but PRIME are torchvision's. Training augments the decoded image first, then
resizes, crops and flips it; PRIME comes after those. The sheet shows the augmentation alone, by the numbers that a run
of that seed draws for its first image, epoch by epoch.
`;

interface Flags {
  augment: AugmentationRequest;
  out: string;
  count: number;
  seed: number;
}

export function register(program: Command): void {
  program
    .command('augment')
    .summary('show what an augmentation makes of a picture')
    .description('Write a sheet of pictures: what an augmentation of training images makes of one.')
    .argument('<image>', 'a picture: JPEG, PNG, WebP, ..., or a data set, of which the first is taken')
    .requiredOption(
      '--augment <name>',
      AUGMENTATION_REQUESTS.join(', '),
      choice('--augment', AUGMENTATION_REQUESTS),
    )
    .requiredOption('--out <file>', 'the sheet, a PNG file')
    .option('--count <n>', 'pictures on the sheet', integer('--count', 1), 25)
    .option('--seed <n>', 'of what is drawn', integer('--seed', 0), 0)
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(file: string, { augment: request, out, count, seed }: Flags): Promise<void> {
  if (extname(out).toLowerCase() !== '.png') {
    throw new UserError(`--out: expected a file name that ends in .png, found "${out}"`);
  }
  const { image, name: picture } = await openPicture(file);
  const { width, height } = image;
  const preset = choosePreset({ kind: 'folder', classes: 2, side: Math.min(width, height) });
  const name = resolveAugmentation(request, PRESETS[preset].form);
  const progress = new ProgressLine();
  const pictures: SheetPicture[] = [];
  for (let epoch = 0; epoch < count; epoch++) {
    pictures.push(vary(image, name, seed, epoch));
    progress.update(pictures.length, count, name, '');
  }
  progress.clear();
  const lines = [AUGMENTATIONS[name].description, `${picture}, ${width} × ${height} pixels, seed ${seed}`];
  const sheet = await augmentSheet(thumbnail(image), pictures, { title: name, lines });
  await writeFileAtomic(out, toPng(sheet));
  console.log(`${plural(count, 'picture')} of ${name}: ${out}`);
}

/** A picture file, or the first picture of a data set that can be read. */
async function openPicture(file: string): Promise<{ image: Image; name: string }> {
  const isFolder = (await stat(file).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder && (!isDataset(file) || (await isImageFile(file)))) {
    return { image: await readImageFile(file), name: basename(file) };
  }
  const options = { unlabelled: true };
  const dataset = await openDataset(file, 'train', options).catch(async (error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    return await openDataset(file, 'test', options);
  });
  try {
    for (let index = 0; index < dataset.length; index++) {
      const image = await dataset.read(index).catch(() => undefined);
      if (image) return { image, name: basename(dataset.describe(index)) };
    }
    throw new UserError(
      `${file}: expected a picture, found none that can be read; see 'pushpull data ${file} --check'`,
    );
  } finally {
    await dataset.close();
  }
}

/** Whether a name is that of a data set rather than of a picture with an odd ending. */
function isDataset(file: string): boolean {
  return (
    (BUILT_IN_DATASETS as readonly string[]).includes(file) ||
    /^imagenet\d*:|\?(split|csv|label)=|\.(zip|tar|tgz|tar\.gz|parquet|csv|tsv|jsonl|txt|lst)$/i.test(file)
  );
}

/** Keyed as in the training pipeline, whose first transform the augmentation is; but PRIME, which is its last. */
function vary(image: Image, name: AugmentationName, seed: number, epoch: number): SheetPicture {
  if (isPrime(name)) {
    // It is meant for what the network sees; on a whole photo its grain would be lost in the sheet.
    return { image: augment(thumbnail(image), name, randomStream('prime', seed, epoch, 0)), caption: [] };
  }
  const plan = drawPlan(name, randomStream('augment', seed, epoch, 0, 0));
  return { image: thumbnail(applyPlan(image, plan)), caption: describePlan(plan, image) };
}
