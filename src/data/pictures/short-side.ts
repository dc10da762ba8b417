/** Resizing an image by its short side, and the square that is cut out of the result. */
import { type Corner, centerCorner, crop } from '../../augment/crop.ts';
import { createImage, type Image } from '../../image/image.ts';
import { resize } from '../../image/resize.ts';

type Size = Pick<Image, 'width' | 'height'>;

/** As torchvision's `Resize(shortSide)`: the long side is cut to a whole number. */
export function scaledSize({ width, height }: Size, shortSide: number): Size {
  const short = Math.min(width, height);
  const scaled = (side: number) => (side === short ? shortSide : Math.trunc((shortSide * side) / short));
  return { width: scaled(width), height: scaled(height) };
}

export function resizeShortSide(image: Image, shortSide: number): Image {
  const { width, height } = scaledSize(image, shortSide);
  if (width === image.width && height === image.height) return image;
  return resize(image, width, height, 'bilinear');
}

/**
 * The square of an image whose short side was resized, black where it reaches outside; what is cut off is not computed.
 *
 * @param cornerOf Where the square lies in the resized image. Default: in the middle, as torchvision's `CenterCrop`.
 */
export function resizeAndCrop(
  image: Image,
  shortSide: number,
  size: number,
  cornerOf: (scaled: Size) => Corner = (scaled) => centerCorner(scaled, size),
): Image {
  const scaled = scaledSize(image, shortSide);
  const corner = cornerOf(scaled);
  // Of a frame only the picture inside is resized.
  const left = Math.max(0, corner.left);
  const top = Math.max(0, corner.top);
  const width = Math.min(scaled.width, corner.left + size) - left;
  const height = Math.min(scaled.height, corner.top + size) - top;
  if (width <= 0 || height <= 0) return createImage(size, size);
  const part = resize(image, scaled.width, scaled.height, 'bilinear', { left, top, width, height });
  if (width === size && height === size) return part;
  return crop(part, corner.left - left, corner.top - top, size, size);
}
