import { UserError } from '../errors.ts';
import type { Image } from './image.ts';
import { beginFilter, bytesAt, kernels, placeInts, placeShorts, take } from './kernels.ts';

/** Pillow's, by its names. */
export const RESIZE_FILTERS = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const;

/**
 * Resizing of 8-bit RGB images, equal to Pillow's `Image.resize` to the bit.
 *
 * All but `nearest` are antialiased: when shrinking, the filter widens with the factor. Pillow filters
 * rows first, rounds to 8 bits, then filters columns, all with weights of 22 fraction bits; columns first where
 * {@link columnsFirst} says so.
 */
export type ResizeFilter = (typeof RESIZE_FILTERS)[number];
type WeightedFilter = Exclude<ResizeFilter, 'nearest'>;

const WEIGHT_BITS = 22;

/** Half the width of each filter in input pixels when nothing shrinks. */
const SUPPORT: Readonly<Record<WeightedFilter, number>> = {
  box: 0.5,
  bilinear: 1,
  hamming: 1,
  bicubic: 2,
  lanczos: 3,
};

/** Weight at a distance, in input pixels when nothing shrinks. */
const WEIGHT: Readonly<Record<WeightedFilter, (x: number) => number>> = {
  box: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0),
  bilinear: (x) => Math.max(0, 1 - Math.abs(x)),
  hamming: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0),
  bicubic: (x) => {
    const distance = Math.abs(x);
    if (distance < 1) return ((CUBIC + 2) * distance - (CUBIC + 3)) * distance * distance + 1;
    return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * CUBIC : 0;
  },
  lanczos: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
};

/** Slope of the cubic filter at 1: Keys' choice, which OpenCV replaces by -0.75. */
const CUBIC = -0.5;

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** A part of an image, in pixels. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** For each output position the first input position, and the weights from there on, in the form the kernels take. */
interface Taps {
  readonly first: Int32Array;
  /** Input positions behind the output position that reads the most, even. */
  readonly count: number;
  /** `count` int16 for an output position: the upper 11 bits of two weights, the lower 11 of them, of the next two, … */
  readonly halves: Int16Array;
}

const tapsCache = new Map<string, Taps>();
const TAPS_CACHE_SIZE = 64;

function tapsFor(filter: WeightedFilter, inSize: number, outSize: number): Taps {
  const key = `${filter} ${inSize} ${outSize}`;
  const cached = tapsCache.get(key);
  if (cached) return cached;
  const scale = inSize / outSize;
  const widening = Math.max(scale, 1);
  const support = SUPPORT[filter] * widening;
  const inverse = 1 / widening;
  const first = new Int32Array(outSize);
  const all: Int32Array[] = [];
  for (let i = 0; i < outSize; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const n = Math.min(inSize, Math.trunc(centre + support + 0.5)) - start;
    const raw = Float64Array.from({ length: n }, (_, k) =>
      WEIGHT[filter]((k + start - centre + 0.5) * inverse),
    );
    // In order, as Pillow adds them.
    const sum = raw.reduce((total, weight) => total + weight, 0);
    first[i] = start;
    all.push(Int32Array.from(raw, (weight) => fixedPoint(weight / sum)));
  }
  const count = 2 * Math.ceil(all.reduce((most, { length }) => Math.max(most, length), 0) / 2);
  const halves = new Int16Array(outSize * count * 2);
  for (const [i, weights] of all.entries()) {
    for (const [k, weight] of weights.entries()) {
      const at = (i * count + (k & ~1)) * 2 + (k & 1);
      halves[at] = weight >> HALF_BITS;
      halves[at + 2] = weight & ((1 << HALF_BITS) - 1);
    }
  }
  const taps = { first, count, halves };
  if (tapsCache.size >= TAPS_CACHE_SIZE) tapsCache.clear();
  tapsCache.set(key, taps);
  return taps;
}

/** Rounded away from zero, as Pillow does. */
function fixedPoint(weight: number): number {
  return Math.trunc(weight * (1 << WEIGHT_BITS) + (weight < 0 ? -0.5 : 0.5));
}

const HALF_BITS = WEIGHT_BITS / 2;
/** Rows are taken to the kernels so many bytes at a time: those of a large photo would fill their memory for good. */
const STRIP_BYTES = 2 ** 20;

/**
 * Rows `top` to `top + rows` of an image, each filtered to the pixels `left` to `left + width`; in the kernels' memory.
 *
 * @param spare Rows behind the last that will be read, with weight 0.
 */
function filterRows(
  image: Image,
  { top, height: rows, left, width }: Region,
  taps: Taps | undefined,
  spare: number,
): number {
  const stride = image.width * 3;
  const to = take((rows + spare) * width * 3);
  if (!taps) {
    const out = bytesAt(to, rows * width * 3);
    for (let y = 0; y < rows; y++) {
      const from = (top + y) * stride + left * 3;
      out.set(image.data.subarray(from, from + width * 3), y * width * 3);
    }
    return to;
  }
  const { first, count, halves } = taps;
  const firsts = placeInts(first.subarray(left, left + width).map((pixel) => pixel * 3));
  const weights = placeShorts(spread(halves.subarray(left * count * 2, (left + width) * count * 2)));
  const rowsAtOnce = Math.max(1, Math.min(rows, Math.floor(STRIP_BYTES / stride)));
  // At the right edge some taps lie outside, with weight 0.
  const strip = take(rowsAtOnce * stride + count * 3);
  for (let y = 0; y < rows; y += rowsAtOnce) {
    const some = Math.min(rowsAtOnce, rows - y);
    bytesAt(strip, some * stride).set(image.data.subarray((top + y) * stride, (top + y + some) * stride));
    kernels.resizeRows(strip, stride, to + y * width * 3, width, some, firsts, weights, count / 2);
  }
  return to;
}

/** The weights of pairs of taps for red, green and blue, and nothing for a fourth channel. */
function spread(halves: Int16Array): Int16Array {
  const out = new Int16Array(halves.length * 4);
  for (let pair = 0; pair < halves.length; pair += 2) {
    for (let channel = 0; channel < 3; channel++) {
      out[pair * 4 + channel * 2] = halves[pair];
      out[pair * 4 + channel * 2 + 1] = halves[pair + 1];
    }
  }
  return out;
}

function filterColumns(from: number, firstRow: number, { left: _, ...region }: Region, taps: Taps): number {
  const { top, width, height } = region;
  const { first, count, halves } = taps;
  const length = width * 3;
  const to = take(height * length);
  const weights = placeShorts(halves.subarray(top * count * 2, (top + height) * count * 2));
  for (let y = 0; y < height; y++) {
    const row = from + (first[top + y] - firstRow) * length;
    kernels.resizeColumns(row, length, to + y * length, length, weights + y * count * 4, count / 2);
  }
  return to;
}

/** Input positions, found by adding up steps as Pillow does, so that rounding errors fall alike. */
function nearestPositions(inSize: number, outSize: number): Int32Array {
  const step = inSize / outSize;
  const positions = new Int32Array(outSize);
  let position = step * 0.5;
  for (let i = 0; i < outSize; i++, position += step)
    positions[i] = Math.min(inSize - 1, Math.floor(position));
  return positions;
}

function resizeNearest(image: Image, outWidth: number, outHeight: number, region: Region): Uint8Array {
  const { data } = image;
  const { left, top, width, height } = region;
  const columns = nearestPositions(image.width, outWidth).subarray(left);
  const rows = nearestPositions(image.height, outHeight).subarray(top);
  const result = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = rows[y] * image.width;
    for (let x = 0; x < width; x++, to += 3) {
      const from = (row + columns[x]) * 3;
      result[to] = data[from];
      result[to + 1] = data[from + 1];
      result[to + 2] = data[from + 2];
    }
  }
  return result;
}

/**
 * Whether Pillow 13 filters columns before rows, which earlier versions never do: where the height loses more than
 * twice what the width does. The order matters to the rounding in between.
 */
function columnsFirst(image: Image, width: number, height: number): boolean {
  const lost = image.height - height;
  return width !== image.width && lost > 0 && lost > 2 * (image.width - width);
}

/** Columns are taken to the kernels so many bytes at a time. */
const BAND_BYTES = 2 ** 24;

/** Some rows of the image at another height. */
function resizeHeight(image: Image, height: number, filter: ResizeFilter, top: number, rows: number): Image {
  const out = {
    width: image.width,
    height: rows,
    channels: 3,
    data: new Uint8Array(image.width * rows * 3),
  } as const;
  const band = Math.max(1, Math.floor(BAND_BYTES / (image.height * 3)));
  for (let left = 0; left < image.width; left += band) {
    const width = Math.min(band, image.width - left);
    const part = resize(image, image.width, height, filter, { left, top, width, height: rows });
    for (let y = 0; y < rows; y++) {
      out.data.set(part.data.subarray(y * width * 3, (y + 1) * width * 3), (y * image.width + left) * 3);
    }
  }
  return out;
}

/**
 * The image at another size, or a part of that.
 *
 * @param width, height In pixels, 1 or more.
 * @param region The part of the result that is wanted, within it: only that is computed. Default: all of it.
 * @throws UserError when a size is not a positive integer.
 */
export function resize(
  image: Image,
  width: number,
  height: number,
  filter: ResizeFilter,
  region: Region = { left: 0, top: 0, width, height },
): Image {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new UserError(`resize: width and height must be integers from 1 up, got ${width}×${height}`);
  }
  const size = { width: region.width, height: region.height, channels: 3 } as const;
  if (filter === 'nearest') return { ...size, data: resizeNearest(image, width, height, region) };
  if (columnsFirst(image, width, height)) {
    const flat = resizeHeight(image, height, filter, region.top, region.height);
    return resize(flat, width, region.height, filter, { ...region, top: 0 });
  }
  const across = width === image.width ? undefined : tapsFor(filter, image.width, width);
  const down = height === image.height ? undefined : tapsFor(filter, image.height, height);
  beginFilter();
  const last = region.top + region.height - 1;
  const top = down ? down.first[region.top] : region.top;
  const end = down ? Math.min(image.height, down.first[last] + down.count) : last + 1;
  const rows = filterRows(image, { ...region, top, height: end - top }, across, down?.count ?? 0);
  const pixels = down ? filterColumns(rows, top, region, down) : rows;
  return { ...size, data: bytesAt(pixels, region.width * region.height * 3).slice() };
}
