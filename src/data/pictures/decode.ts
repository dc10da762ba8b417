import type { OutputInfo, Sharp } from 'sharp';
import { OutOfMemoryError, UserError } from '../../errors.ts';
import { errorCode } from '../../files/files.ts';
import { createImage, type Image } from '../../image/image.ts';
import { explainError, problemOf } from '../../system-errors.ts';
import { decodeBmp } from './bmp.ts';
import { type OpaqueGif, withoutTransparency } from './gif.ts';
import { identify, type PictureFormat, type PictureHeader, readPictureHeader } from './image-header.ts';
import { maxPixels } from './limits.ts';
import { decodePnm } from './pnm.ts';
import { loadSharp } from './sharp.ts';

/** An image, and what its decoder complained of without giving up. */
export interface DecodedImage extends Image {
  /** Where a part of the pixels is wrong in all likelihood: what is missing. */
  readonly damage?: string;
}

/**
 * Decode an image file to 8-bit RGB as Pillow's `open(...).convert('RGB')` does: grey is repeated in three
 * channels, alpha is dropped, 16 bits become 8 (of grey they are cut at 255), CMYK is converted by its formula; colour
 * profiles and gamma are ignored, and so is the camera's orientation but for TIFF. The contents tell the format.
 *
 * Rejects with what is wrong for anything else than a whole image: what is truncated is not patched up, and an image of
 * more pixels than `maxPixels` is not decoded.
 *
 * @param admit is awaited before memory is taken for so many pixels
 */
export async function decodeImage(
  bytes: Uint8Array,
  admit?: (pixels: number) => Promise<void>,
): Promise<DecodedImage> {
  // sharp takes no view of shared memory: the bytes must not change while it reads.
  const own = bytes.buffer instanceof SharedArrayBuffer ? Uint8Array.from(bytes) : bytes;
  const header = await readHeader(own);
  const pixels = header.width * header.height;
  const most = maxPixels();
  if (pixels > most) {
    throw new Error(
      `its ${header.width} × ${header.height} pixels are more than the limit of ${most}; raise --max-pixels where they are meant`,
    );
  }
  await admit?.(pixels);
  if (header.format === 'BMP' || header.format === 'PNM') {
    return decoded(own, header.format, () => (header.format === 'BMP' ? decodeBmp(own) : decodePnm(own)));
  }
  // Not inside: a library that is missing is no damage of the image.
  loadSharp();
  const gif = header.format === 'GIF' ? withoutTransparency(own) : undefined;
  const decode = (failOn: 'warning' | 'error') => decodePixels(gif?.bytes ?? own, header, failOn);
  // Every whole image passes at once; what does not may still be one that decoders complain of.
  const strict = await decode('warning').catch(() => undefined);
  const { data, info } =
    strict ??
    (await decode('error').catch((cause: unknown) => {
      if (cause instanceof UserError) throw cause;
      throw new Error(whatIsWrong(own, header.format), { cause });
    }));
  const image = toRgb(data, info, header);
  if (gif) fillAround(image, gif);
  return strict ? image : { ...image, damage: `its ${header.format} data is damaged in places` };
}

/** @throws Error when it is no picture that can be decoded */
async function readHeader(bytes: Uint8Array): Promise<PictureHeader> {
  const type = identify(bytes);
  if (type.kind === 'foreign') {
    throw new Error(
      `it is a picture in the format ${type.format}, which is not read here; convert it to PNG`,
    );
  }
  if (bytes.length === 0) throw new Error('the file is empty');
  if (type.kind === 'other') {
    const what = ['text file', 'file of an unknown kind'].includes(type.what) ? '' : ` (${type.what})`;
    throw new Error(`it is in no image format that is known${what}`);
  }
  const header = readPictureHeader(bytes, type.format);
  if (header?.format !== 'AVIF') {
    if (header && header.width > 0 && header.height > 0) return header;
    throw new Error(whatIsWrong(bytes, type.format));
  }
  const { width, height } = await loadSharp()(bytes, { limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw new Error(whatIsWrong(bytes, type.format), { cause });
    });
  return { ...header, width, height };
}

/** What a decoder of ours makes of it; reading beyond the end is a reason too. */
function decoded(bytes: Uint8Array, format: PictureFormat, decode: () => Image): Image {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error(whatIsWrong(bytes, format), { cause: error });
  }
}

type Decoded = { data: Buffer; info: OutputInfo };

async function decodePixels(
  bytes: Uint8Array,
  { format, isCmyk, isDeepGrey }: PictureHeader,
  failOn: 'warning' | 'error',
): Promise<Decoded> {
  const input = loadSharp()(bytes, {
    failOn,
    ignoreIcc: true,
    limitInputPixels: maxPixels(),
    // Rows are read once: the whole need not be kept beside the result.
    sequentialRead: format !== 'TIFF',
  });
  const upright = format === 'TIFF' ? input.autoOrient() : input;
  // Left alone, libvips would convert CMYK with a profile of a printing press.
  if (isCmyk) return await raw(upright.pipelineColourspace('cmyk').toColourspace('cmyk'), 'uchar');
  if (isDeepGrey) return await raw(upright.toColourspace('grey16').removeAlpha(), 'ushort');
  return await raw(upright.toColourspace('srgb').removeAlpha(), 'uchar');
}

async function raw(pipeline: Sharp, depth: 'uchar' | 'ushort'): Promise<Decoded> {
  return await pipeline.raw({ depth }).toBuffer({ resolveWithObject: true });
}

function toRgb(data: Buffer, info: OutputInfo, header: PictureHeader): Image {
  const { width, height, channels } = info;
  if (header.isCmyk) return fromCmyk(data, info);
  if (channels === 3 && !header.isDeepGrey) {
    // A view: a Buffer's slices would share its memory.
    return createImage(width, height, new Uint8Array(data.buffer, data.byteOffset, data.length));
  }
  const rgb = new Uint8Array(width * height * 3);
  if (header.isDeepGrey) {
    for (let pixel = 0; pixel < width * height; pixel++) {
      rgb.fill(Math.min(255, data.readUInt16LE(2 * pixel * channels)), pixel * 3, pixel * 3 + 3);
    }
    return createImage(width, height, rgb);
  }
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgb.fill(data[pixel * channels], pixel * 3, pixel * 3 + 3);
  }
  return createImage(width, height, rgb);
}

/** What the first frame of a GIF leaves free has the first colour, or the transparent one. */
function fillAround(
  { width, height, data }: Image,
  { left, top, right, bottom, background }: OpaqueGif,
): void {
  for (let y = 0; y < height; y++) {
    const isInside = y >= top && y < bottom;
    for (let x = 0; x < width; x++) {
      if (isInside && x >= left && x < right) x = right;
      if (x < width) data.set(background, 3 * (y * width + x));
    }
  }
}

/** (255 - ink)(255 - black) / 255 for each ink, rounded as Pillow does it. */
function fromCmyk(data: Uint8Array, { width, height, channels }: OutputInfo): Image {
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += channels) {
    const light = 255 - data[from + 3];
    for (let ink = 0; ink < 3; ink++) {
      const product = data[from + ink] * light + 128;
      rgb[to++] = light - ((product + (product >> 8)) >> 8);
    }
  }
  return createImage(width, height, rgb);
}

/** How the formats end that have an end. */
const ENDS: Partial<Record<PictureFormat, readonly number[]>> = {
  JPEG: [0xff, 0xd9],
  PNG: [0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82],
  GIF: [0x3b],
};
/** Bytes that may follow the end of a file's image. */
const TRAILER = 64;

/**
 * Why bytes that the decoder refused are no image. Told from the bytes, because libvips keeps its messages in one
 * place for all threads, where decoders that run at the same time overwrite or erase them.
 */
function whatIsWrong(bytes: Uint8Array, format: PictureFormat): string {
  const tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - TRAILER)));
  const isWhole = tail.includes(Buffer.from(ENDS[format] ?? []));
  return isWhole ? `its ${format} data is damaged` : `its ${format} data ends too early`;
}

/** What the system says of files of a listing, where its usual words would not fit. */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not read it: change its permissions',
  EPERM: 'you may not read it: change its permissions',
  ENOENT: 'it is not there any more, or a link to nothing',
  ELOOP: 'it is a link to itself',
  EISDIR: 'it is a folder',
  EIO: 'the disk failed',
};

/** It is the machine that has come to an end, and the next image would fare no better. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/**
 * What is wrong with an image that could not be read, in words.
 *
 * @throws UserError where memory or open files have run out, which is no fault of the image
 */
export function decodingReason(error: unknown): string {
  const code = errorCode(error) ?? '';
  const explained = explainError(error);
  if (explained instanceof OutOfMemoryError || OF_THE_MACHINE.has(code)) throw explained;
  return SYSTEM_REASONS[code] ?? problemOf(explained);
}
