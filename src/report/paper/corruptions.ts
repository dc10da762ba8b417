/** Figure 9: one image under all corruptions and severities. */
import path from 'node:path';
import type { ParameterSet } from '../../corrupt/index.ts';
import { openDataset } from '../../data/dataset.ts';
import { readImageFile, squareCrop } from '../../data/pictures/picture-file.ts';
import { UserError } from '../../errors.ts';
import type { Image } from '../../image/image.ts';
import { sampleSheet } from '../charts/sample-sheet.tsx';
import { pickImage } from '../evidence/evidence.ts';
import { encodeStrip, makeSampleStrip } from '../evidence/samples.ts';
import { captioned, type PaperFigure } from './figure.tsx';

export interface CorruptionFigureOptions {
  /** An image file; or else `data`. */
  readonly image?: string;
  /** A data set, of whose test images one with much contrast is taken. */
  readonly data?: string;
  readonly cacheDir?: string;
  /** Strengths of the corruptions. Default: CIFAR-10-C's up to 64 pixels, ImageNet-C's above. */
  readonly set?: ParameterSet;
  /** Default 0. */
  readonly seed?: number;
}

/** Side of the pictures of ImageNet-C, and of those that they were cut out of. */
const CROPPED = 224;
const RESIZED = 256;
/** Largest side of a picture for which CIFAR's strengths are the default. */
const SMALL = 64;

/**
 * The 15 corruptions of the benchmark at all 5 severities. A picture larger than ImageNet-C's is brought to their size
 * first, as the pictures of that set were.
 *
 * @throws UserError when neither an image nor data is given, or it cannot be read
 */
export async function corruptionFigure(options: CorruptionFigureOptions): Promise<PaperFigure> {
  const { seed = 0 } = options;
  const { image, index, name } = await openPicture(options);
  const large = Math.min(image.width, image.height) > RESIZED;
  const shown = large ? squareCrop(image, CROPPED) : image;
  const set = options.set ?? (Math.max(shown.width, shown.height) <= SMALL ? 'cifar' : 'imagenet');
  const strip = makeSampleStrip(shown, { set, seed, index, severities: [1, 2, 3, 4, 5], caption: name });
  const title = 'One image under 15 corruptions and 5 severities';
  return {
    name: 'figure-9-corruptions',
    svg: captioned(sampleSheet(await encodeStrip(strip)), title, [
      `${name}, ${shown.width} × ${shown.height} pixels${large ? ` (short side to ${RESIZED}, then cropped)` : ''}; ` +
        `strengths of ${set === 'cifar' ? 'CIFAR-10-C' : 'ImageNet-C'}, seed ${seed}. Rows are severities.`,
    ]),
  };
}

interface Picture {
  readonly image: Image;
  /** Number that keys its random draws. */
  readonly index: number;
  readonly name: string;
}

async function openPicture({
  image: file,
  data,
  cacheDir,
  seed = 0,
}: CorruptionFigureOptions): Promise<Picture> {
  if (file !== undefined) return { image: await readImageFile(file), index: 0, name: path.basename(file) };
  if (data === undefined) {
    throw new UserError(
      'figure 9: expected an image to corrupt, found none; pass --image FILE or --data DATA',
    );
  }
  const dataset = await openDataset(data, 'test', { seed, cacheDir, unlabelled: true });
  try {
    const { index, image } = await pickImage(dataset);
    const ofClass = dataset.reading.unlabelled ? '' : `, class ${dataset.classes[dataset.label(index)]}`;
    const name = `${dataset.reading.unsplit ? 'Image' : 'Test image'} ${index} of ${dataset.displayName}${ofClass}`;
    return { image, index, name };
  } finally {
    await dataset.close();
  }
}
