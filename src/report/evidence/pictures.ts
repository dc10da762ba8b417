/** Images as they are embedded in a page. */
import { loadSharp } from '../../data/pictures/sharp.ts';
import type { Image } from '../../image/image.ts';

/** Up to this side an image is kept pixel by pixel; larger ones are photographs that JPEG keeps small. */
const LARGEST_EXACT = 64;

/** Longest side of an embedded picture in pixels: larger ones are shrunk, or the page would weigh megabytes. */
export const LARGEST_SIDE = 128;

/** The size at which an image of that size is embedded. */
export function embeddedSize({ width, height }: { readonly width: number; readonly height: number }): {
  readonly width: number;
  readonly height: number;
} {
  const scale = Math.min(1, LARGEST_SIDE / Math.max(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/** An image as a data URI: PNG where it is small, JPEG without chroma subsampling where it is not. */
export async function pictureUri(image: Image): Promise<string> {
  const { width, height, channels } = image;
  const size = embeddedSize(image);
  let picture = loadSharp()(image.data, { raw: { width, height, channels } });
  if (size.width < width) picture = picture.resize(size.width, size.height);
  const exact = Math.max(width, height) <= LARGEST_EXACT;
  const encoded = exact
    ? picture.png({ compressionLevel: 9 })
    : picture.jpeg({ quality: 90, chromaSubsampling: '4:4:4' });
  return `data:image/${exact ? 'png' : 'jpeg'};base64,${(await encoded.toBuffer()).toString('base64')}`;
}
