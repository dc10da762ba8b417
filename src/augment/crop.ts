import { UserError } from '../errors.ts';
import { createImage, type Image } from '../image/image.ts';
import type { Random } from '../random/random.ts';

/** The part of an image whose top left corner is at (left, top); black where it reaches outside of the image. */
export function crop(image: Image, left: number, top: number, width: number, height: number): Image {
  const out = createImage(width, height);
  const x0 = Math.max(0, left);
  const x1 = Math.min(image.width, left + width);
  const y0 = Math.max(0, top);
  const y1 = Math.min(image.height, top + height);
  if (x0 >= x1) return out;
  for (let y = y0; y < y1; y++) {
    const row = image.data.subarray((y * image.width + x0) * 3, (y * image.width + x1) * 3);
    out.data.set(row, ((y - top) * width + x0 - left) * 3);
  }
  return out;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where the top left corner of a crop lies in an image; negative in its frame. */
export interface Corner {
  readonly left: number;
  readonly top: number;
}

/**
 * A random square out of the image in a black frame of `padding` pixels, as torchvision's `RandomCrop` of a
 * picture: every position is equally likely; the row is drawn first.
 *
 * @throws UserError when the framed image is smaller than the square
 */
export function randomCrop(
  image: Image,
  options: { readonly size: number; readonly padding: number },
  random: Random,
): Image {
  const { left, top } = drawCorner(image, options, random);
  return crop(image, left, top, options.size, options.size);
}

/** Where {@link randomCrop} cuts an image of some size. */
export function drawCorner(
  { width, height }: Size,
  { size, padding }: { readonly size: number; readonly padding: number },
  random: Random,
): Corner {
  const spareRows = height + 2 * padding - size;
  const spareColumns = width + 2 * padding - size;
  if (spareRows < 0 || spareColumns < 0) {
    throw new UserError(
      `expected an image of at least ${size - 2 * padding} × ${size - 2 * padding} pixels to crop ${size} × ${size} from, ` +
        `found ${width} × ${height}; enlarge the images first`,
    );
  }
  const top = random.int(0, spareRows + 1) - padding;
  const left = random.int(0, spareColumns + 1) - padding;
  return { left, top };
}

/**
 * The square in the middle, as torchvision's `CenterCrop`: half a pixel is rounded to the even side; an image
 * that is smaller gets a black frame, the wider half of it at the bottom and at the right.
 */
export function centerCrop(image: Image, size: number): Image {
  const { left, top } = centerCorner(image, size);
  return crop(image, left, top, size, size);
}

/** Where {@link centerCrop} cuts an image of some size. */
export function centerCorner({ width, height }: Size, size: number): Corner {
  return { left: centerStart(width, size), top: centerStart(height, size) };
}

/** Where the middle `size` pixels of a side begin, as torchvision's `CenterCrop` has it; negative in a frame. */
export function centerStart(length: number, size: number): number {
  return length >= size ? roundHalfToEven((length - size) / 2) : -Math.floor((size - length) / 2);
}

/** Python's `round`. */
export function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}
