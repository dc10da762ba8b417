/** Test images as CIFAR-10.1 has them: an array of pictures and an array of labels. */

import path from 'node:path';
import { UserError } from '../../errors.ts';
import { statIfThere } from '../../files/fs.ts';
import type { Split, SplitContents } from '../contents.ts';
import { CIFAR10_CLASSES } from '../formats/cifar/cifar10.ts';
import { listFiles, openListing } from '../listing/listing.ts';
import { locateNpyImages, readNpyLabels } from './images.ts';

const PREFIX = 'npy:';

export function isNpyPair(spec: string): boolean {
  return spec.startsWith(PREFIX);
}

/**
 * Open `npy:IMAGES.npy,LABELS.npy`, or `npy:FOLDER` with one such pair: uint8 `[N, 32, 32, 3]` and integers `[N]`
 * in the order of CIFAR-10's classes (CIFAR-10.1: Recht et al. 2018).
 *
 * @throws UserError when a file is missing, or the two are no such pair
 */
export async function openNpyPair(spec: string, split: Split): Promise<SplitContents> {
  if (split !== 'test') {
    throw new UserError(
      `${spec}: expected ${split} images, found a pair of npy files, which are test images`,
    );
  }
  const [images, labelFile] = await findPair(spec);
  const listing = listFiles(path.dirname(images), [images, labelFile]);
  const pictures = await locateNpyImages(listing, 0);
  const labels = await readNpyLabels(listing, 1, CIFAR10_CLASSES.length);
  if (pictures.width !== 32 || pictures.height !== 32) {
    throw new UserError(
      `${images}: expected images of 32×32 as CIFAR-10 has them, found ${pictures.width}×${pictures.height}; ` +
        'give other images as a folder with test/<class>/*',
    );
  }
  if (labels.length !== pictures.count) {
    throw new UserError(
      `${labelFile}: expected ${pictures.count} labels as there are images in ${images}, found ${labels.length}; ` +
        'give two files that belong together',
    );
  }
  const name = path.basename(images, '.npy').replace(/_(data|images)$/, '');
  return {
    kind: 'npy',
    name,
    displayName: name,
    path: images,
    classes: CIFAR10_CLASSES,
    labels,
    storage: pictures.storage(labels.keys()),
    describe: (index) => `${images}, image ${index}`,
    close: async () => {},
  };
}

async function findPair(spec: string): Promise<[images: string, labels: string]> {
  const place = spec.slice(PREFIX.length);
  const names = place.split(',').map((name) => name.trim());
  if (names.length === 2) {
    for (const name of names) {
      if (await statIfThere(name)) continue;
      throw new UserError(`${name}: expected an npy file, found none; check the path`);
    }
    return [path.resolve(names[0]), path.resolve(names[1])];
  }
  if (names.length === 1 && (await statIfThere(place))?.isDirectory()) {
    const { files } = await openListing(path.resolve(place));
    const arrays = files.filter((file) => file.endsWith('.npy'));
    const labels = arrays.filter((file) => /labels?\.npy$/.test(file));
    const images = arrays.filter((file) => !labels.includes(file));
    if (labels.length === 1 && images.length === 1) {
      return [path.resolve(place, images[0]), path.resolve(place, labels[0])];
    }
    throw new UserError(
      `${place}: expected one array of images and one ...labels.npy, found ${arrays.join(', ') || 'no npy files'}; ` +
        'say which with npy:IMAGES.npy,LABELS.npy',
    );
  }
  throw new UserError(`${spec}: expected npy:IMAGES.npy,LABELS.npy or npy:FOLDER; check the path`);
}
