/** Augmentations of images. Loads in a browser: `import { augment } from 'pushpull-net/augment'`. */
export { createImage, type Image } from '../image/image.ts';
export { type Random, randomStream } from '../random/random.ts';
export { AUGMENTATIONS, type AugmentationName, type AugmentationRequest, augment } from './augment.ts';
