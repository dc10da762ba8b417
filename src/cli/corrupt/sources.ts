/** The clean images of `pushpull corrupt`, all read once before the first file is written. */
import { createHash } from 'node:crypto';
import { BadImages, type BadLimit, type Unreadable } from '../../data/bad-images.ts';
import type { Dataset } from '../../data/contents.ts';
import { decodingReason } from '../../data/pictures/decode.ts';
import { checkLargeEnough } from '../../data/pictures/picture-file.ts';
import { UserError } from '../../errors.ts';
import type { Image } from '../../image/image.ts';
import { plural } from '../../words.ts';

export interface CleanImages {
  /** Numbers in the data set of those that can be read, ascending. */
  readonly indices: readonly number[];
  readonly unreadable: readonly Unreadable[];
  /** Of the first that can be read, as it is in its file, pixels. */
  readonly width: number;
  readonly height: number;
  /**
   * SHA-256 of those that can be read: over the SHA-256 of each (label, width and height as little-endian 32-bit
   * numbers, then the pixels of the decoded image), in order.
   */
  readonly sha256: string;
}

export interface InspectOptions {
  readonly dataset: Dataset;
  /** How messages name the data. */
  readonly data: string;
  /** Side of the square that will be cut out of every image; the images as they are where it is absent. */
  readonly size?: number;
  /** Images will share an array, so that they must be of one size. */
  readonly uniform: boolean;
  /** Leave unreadable images out, and list them in this file. Default: refuse the data. */
  readonly skipTo?: string;
  readonly maxBad?: BadLimit;
  readonly signal: AbortSignal;
  readonly onProgress: (images: number) => void;
}

/** Images decoded at the same time; libuv decodes four at most. */
const AT_ONCE = 8;
/** Images that an error names. */
const NAMED = 3;

/**
 * Read every image of a data set. A set of corrupted images takes hours to write: what would stop it is found first.
 *
 * @throws UserError for images that cannot be read, unless they are to be left out; when those are all, or more than the
 *   limit; for an image that is too small, or in one array of another size than the first
 */
export async function inspectImages(options: InspectOptions): Promise<CleanImages> {
  const { dataset, data, size, uniform, skipTo, maxBad, signal, onProgress } = options;
  const bad = new BadImages({
    ...{ file: skipTo, images: dataset.length, data },
    limit: skipTo === undefined ? { share: 1 } : maxBad,
  });
  const indices: number[] = [];
  const hash = createHash('sha256');
  let first: Image | undefined;
  for (let start = 0; start < dataset.length; start += AT_ONCE) {
    if (signal.aborted) throw new Error('stopped');
    const count = Math.min(AT_ONCE, dataset.length - start);
    const images = await Promise.all(
      Array.from({ length: count }, (_, offset) => dataset.read(start + offset).catch(decodingReason)),
    );
    for (const [offset, image] of images.entries()) {
      const index = start + offset;
      const name = dataset.describe(index);
      if (typeof image === 'string') {
        await bad.add([{ path: name, reason: image }]);
        continue;
      }
      if (size === undefined) {
        checkLargeEnough(image, name);
        if (uniform && first) checkSameSize(first, image, name);
      }
      first ??= image;
      indices.push(index);
      hash.update(digest(image, dataset.label(index)));
    }
    onProgress(start + count);
  }
  if (bad.list.length > 0 && skipTo === undefined) throw refuse(bad.list, dataset.length, data);
  await bad.save();
  if (!first) throw new UserError(`${data}: expected images to corrupt, found none that can be read`);
  const { width, height } = first;
  return { indices, unreadable: bad.list, width, height, sha256: hash.digest('hex') };
}

function refuse(unreadable: readonly Unreadable[], total: number, data: string): UserError {
  const named = unreadable.slice(0, NAMED).map(({ path, reason }) => `${path} (${reason})`);
  return new UserError(
    `${data}: expected ${plural(total, 'image')} that can be read, found ${unreadable.length} that cannot: ` +
      `${named.join(', ')}${unreadable.length > NAMED ? ', …' : ''}; mend or remove them, or leave them out with --skip-bad`,
  );
}

function checkSameSize({ width, height }: Image, image: Image, name: string): void {
  if (image.width === width && image.height === height) return;
  throw new UserError(
    `${name}: expected ${width} × ${height} pixels like the first image, found ${image.width} × ${image.height}; ` +
      `an array holds images of one size: add --size ${Math.min(width, height)}, or use --format png`,
  );
}

function digest({ width, height, data }: Image, label: number): Uint8Array {
  const facts = new DataView(new ArrayBuffer(12));
  for (const [place, value] of [label, width, height].entries()) facts.setUint32(4 * place, value, true);
  return createHash('sha256').update(facts).update(data).digest();
}
