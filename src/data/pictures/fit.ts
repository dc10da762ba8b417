/** Bringing a picture to a model's input size in the ways that libraries of models do it. */
import { centerStart, crop, roundHalfToEven } from '../../augment/crop.ts';
import { createImage, type Image } from '../../image/image.ts';
import { type Region, type ResizeFilter, resize } from '../../image/resize.ts';
import type { Geometry, Size } from '../../models/card.ts';
import { scaledSize } from './short-side.ts';

/** The picture at a geometry's size; what is cropped is not computed. */
export function fitImage(image: Image, geometry: Geometry): Image {
  const { width, height, resample = 'bilinear' } = geometry;
  const source = geometry.fit === 'crop-first' ? cutFirst(image, geometry) : image;
  const scaled = scaledBy(source, geometry);
  const left = startOf(scaled.width, width, geometry);
  const top = startOf(scaled.height, height, geometry);
  // Of a frame only the picture inside is resized.
  const inside = {
    left: Math.max(0, left),
    top: Math.max(0, top),
    width: Math.min(scaled.width, left + width) - Math.max(0, left),
    height: Math.min(scaled.height, top + height) - Math.max(0, top),
  };
  const part = resizePart(source, scaled, inside, resample);
  if (inside.width === width && inside.height === height) return part;
  return framed(part, inside.left - left, inside.top - top, geometry);
}

/** The middle of a picture, before it is resized. */
function cutFirst(image: Image, geometry: Geometry): Image {
  const short = Math.min(image.width, image.height);
  const of = boxOf(geometry);
  const width = Math.max(1, Math.trunc((geometry.width / of.width) * short));
  const height = Math.max(1, Math.trunc((geometry.height / of.height) * short));
  const [left, top] = [startOf(image.width, width, geometry), startOf(image.height, height, geometry)];
  return crop(image, left, top, width, height);
}

/** The size that `resize` tells, or the model's own. */
function boxOf({ resize, width, height }: Geometry): Size {
  if (resize === null) return { width, height };
  return typeof resize === 'number' ? { width: resize, height: resize } : resize;
}

/** What the whole picture is resized to before the crop. */
function scaledBy(image: Size, geometry: Geometry): Size {
  const { resize, fit } = geometry;
  const box = boxOf(geometry);
  switch (fit) {
    case 'crop-only':
      return image;
    case 'crop-first':
      return geometry;
    case 'squeeze':
      return box;
    case 'pad':
      return divided(image, Math.max(image.height / box.height, image.width / box.width));
    default:
      return typeof resize === 'number'
        ? scaledSize(image, resize)
        : divided(image, Math.min(image.height / box.height, image.width / box.width));
  }
}

/** As timm's `ResizeKeepRatio` reckons it. */
function divided({ width, height }: Size, ratio: number): Size {
  const scaled = (side: number) => Math.max(1, roundHalfToEven(side / ratio));
  return { width: scaled(width), height: scaled(height) };
}

function startOf(length: number, size: number, { cropRounding }: Geometry): number {
  return cropRounding === 'down' ? Math.floor((length - size) / 2) : centerStart(length, size);
}

function resizePart(image: Image, { width, height }: Size, part: Region, filter: ResizeFilter): Image {
  const whole = part.width === image.width && part.height === image.height;
  if (width !== image.width || height !== image.height) return resize(image, width, height, filter, part);
  return whole ? image : crop(image, part.left, part.top, part.width, part.height);
}

function framed(image: Image, left: number, top: number, { width, height, fill }: Geometry): Image {
  const out = createImage(width, height);
  if (fill?.some((level) => level !== 0)) {
    for (let at = 0; at < out.data.length; at += 3) out.data.set(fill, at);
  }
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    out.data.set(row, ((top + y) * width + left) * 3);
  }
  return out;
}
