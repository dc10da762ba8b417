/*
 * Windows bitmaps, which the prebuilt libvips lacks. The packages that read them (bmp-ts, fast-bmp) give other colours
 * than Pillow for palettes and 16 bits, and refuse the older headers; see docs/decisions/pictures.md.
 */
import { createImage, type Image } from '../../image/image.ts';

const RGB = 0;
const RLE8 = 1;
const RLE4 = 2;
const MASKS = 3;
const MASKS_WITH_ALPHA = 6;

/**
 * Decode a bitmap of 1, 4, 8, 16, 24 or 32 bits, with or without run lengths, as Pillow's `convert('RGB')` does: alpha
 * is dropped.
 *
 * @throws Error with the reason when it is no whole picture
 */
export function decodeBmp(bytes: Uint8Array): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  const isOld = headerSize === 12;
  const width = isOld ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = isOld ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(isOld ? 24 : 28, true);
  const compression = isOld ? RGB : view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  const colours = isOld ? 0 : view.getUint32(46, true);
  if (width <= 0 || height === 0) throw new Error('its BMP data is damaged');
  const isRuns = (compression === RLE8 && bits === 8) || (compression === RLE4 && bits === 4);
  const isMasks = (compression === MASKS || compression === MASKS_WITH_ALPHA) && (bits === 16 || bits === 32);
  if (!(isRuns || isMasks || (compression === RGB && [1, 4, 8, 16, 24, 32].includes(bits)))) {
    throw new Error(`it is a BMP of ${bits} bits with compression ${compression}, which is not read here`);
  }

  const image = createImage(width, height);
  const paletteStart = 14 + headerSize + (isMasks && headerSize === 40 ? 12 : 0);
  const palette = readPalette(bytes, paletteStart, isOld ? 3 : 4, bits <= 8 ? colours || 2 ** bits : 0);
  /** Row of the picture from the top. */
  const rowOf = signedHeight < 0 ? (row: number) => row : (row: number) => height - 1 - row;
  if (isRuns) {
    const indices = unpackRuns(bytes.subarray(start), width, height, bits);
    for (let i = 0; i < indices.length; i++) {
      const y = rowOf(Math.floor(i / width));
      image.data.set(palette.subarray(3 * indices[i], 3 * indices[i] + 3), 3 * (y * width + (i % width)));
    }
    return image;
  }
  const stride = Math.ceil((width * bits) / 32) * 4;
  // Some writers leave the padding of the last row out.
  const needed = stride * (height - 1) + Math.ceil((width * bits) / 8);
  if (start + needed > bytes.length) throw new Error('its BMP data ends too early');
  const masks = isMasks ? [54, 58, 62].map((at) => view.getUint32(at, true)) : [0x7c00, 0x3e0, 0x1f];
  const channels = masks.map(toChannel);
  for (let row = 0; row < height; row++) {
    const from = start + row * stride;
    let to = 3 * rowOf(row) * width;
    for (let x = 0; x < width; x++, to += 3) {
      if (bits <= 8) {
        const inByte = 8 / bits;
        const shift = 8 - bits * ((x % inByte) + 1);
        const index = (bytes[from + Math.floor(x / inByte)] >> shift) & (2 ** bits - 1);
        for (let channel = 0; channel < 3; channel++) image.data[to + channel] = palette[3 * index + channel];
      } else if (isMasks || bits === 16) {
        const at = from + (x * bits) / 8;
        const value = bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
        for (let channel = 0; channel < 3; channel++) image.data[to + channel] = channels[channel](value);
      } else {
        const at = from + (x * bits) / 8;
        for (let channel = 0; channel < 3; channel++) image.data[to + channel] = bytes[at + 2 - channel];
      }
    }
  }
  return image;
}

/** Red, green and blue of each; black beyond those that are there. */
function readPalette(bytes: Uint8Array, start: number, size: 3 | 4, count: number): Uint8Array {
  const palette = new Uint8Array(3 * 256);
  for (let index = 0; index < Math.min(count, 256); index++) {
    for (let channel = 0; channel < 3; channel++) {
      palette[3 * index + channel] = bytes[start + index * size + 2 - channel] ?? 0;
    }
  }
  return palette;
}

/** What the bits of a mask say, stretched to 8 bits. */
function toChannel(mask: number): (value: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (value) => Math.trunc((255 * ((value & mask) >>> shift)) / most);
}

/** Of RLE8 or RLE4, rows in the order of the file. What the runs leave out has the first colour. */
function unpackRuns(bytes: Uint8Array, width: number, height: number, bits: number): Uint8Array {
  const indices = new Uint8Array(width * height);
  let [x, y] = [0, 0];
  const put = (index: number) => {
    if (x < width && y < height) indices[y * width + x] = index;
    x++;
  };
  for (let at = 0; y < height; ) {
    if (at + 1 >= bytes.length) throw new Error('its BMP data ends too early');
    const [count, value] = [bytes[at], bytes[at + 1]];
    at += 2;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(bits === 8 ? value : i % 2 === 0 ? value >> 4 : value & 15);
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) {
      return indices;
    } else if (value === 2) {
      x += bytes[at] ?? 0;
      y += bytes[at + 1] ?? 0;
      at += 2;
    } else {
      const length = bits === 8 ? value : Math.ceil(value / 2);
      if (at + length > bytes.length) throw new Error('its BMP data ends too early');
      for (let i = 0; i < value; i++) {
        put(bits === 8 ? bytes[at + i] : i % 2 === 0 ? bytes[at + (i >> 1)] >> 4 : bytes[at + (i >> 1)] & 15);
      }
      at += length + (length % 2);
    }
  }
  return indices;
}
