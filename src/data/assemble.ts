import type { Dataset, DatasetSource, SplitContents } from './contents.ts';
import { ImageReader, type SharedImages, selectImages } from './storage.ts';

/**
 * The images of `contents`, or the `chosen` ones in that order, as a data set that decodes an image each time that
 * it is wanted.
 */
export function assembleUncached(
  contents: SplitContents,
  chosen: Uint32Array | undefined,
  source: DatasetSource,
): Dataset {
  const { name, displayName, classes, reading = { readAs: displayName, notes: [] } } = contents;
  const labels = chosen ? Int32Array.from(chosen, (index) => contents.labels[index]) : contents.labels;
  const storage = chosen ? selectImages(contents.storage, chosen) : contents.storage;
  const reader = new ImageReader(storage);
  const images: SharedImages = { storage, cache: null };
  const check = (index: number) => {
    if (Number.isInteger(index) && index >= 0 && index < labels.length) return index;
    throw new RangeError(`${name}: expected an image index from 0 to ${labels.length - 1}, found ${index}`);
  };
  return {
    name,
    displayName,
    classes,
    length: labels.length,
    source,
    reading,
    images,
    label: (index) => labels[check(index)],
    describe: (index) => contents.describe(chosen ? chosen[check(index)] : check(index)),
    read: async (index) => await reader.read(check(index)),
    close: async () => {
      await reader.close();
      await contents.close();
    },
  };
}
