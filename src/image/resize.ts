import { UserError } from '../errors.ts';
import type { Image } from './image.ts';

/**
 * Resizing of 8-bit RGB images, equal to Pillow's `Image.resize` to the bit.
 *
 * `box` and `bilinear` are antialiased: when shrinking, the filter widens with the factor. Pillow filters
 * rows first, rounds to 8 bits, then filters columns, all with weights of 22 fraction bits.
 */
export type ResizeFilter = 'nearest' | 'box' | 'bilinear';

const WEIGHT_BITS = 22;

/** Half the width of each filter in input pixels when nothing shrinks. */
const SUPPORT = { box: 0.5, bilinear: 1 } as const;

function filterWeight(filter: 'box' | 'bilinear', x: number): number {
  if (filter === 'box') return x > -0.5 && x <= 0.5 ? 1 : 0;
  const distance = Math.abs(x);
  return distance < 1 ? 1 - distance : 0;
}

/** For each output position the first input position, how many count, and their weights. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` weights an output position, sum about 2^22. */
  readonly weights: Int32Array;
  readonly stride: number;
}

const tapsCache = new Map<string, Taps>();
const TAPS_CACHE_SIZE = 64;

function tapsFor(filter: 'box' | 'bilinear', inSize: number, outSize: number): Taps {
  const key = `${filter} ${inSize} ${outSize}`;
  const cached = tapsCache.get(key);
  if (cached) return cached;
  const scale = inSize / outSize;
  const widening = Math.max(scale, 1);
  const support = SUPPORT[filter] * widening;
  const inverse = 1 / widening;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outSize);
  const count = new Int32Array(outSize);
  const weights = new Int32Array(outSize * stride);
  const raw = new Float64Array(stride);
  for (let i = 0; i < outSize; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const n = Math.min(inSize, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < n; k++) {
      raw[k] = filterWeight(filter, (k + start - centre + 0.5) * inverse);
      sum += raw[k];
    }
    for (let k = 0; k < n; k++) {
      weights[i * stride + k] = Math.trunc(0.5 + (raw[k] / sum) * (1 << WEIGHT_BITS));
    }
    first[i] = start;
    count[i] = n;
  }
  const taps = { first, count, weights, stride };
  if (tapsCache.size >= TAPS_CACHE_SIZE) tapsCache.clear();
  tapsCache.set(key, taps);
  return taps;
}

const HALF = 1 << (WEIGHT_BITS - 1);

function resizeRows(data: Uint8Array, width: number, height: number, out: number, taps: Taps): Uint8Array {
  const result = new Uint8Array(out * height * 3);
  const { first, count, weights, stride } = taps;
  for (let y = 0, to = 0; y < height; y++) {
    const row = y * width * 3;
    for (let x = 0; x < out; x++, to += 3) {
      let from = row + first[x] * 3;
      if (count[x] === 1) {
        result[to] = data[from];
        result[to + 1] = data[from + 1];
        result[to + 2] = data[from + 2];
        continue;
      }
      let r = HALF;
      let g = HALF;
      let b = HALF;
      const end = x * stride + count[x];
      for (let k = x * stride; k < end; k++, from += 3) {
        const weight = weights[k];
        r += data[from] * weight;
        g += data[from + 1] * weight;
        b += data[from + 2] * weight;
      }
      // Weights are not negative and sum to 1, so nothing can leave 0..255.
      result[to] = r >> WEIGHT_BITS;
      result[to + 1] = g >> WEIGHT_BITS;
      result[to + 2] = b >> WEIGHT_BITS;
    }
  }
  return result;
}

function resizeColumns(data: Uint8Array, width: number, out: number, taps: Taps): Uint8Array {
  const length = width * 3;
  const result = new Uint8Array(length * out);
  const sums = new Int32Array(length);
  const { first, count, weights, stride } = taps;
  for (let y = 0; y < out; y++) {
    const to = y * length;
    if (count[y] === 1) {
      result.set(data.subarray(first[y] * length, (first[y] + 1) * length), to);
      continue;
    }
    sums.fill(HALF);
    for (let k = 0; k < count[y]; k++) {
      const weight = weights[y * stride + k];
      const from = (first[y] + k) * length;
      for (let i = 0; i < length; i++) sums[i] += data[from + i] * weight;
    }
    for (let i = 0; i < length; i++) result[to + i] = sums[i] >> WEIGHT_BITS;
  }
  return result;
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

function resizeNearest(image: Image, width: number, height: number): Uint8Array {
  const { data } = image;
  const columns = nearestPositions(image.width, width);
  const rows = nearestPositions(image.height, height);
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
 * The image at another size.
 *
 * @param width, height In pixels, 1 or more.
 * @throws UserError when a size is not a positive integer.
 */
export function resize(image: Image, width: number, height: number, filter: ResizeFilter): Image {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new UserError(`resize: width and height must be integers from 1 up, got ${width}×${height}`);
  }
  let data = image.data;
  if (filter === 'nearest') {
    data = resizeNearest(image, width, height);
  } else {
    if (width !== image.width) {
      data = resizeRows(data, image.width, image.height, width, tapsFor(filter, image.width, width));
    }
    if (height !== image.height)
      data = resizeColumns(data, width, height, tapsFor(filter, image.height, height));
    if (data === image.data) data = data.slice();
  }
  return { data, width, height, channels: 3 };
}
