/** What the first bytes of a file say it is, and how large its picture is: known before anything is decoded. */

/** Formats that are decoded. */
export type PictureFormat = 'JPEG' | 'PNG' | 'GIF' | 'WebP' | 'TIFF' | 'AVIF' | 'BMP' | 'PNM';

/** What a file is, judged by its contents. */
export type FileType =
  | { readonly kind: 'picture'; readonly format: PictureFormat }
  /** A picture of pixels in a format that is not decoded. */
  | { readonly kind: 'foreign'; readonly format: string }
  /** No picture of pixels; in words, in the singular. */
  | { readonly kind: 'other'; readonly what: string };

/** Bytes that {@link identify} looks at. */
export const IDENTIFYING_BYTES = 512;

type Signature = readonly [start: string, offset?: number];
const PICTURES: readonly (readonly [PictureFormat, ...Signature])[] = [
  ['JPEG', '\xff\xd8\xff'],
  ['PNG', '\x89PNG\r\n\x1a\n'],
  ['GIF', 'GIF87a'],
  ['GIF', 'GIF89a'],
  ['WebP', 'WEBP', 8],
  ['TIFF', 'II*\0'],
  ['TIFF', 'MM\0*'],
  ['TIFF', 'II+\0'],
  ['TIFF', 'MM\0+'],
];
const FOREIGN: readonly (readonly [string, ...Signature])[] = [
  ['JPEG XL', '\xff\x0a'],
  ['JPEG XL', '\0\0\0\x0cJXL '],
  ['JPEG 2000', '\0\0\0\x0cjP  '],
  ['JPEG 2000', '\xff\x4f\xff\x51'],
  ['Photoshop', '8BPS'],
  ['OpenEXR', 'v/1\x01'],
  ['Radiance HDR', '#?RADIANCE'],
  ['DirectDraw', 'DDS '],
  ['QOI', 'qoif'],
  ['FITS', 'SIMPLE  ='],
  ['GIMP', 'gimp xcf'],
];
const OTHERS: readonly (readonly [string, ...Signature])[] = [
  ['icon', '\0\0\x01\0'],
  ['ZIP archive', 'PK\x03\x04'],
  ['gzip file', '\x1f\x8b'],
  ['7z archive', '7z\xbc\xaf'],
  ['tar archive', 'ustar', 257],
  ['PDF document', '%PDF'],
  ['PostScript document', '%!PS'],
  ['NumPy array', '\x93NUMPY'],
  ['video', 'ftyp', 4],
  ['HDF5 file', '\x89HDF'],
  ['SQLite database', 'SQLite format 3'],
];
/** Brands of files in the container that AVIF and HEIC share with videos. */
const AVIF_BRANDS = ['avif', 'avis'];
const HEIC_BRANDS = ['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'mif1', 'msf1'];

/** What the first bytes of a file say: pictures by their contents, whatever the file is called. */
export function identify(bytes: Uint8Array): FileType {
  if (bytes.length === 0) return { kind: 'other', what: 'empty file' };
  const starts = ([start, offset = 0]: Signature) => matches(bytes, start, offset);
  const picture = PICTURES.find(([, ...signature]) => starts(signature));
  if (picture && (picture[0] !== 'WebP' || starts(['RIFF']))) return { kind: 'picture', format: picture[0] };
  if (starts(['ftyp', 4])) {
    const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
    const brands =
      latin1(bytes.subarray(8, Math.min(size, bytes.length, IDENTIFYING_BYTES))).match(/.{4}/gs) ?? [];
    if (brands.some((brand) => AVIF_BRANDS.includes(brand))) return { kind: 'picture', format: 'AVIF' };
    if (brands.some((brand) => HEIC_BRANDS.includes(brand))) return { kind: 'foreign', format: 'HEIC' };
  }
  // Two letters are few: the size of the header that follows must be one of those that there are.
  if (starts(['BM']) && [12, 16, 40, 52, 56, 64, 108, 124].includes(bytes[14]) && bytes[15] === 0) {
    return { kind: 'picture', format: 'BMP' };
  }
  if (/^P[1-6][\s#]/.test(latin1(bytes.subarray(0, 3)))) return { kind: 'picture', format: 'PNM' };
  const foreign = FOREIGN.find(([, ...signature]) => starts(signature));
  if (foreign) return { kind: 'foreign', format: foreign[0] };
  const other = OTHERS.find(([, ...signature]) => starts(signature));
  if (other) return { kind: 'other', what: other[0] };
  return { kind: 'other', what: kindOfText(bytes.subarray(0, IDENTIFYING_BYTES)) };
}

function kindOfText(bytes: Uint8Array): string {
  // Neither text nor anything known: control characters that no text has.
  const isText = bytes.every((byte) => byte >= 32 || (byte >= 8 && byte <= 13) || byte === 27);
  if (!isText) return 'file of an unknown kind';
  const text = latin1(bytes);
  if (/<svg[\s>]/i.test(text)) return 'SVG drawing';
  if (/^(\xef\xbb\xbf)?\s*<(!doctype html|html)/i.test(text)) return 'web page';
  return 'text file';
}

/** Of a picture, as its header tells. */
export interface PictureHeader {
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  /** Four inks in place of three colours. */
  readonly isCmyk: boolean;
  /** Grey of 16 bits. */
  readonly isDeepGrey: boolean;
  /** Of a TIFF: 1 to 8, as EXIF has them. */
  readonly orientation: number;
}

/**
 * The header of a picture whose format is known. Undefined when there is none: the file is cut, or damaged. Width and
 * height are 0 where only the decoder finds them (AVIF).
 */
export function readPictureHeader(bytes: Uint8Array, format: PictureFormat): PictureHeader | undefined {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const plain = { format, isCmyk: false, isDeepGrey: false, orientation: 1 };
    switch (format) {
      case 'JPEG': {
        const frame = jpegFrame(bytes, view);
        return frame && { ...plain, ...frame };
      }
      case 'PNG': {
        const isDeepGrey = bytes[24] === 16 && bytes[25] === 0;
        return { ...plain, width: view.getUint32(16), height: view.getUint32(20), isDeepGrey };
      }
      case 'GIF':
        return { ...plain, width: view.getUint16(6, true), height: view.getUint16(8, true) };
      case 'WebP':
        return { ...plain, ...webpSize(bytes, view) };
      case 'TIFF':
        return { ...plain, ...tiffHeader(view) };
      case 'BMP': {
        const isOld = view.getUint32(14, true) === 12;
        const [width, height] = isOld
          ? [view.getUint16(18, true), view.getUint16(20, true)]
          : [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
        return { ...plain, width, height };
      }
      case 'PNM': {
        const match =
          /^P[1-6](?:\s*#[^\n\r]*[\n\r])*\s+(?:#[^\n\r]*[\n\r]\s*)*(\d+)\s+(?:#[^\n\r]*[\n\r]\s*)*(\d+)/.exec(
            latin1(bytes.subarray(0, 4096)),
          );
        return match ? { ...plain, width: Number(match[1]), height: Number(match[2]) } : undefined;
      }
      case 'AVIF':
        return { ...plain, width: 0, height: 0 };
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** From the frame header of a JPEG; four components are CMYK or YCCK. */
function jpegFrame(bytes: Uint8Array, view: DataView) {
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      // Padding before a marker.
      at++;
      continue;
    }
    // C0 to CF are frames, but for the Huffman (C4), arithmetic (CC) and extension (C8) tables among them.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7), isCmyk: bytes[at + 9] === 4 };
    }
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

function webpSize(bytes: Uint8Array, view: DataView): { width: number; height: number } {
  const chunk = latin1(bytes.subarray(12, 16));
  const get24 = (at: number) => view.getUint16(at, true) + 65536 * bytes[at + 2];
  if (chunk === 'VP8X') return { width: get24(24) + 1, height: get24(27) + 1 };
  if (chunk === 'VP8L') {
    const packed = view.getUint32(21, true);
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
  }
  return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

const TIFF_TAGS = {
  width: 256,
  height: 257,
  bits: 258,
  photometric: 262,
  orientation: 274,
  samples: 277,
} as const;
const SEPARATED = 5;

/** From the first directory of a TIFF or BigTIFF. */
function tiffHeader(view: DataView) {
  const little = view.getUint8(0) === 0x49;
  const isBig = view.getUint16(2, little) === 43;
  const offset = (at: number) => (isBig ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const directory = offset(isBig ? 8 : 4);
  const entries = isBig ? Number(view.getBigUint64(directory, little)) : view.getUint16(directory, little);
  const [first, size, valueAt] = isBig ? [directory + 8, 20, 12] : [directory + 2, 12, 8];
  const values = new Map<number, number>();
  for (let entry = 0; entry < entries; entry++) {
    const at = first + entry * size;
    const isShort = view.getUint16(at + 2, little) === 3;
    const count = view.getUint32(at + 4, little);
    const isInside = count * (isShort ? 2 : 4) <= (isBig ? 8 : 4);
    const place = isInside ? at + valueAt : offset(at + valueAt);
    const isWanted = Object.values<number>(TIFF_TAGS).includes(view.getUint16(at, little));
    if (!isWanted) continue;
    values.set(
      view.getUint16(at, little),
      isShort ? view.getUint16(place, little) : view.getUint32(place, little),
    );
  }
  const get = (tag: keyof typeof TIFF_TAGS, usual: number) => values.get(TIFF_TAGS[tag]) ?? usual;
  const samples = get('samples', 1);
  return {
    width: get('width', 0),
    height: get('height', 0),
    isCmyk: get('photometric', 1) === SEPARATED && samples >= 4,
    isDeepGrey: get('photometric', 1) <= 1 && samples === 1 && get('bits', 1) === 16,
    orientation: get('orientation', 1),
  };
}

function matches(bytes: Uint8Array, start: string, offset: number): boolean {
  if (bytes.length < offset + start.length) return false;
  for (let i = 0; i < start.length; i++) if (bytes[offset + i] !== start.charCodeAt(i)) return false;
  return true;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
