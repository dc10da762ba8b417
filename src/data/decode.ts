import sharp from 'sharp';
import { createImage, type Image } from '../image/image.ts';

// Images are decoded many at a time; threads inside one small image only cost. Nothing is decoded twice either.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decode an image file to 8-bit RGB as Pillow's `open(...).convert('RGB')` does: grey is repeated in three
 * channels, alpha is dropped, 16 bits become 8; colour profiles and the camera's orientation are ignored.
 *
 * Rejects with the decoder's reason for anything else than a whole image: what is truncated is not patched up.
 */
export async function decodeImage(bytes: Uint8Array): Promise<Image> {
  // sharp takes no view of shared memory: the bytes must not change while it reads.
  const own = bytes.buffer instanceof SharedArrayBuffer ? Uint8Array.from(bytes) : bytes;
  const { data, info } = await sharp(own, { failOn: 'error', ignoreIcc: true, limitInputPixels: 2 ** 28 })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels === 3) return createImage(info.width, info.height, new Uint8Array(data));
  const rgb = new Uint8Array(info.width * info.height * 3);
  for (let pixel = 0; pixel < info.width * info.height; pixel++) {
    rgb.fill(data[pixel * info.channels], pixel * 3, pixel * 3 + 3);
  }
  return createImage(info.width, info.height, rgb);
}

/** A decoder's complaint as one short line. */
export function decodingReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const lines = message
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return [...new Set(lines)].slice(0, 2).join('; ') || 'it cannot be decoded';
}
