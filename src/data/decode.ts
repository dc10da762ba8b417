import sharp, { type OutputInfo } from 'sharp';
import { createImage, type Image } from '../image/image.ts';
import { errorCode } from './files.ts';

// Images are decoded many at a time; threads inside one small image only cost. Nothing is decoded twice either.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decode an image file to 8-bit RGB as Pillow's `open(...).convert('RGB')` does: grey is repeated in three
 * channels, alpha is dropped, 16 bits become 8, CMYK is converted by its formula; colour profiles, gamma and the camera's
 * orientation are ignored.
 *
 * Rejects with what is wrong for anything else than a whole image: what is truncated is not patched up.
 */
export async function decodeImage(bytes: Uint8Array): Promise<Image> {
  // sharp takes no view of shared memory: the bytes must not change while it reads.
  const own = bytes.buffer instanceof SharedArrayBuffer ? Uint8Array.from(bytes) : bytes;
  const isCmyk = jpegComponents(own) === 4;
  const { data, info } = await decodePixels(own, isCmyk).catch((cause: unknown) => {
    throw new Error(whatIsWrong(own), { cause });
  });
  if (isCmyk) return fromCmyk(data, info);
  if (info.channels === 3) {
    // A view: a Buffer's slices would share its memory.
    return createImage(info.width, info.height, new Uint8Array(data.buffer, data.byteOffset, data.length));
  }
  const rgb = new Uint8Array(info.width * info.height * 3);
  for (let pixel = 0; pixel < info.width * info.height; pixel++) {
    rgb.fill(data[pixel * info.channels], pixel * 3, pixel * 3 + 3);
  }
  return createImage(info.width, info.height, rgb);
}

async function decodePixels(bytes: Uint8Array, isCmyk: boolean): Promise<{ data: Buffer; info: OutputInfo }> {
  const input = sharp(bytes, { failOn: 'error', ignoreIcc: true, limitInputPixels: 2 ** 28 });
  // Left alone, libvips would convert CMYK with a profile of a printing press.
  const converted = isCmyk
    ? input.pipelineColourspace('cmyk').toColourspace('cmyk')
    : input.toColourspace('srgb').removeAlpha();
  return await converted.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
}

/** (255 - ink)(255 - black) / 255 for each ink, rounded as Pillow does it. */
function fromCmyk(data: Uint8Array, { width, height }: OutputInfo): Image {
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    const light = 255 - data[from + 3];
    for (let ink = 0; ink < 3; ink++) {
      const product = data[from + ink] * light + 128;
      rgb[to++] = light - ((product + (product >> 8)) >> 8);
    }
  }
  return createImage(width, height, rgb);
}

/** The number of components that the frame header of a JPEG tells: 4 for CMYK and YCCK. Undefined for other files. */
export function jpegComponents(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      // Padding before a marker.
      at++;
      continue;
    }
    // C0 to CF are frames, but for the Huffman (C4), arithmetic (CC) and extension (C8) tables among them.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return bytes[at + 9];
    }
    at += 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
  }
  return undefined;
}

/** How the formats begin and end. */
const FORMATS = [
  { name: 'JPEG', start: [0xff, 0xd8, 0xff], end: [0xff, 0xd9] },
  { name: 'PNG', start: [0x89, 0x50, 0x4e, 0x47], end: [0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82] },
  { name: 'GIF', start: [0x47, 0x49, 0x46, 0x38], end: [0x3b] },
  { name: 'WebP', start: [0x52, 0x49, 0x46, 0x46], end: [] },
  { name: 'TIFF', start: [0x49, 0x49, 0x2a, 0x00], end: [] },
  { name: 'TIFF', start: [0x4d, 0x4d, 0x00, 0x2a], end: [] },
] as const;

function formatOf(bytes: Uint8Array): (typeof FORMATS)[number] | undefined {
  return FORMATS.find(({ start }) => start.every((byte, i) => bytes[i] === byte));
}

/** The format that a file begins as; undefined for others than the usual ones. */
export function imageFormat(bytes: Uint8Array): string | undefined {
  return formatOf(bytes)?.name;
}

/** Bytes that may follow the end of a file's image. */
const TRAILER = 64;

/**
 * Why bytes that the decoder refused are no image. Told from the bytes, because libvips keeps its messages in one
 * place for all threads, where decoders that run at the same time overwrite or erase them.
 */
function whatIsWrong(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty';
  const format = formatOf(bytes);
  if (!format) return 'it is in no image format that is known';
  const tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - TRAILER)));
  return tail.includes(Buffer.from(format.end))
    ? `its ${format.name} data is damaged`
    : `its ${format.name} data ends too early`;
}

/** What the system says of files that cannot be read; its own words repeat the path. */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not read it: change its permissions',
  EPERM: 'you may not read it: change its permissions',
  ENOENT: 'it is not there any more, or a link to nothing',
  ELOOP: 'it is a link to itself',
  EISDIR: 'it is a folder',
  EIO: 'the disk failed',
};

/** What is wrong with an image that could not be read, in words. */
export function decodingReason(error: unknown): string {
  const known = SYSTEM_REASONS[errorCode(error) ?? ''];
  if (known !== undefined) return known;
  return error instanceof Error ? error.message : String(error);
}
