/** How `pushpull corrupt` writes a data set: folders of PNG or JPEG files, or CIFAR-10-C's arrays. */
export const CORRUPT_FORMATS = ['png', 'jpeg', 'npy'] as const;
export type CorruptFormat = (typeof CORRUPT_FORMATS)[number];
