import { type DiskKernel, diskBlur, diskKernel } from '../../image/filters/disk.ts';
import type { CorruptionFunction } from '../types.ts';

const kernels = new Map<string, DiskKernel>();

/** A picture out of focus: correlation with a smoothed disk. */
export const defocusBlur: CorruptionFunction<'defocus_blur'> = (image, { parameters, quirks }) => {
  const { radius, aliasBlur } = parameters;
  const key = `${radius} ${aliasBlur}`;
  const kernel = kernels.get(key) ?? diskKernel(radius, aliasBlur);
  kernels.set(key, kernel);
  const gain = quirks.defocusUnnormalized ? 1 : 1 / kernel.sum;
  return diskBlur(image, kernel, gain);
};
