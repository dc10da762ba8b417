import { createImage, type Image, TRUNCATION_GUARD } from './image.ts';
import {
  beginFilter,
  bytesAt,
  floatsAt,
  kernels,
  placeBytes,
  placeFloats,
  placeInts,
  take,
} from './kernels.ts';

/** How one axis of a centre zoom is sampled. */
interface Axis {
  /** First of the two input positions behind each output position. */
  readonly first: Int32Array;
  /** Share of the second; the first has the rest. */
  readonly share: Float64Array;
}

/**
 * Sampling of an axis of `size` pixels enlarged about its middle: the middle ceil(size/factor) pixels are
 * stretched corner to corner over round(·factor) pixels, of which the middle `size` are kept.
 */
function zoomAxis(size: number, factor: number): Axis {
  const cropped = Math.ceil(size / factor);
  const start = Math.floor((size - cropped) / 2);
  const stretched = roundHalfEven(cropped * factor);
  const trim = Math.floor((stretched - size) / 2);
  const step = stretched > 1 ? (cropped - 1) / (stretched - 1) : 0;
  const first = new Int32Array(size);
  const share = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const position = Math.min((i + trim) * step, cropped - 1);
    const whole = Math.min(Math.floor(position), Math.max(0, cropped - 2));
    first[i] = start + whole;
    share[i] = position - whole;
  }
  return { first, share };
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * A plane [height, width], enlarged about its centre by `factor` (1 or more) with bilinear interpolation: its
 * middle is cut out and enlarged as `scipy.ndimage.zoom(order=1)` does, first and last pixel staying where
 * they are.
 */
export function zoomPlane(data: Float32Array, width: number, height: number, factor: number): Float32Array {
  const { first, share } = zoomAxis(width, factor);
  const rows = zoomAxis(height, factor);
  const out = new Float32Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    const upper = rows.first[y] * width;
    const lower = Math.min(rows.first[y] + 1, height - 1) * width;
    const down = rows.share[y];
    for (let x = 0; x < width; x++, to++) {
      const left = first[x];
      const right = Math.min(left + 1, width - 1);
      const a = data[upper + left] + down * (data[lower + left] - data[upper + left]);
      const b = data[upper + right] + down * (data[lower + right] - data[upper + right]);
      out[to] = a + share[x] * (b - a);
    }
  }
  return out;
}

/** Mean of a picture, counted `weight` times, and of its enlargements as `zoomPlane` makes them, truncated. */
export function meanOfZooms(image: Image, weight: number, factors: readonly number[]): Image {
  const { data, width, height } = image;
  const pixels = width * height;
  beginFilter();
  const bytes = placeBytes(data);
  const picture = take(pixels * 16);
  kernels.widenPixels(bytes, picture, pixels);
  const sum = take(pixels * 16);
  const line = take(width * 16);
  const axes = factors.map((factor) => {
    const columns = zoomAxis(width, factor);
    const rows = zoomAxis(height, factor);
    return {
      columns: placeInts(columns.first.map((x) => x * 16)),
      columnShares: placeFloats(columns.share),
      rows: placeInts(rows.first.map((y) => y * width * 16)),
      rowShares: placeFloats(rows.share),
    };
  });
  const levels = take(data.length);
  const start = floatsAt(picture, pixels * 4);
  const sums = floatsAt(sum, pixels * 4);
  for (let i = 0; i < start.length; i++) sums[i] = weight * start[i];
  for (const { columns, columnShares, rows, rowShares } of axes) {
    kernels.addResampled(picture, sum, width, height, columns, columnShares, rows, rowShares, line);
  }
  kernels.truncatePixels(sum, levels, pixels, 1 / (weight + factors.length), TRUNCATION_GUARD);
  return createImage(width, height, bytesAt(levels, data.length).slice());
}
