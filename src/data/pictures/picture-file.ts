/** Reading and writing single pictures: a photo, and what became of it. */

import { SMALLEST_SIDE } from '../../corrupt/index.ts';
import { UserError } from '../../errors.ts';
import { readFile, readRange, stat } from '../../files/fs.ts';
import { createImage, type Image } from '../../image/image.ts';
import { decodeImage } from './decode.ts';
import { IDENTIFYING_BYTES, identify } from './image-header.ts';
import { maxPixels } from './limits.ts';
import { isPictureName, otherKind } from './picture-names.ts';
import { loadSharp } from './sharp.ts';
import { resizeAndCrop } from './short-side.ts';

/** Whether a file is a picture: by its name, or where that does not tell by its contents. */
export async function isImageFile(file: string): Promise<boolean> {
  if (isPictureName(file)) return true;
  const found = otherKind(file) === undefined ? await stat(file).catch(() => undefined) : undefined;
  return found?.isFile() === true && identify(await readRange(file, 0, IDENTIFYING_BYTES)).kind !== 'other';
}

/**
 * Decode a picture to RGB, turned upright as its EXIF data say, on black where it is transparent.
 *
 * @throws UserError when it is missing or broken
 */
export async function readImageFile(file: string): Promise<Image> {
  try {
    const bytes = await readFile(file);
    const type = identify(bytes);
    // What libvips does not read, or would draw instead of decode.
    if (type.kind !== 'picture' || type.format === 'BMP' || type.format === 'PNM')
      return await decodeImage(bytes);
    const { data, info } = await loadSharp()(bytes, { failOn: 'truncated', limitInputPixels: maxPixels() })
      .rotate()
      .flatten()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels where 3 were expected`);
    return createImage(info.width, info.height, new Uint8Array(data));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new UserError(
      `${file}: expected a picture (JPEG, PNG, WebP, TIFF, ...), but it cannot be read: ${reason}`,
    );
  }
}

/** An image as a PNG file. */
export async function encodePng({ data, width, height, channels }: Image): Promise<Buffer> {
  return await loadSharp()(data, { raw: { width, height, channels } }).png().toBuffer();
}

/** Quality of the published ImageNet-C. */
const JPEG_QUALITY = 85;

/** An image as a JPEG file, as ImageNet-C stores it: quality 85, colours at half resolution. */
export async function encodeJpeg({ data, width, height, channels }: Image): Promise<Buffer> {
  return await loadSharp()(data, { raw: { width, height, channels } })
    .jpeg({ quality: JPEG_QUALITY, chromaSubsampling: '4:2:0' })
    .toBuffer();
}

/** Throws a UserError that names the picture when it is too small to be corrupted. */
export function checkLargeEnough({ width, height }: Image, name: string): void {
  if (Math.min(width, height) >= SMALLEST_SIDE) return;
  throw new UserError(
    `${name}: expected ${SMALLEST_SIDE} × ${SMALLEST_SIDE} pixels or more, found ${width} × ${height}; ` +
      `enlarge it, or add --size 32 to have every picture resized and cut to that`,
  );
}

/** ImageNet-C was cut out of pictures whose short side is larger than the cut by this factor (256 / 224). */
const RESIZE_FACTOR = 256 / 224;

/**
 * The middle `size` × `size` pixels of a picture whose short side was resized to 8/7 · size (bilinear), which
 * is how ImageNet-C was made (256 and 224); to the pixel what `pushpull evaluate --resize` makes of it.
 */
export function squareCrop(image: Image, size: number): Image {
  return resizeAndCrop(image, Math.round(size * RESIZE_FACTOR), size);
}
