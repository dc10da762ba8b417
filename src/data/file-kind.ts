/** What an image file is, told from its bytes. */
import { createHash } from 'node:crypto';
import type { Image } from '../image/image.ts';
import { imageFormat, jpegComponents } from './decode.ts';

export interface FileKind {
  /** JPEG, PNG, ... */
  readonly format: string;
  readonly cmyk: boolean;
}

const ENDINGS: Readonly<Record<string, RegExp>> = {
  JPEG: /\.(jpe?g|jfif|jpe)$/i,
  PNG: /\.png$/i,
  GIF: /\.gif$/i,
  WebP: /\.webp$/i,
  TIFF: /\.tiff?$/i,
  AVIF: /\.avif$/i,
};
const ANY_ENDING = /\.(jpe?g|jfif|jpe|png|gif|webp|tiff?|avif|bmp|heic)$/i;

/** Undefined for formats that are not known here. */
export function fileKind(bytes: Uint8Array): FileKind | undefined {
  const format = imageFormat(bytes);
  return format === undefined ? undefined : { format, cmyk: jpegComponents(bytes) === 4 };
}

/** Whether a file of that kind may be called so: by its ending, or without one. */
export function isKindOf({ format }: FileKind, name: string): boolean {
  return !ANY_ENDING.test(name) || (ENDINGS[format]?.test(name) ?? true);
}

/** Equal for images of the same size and pixels. */
export function contentDigest({ width, height, data }: Image): string {
  return createHash('sha256').update(`${width} ${height} `).update(data).digest('base64');
}
