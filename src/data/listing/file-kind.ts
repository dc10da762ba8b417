/** What an image file is, told from its bytes. */
import { createHash } from 'node:crypto';
import type { Image } from '../../image/image.ts';
import { identify, readPictureHeader } from '../pictures/image-header.ts';
import { isPictureName } from '../pictures/picture-names.ts';

export interface FileKind {
  /** JPEG, PNG, ... */
  readonly format: string;
  readonly cmyk: boolean;
}

const ENDINGS: Readonly<Record<string, RegExp>> = {
  JPEG: /\.(jpe?g|jpe|jfif|jif)$/i,
  PNG: /\.a?png$/i,
  GIF: /\.gif$/i,
  WebP: /\.webp$/i,
  TIFF: /\.tiff?$/i,
  AVIF: /\.avif$/i,
  BMP: /\.(bmp|dib)$/i,
  PNM: /\.p[bgpn]m$/i,
};

/** Undefined for formats that are not known here. */
export function fileKind(bytes: Uint8Array): FileKind | undefined {
  const type = identify(bytes);
  if (type.kind !== 'picture') return undefined;
  return { format: type.format, cmyk: readPictureHeader(bytes, type.format)?.isCmyk ?? false };
}

/** Whether a file of that kind may be called so: by its ending, or without one. */
export function isKindOf({ format }: FileKind, name: string): boolean {
  return !isPictureName(name) || (ENDINGS[format]?.test(name) ?? true);
}

/** Equal for images of the same size and pixels. */
export function contentDigest({ width, height, data }: Image): string {
  return createHash('sha256').update(`${width} ${height} `).update(data).digest('base64');
}
