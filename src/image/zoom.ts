import { Scratch } from './scratch.ts';

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

const lineScratch = new Scratch((length) => new Float64Array(length));

/**
 * Add a picture, enlarged about its centre by `factor` (1 or more) with bilinear interpolation, to `sum`.
 *
 * Both are interleaved [height, width, channels]. The picture's middle is cut out and enlarged as
 * `scipy.ndimage.zoom(order=1)` does, first and last pixel staying where they are.
 */
export function addZoomed(
  data: Float64Array,
  width: number,
  height: number,
  channels: number,
  factor: number,
  sum: Float64Array,
): void {
  const { first, share } = zoomAxis(width, factor);
  const rows = zoomAxis(height, factor);
  const stride = width * channels;
  const blended = lineScratch.take(stride);
  const from = first[0] * channels;
  const until = Math.min(stride, (first[width - 1] + 2) * channels);
  for (let y = 0; y < height; y++) {
    const upper = rows.first[y] * stride;
    const lower = Math.min(rows.first[y] + 1, height - 1) * stride;
    const down = rows.share[y];
    for (let i = from; i < until; i++) {
      const value = data[upper + i];
      blended[i] = value + down * (data[lower + i] - value);
    }
    const out = y * stride;
    if (channels === 3) {
      for (let x = 0, to = out; x < width; x++, to += 3) {
        const left = first[x] * 3;
        const right = share[x];
        sum[to] += blended[left] + right * (blended[left + 3] - blended[left]);
        sum[to + 1] += blended[left + 1] + right * (blended[left + 4] - blended[left + 1]);
        sum[to + 2] += blended[left + 2] + right * (blended[left + 5] - blended[left + 2]);
      }
    } else {
      for (let x = 0, to = out; x < width; x++) {
        const left = first[x] * channels;
        const right = share[x];
        for (let c = 0; c < channels; c++, to++) {
          sum[to] += blended[left + c] + right * (blended[left + channels + c] - blended[left + c]);
        }
      }
    }
  }
}
