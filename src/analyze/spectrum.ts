/** Fourier magnitudes of kernels on a zero-padded grid (paper Eq. 6-8). */
import FFT from 'fft.js';
import type { FirstLayerKernels } from './first-layer.ts';

/** A complex plane of `size` × `size` values, row-major, lowest frequency first along both axes. */
interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Two-dimensional discrete Fourier transforms of one size, a power of two. */
export class Fourier2d {
  readonly size: number;
  readonly #fft: FFT;
  readonly #line: number[];
  readonly #out: number[];

  /** @throws RangeError when `size` is no power of two */
  constructor(size: number) {
    if (!Number.isInteger(Math.log2(size)) || size < 2) {
      throw new RangeError(`grid: expected a power of two such as 64, found ${size}`);
    }
    this.size = size;
    this.#fft = new FFT(size);
    this.#line = this.#fft.createComplexArray();
    this.#out = this.#fft.createComplexArray();
  }

  /**
   * The transform of a plane that is zero but for `values` `[height, width]`, whose element (0, 0) lies at (`top`,
   * `left`); what leaves the plane at one side comes in at the other.
   *
   * @throws RangeError when the values do not fit
   */
  transform(values: ArrayLike<number>, height: number, width: number, top = 0, left = 0): Complex {
    const { size } = this;
    if (height > size || width > size) {
      throw new RangeError(`grid: expected room for ${height} × ${width} values, found ${size} × ${size}`);
    }
    const plane = { re: new Float64Array(size * size), im: new Float64Array(size * size) };
    const wrapped = (at: number) => ((at % size) + size) % size;
    const rows = new Set<number>();
    for (let y = 0; y < height; y++) {
      const row = wrapped(top + y);
      rows.add(row);
      for (let x = 0; x < width; x++) plane.re[row * size + wrapped(left + x)] = values[y * width + x];
    }
    // The transform of a row of zeros is zero.
    for (const row of rows) this.#transformLine(plane, row * size, 1);
    for (let column = 0; column < size; column++) this.#transformLine(plane, column, size);
    return plane;
  }

  #transformLine({ re, im }: Complex, start: number, step: number): void {
    const [line, out] = [this.#line, this.#out];
    for (let i = 0; i < this.size; i++) {
      line[2 * i] = re[start + i * step];
      line[2 * i + 1] = im[start + i * step];
    }
    this.#fft.transform(out, line);
    for (let i = 0; i < this.size; i++) {
      re[start + i * step] = out[2 * i];
      im[start + i * step] = out[2 * i + 1];
    }
  }
}

/** Frequencies of a grid's rows and columns in cycles a pixel, lowest first: `-0.5` to below `0.5`. */
export function frequencies(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => (i - size / 2) / size);
}

/** A grid with frequency zero in its middle, at (`size/2`, `size/2`), as NumPy's `fftshift` puts it. */
export function centred(values: Float64Array, size: number): Float64Array {
  const shifted = new Float64Array(values.length);
  const half = size / 2;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      shifted[((y + half) % size) * size + ((x + half) % size)] = values[y * size + x];
    }
  }
  return shifted;
}

/** Inhibition whose effect on the kernels is asked for. */
export interface Inhibition {
  /** One number for all filters, or one a filter `[Cout]`. */
  readonly alpha: number | Float32Array;
  /** Side of the pooling, odd; 0 for none. */
  readonly avg: number;
}

export interface LayerSpectra {
  /** Side of the grid. */
  readonly size: number;
  /** `[size, size]`, frequency zero in the middle; the mean of `|F|` over all filters and their channels. */
  readonly push: Float64Array;
  readonly pull: Float64Array;
  /** `|F(w - alpha · (w_pull * avg))|`, in the order of what was asked for. */
  readonly pushPull: readonly Float64Array[];
  /** By filter; shares of the spectral energy `|F|²`, summed over channels, of the first inhibition asked for. */
  readonly energy: readonly {
    readonly push: BandEnergy;
    readonly pull: BandEnergy;
    readonly pushPull: BandEnergy;
  }[];
}

/** Shares that sum to 1: below 1/6, up to 1/3, and from 1/3 cycles a pixel on. */
export interface BandEnergy {
  readonly low: number;
  readonly mid: number;
  readonly high: number;
}

/** Ends of the low and the mid band in cycles a pixel, thirds of the highest frequency along an axis. */
export const BANDS = { low: 1 / 6, mid: 1 / 3 } as const;

/** Side of the grid that is taken when none is asked for; larger where the kernels need it. */
export const GRID = 64;

/**
 * The averaged Fourier magnitude of all push kernels, of all pull kernels, and of the push-pull kernels
 * `w - alpha · (w_pull * avg)` for several inhibitions (paper Eq. 6-8), where `avg` is a box of side `avg` that sums
 * to 1 and `*` is convolution with zeros around, centred. The transform is linear, so each kernel is transformed once.
 * Filters of several channels count one kernel a channel.
 *
 * @param size side of the grid, a power of two
 */
export function layerSpectra(
  { kernels, dilation }: Pick<FirstLayerKernels, 'kernels' | 'dilation'>,
  inhibitions: readonly Inhibition[],
  size = gridFor({ kernels, dilation }),
): LayerSpectra {
  const fourier = new Fourier2d(size);
  const [filters, channels, height, width] = kernels.shape;
  const area = height * width;
  const spread = { height: (height - 1) * dilation[0] + 1, width: (width - 1) * dilation[1] + 1 };
  const boxes = new Map(inhibitions.map(({ avg }) => [avg, boxTransfer(fourier, avg)]));
  const cells = size * size;
  const sums = { push: new Float64Array(cells), pull: new Float64Array(cells) };
  const pushPull = inhibitions.map(() => new Float64Array(cells));
  const bands = bandsOf(size);
  const energy: LayerSpectra['energy'][number][] = [];
  for (let filter = 0; filter < filters; filter++) {
    const power = { push: new Float64Array(3), pull: new Float64Array(3), pushPull: new Float64Array(3) };
    for (let channel = 0; channel < channels; channel++) {
      const at = (filter * channels + channel) * area;
      const transformed = (weights: Float32Array) =>
        fourier.transform(
          dilated(weights.subarray(at, at + area), kernels.shape, dilation),
          spread.height,
          spread.width,
        );
      const [push, pull] = [transformed(kernels.push), transformed(kernels.pull)];
      for (let i = 0; i < cells; i++) {
        const pushPower = push.re[i] ** 2 + push.im[i] ** 2;
        const pullPower = pull.re[i] ** 2 + pull.im[i] ** 2;
        sums.push[i] += Math.sqrt(pushPower);
        sums.pull[i] += Math.sqrt(pullPower);
        power.push[bands[i]] += pushPower;
        power.pull[bands[i]] += pullPower;
      }
      for (const [which, { alpha, avg }] of inhibitions.entries()) {
        const strength = typeof alpha === 'number' ? alpha : alpha[filter];
        const box = boxes.get(avg)!;
        const sum = pushPull[which];
        for (let i = 0; i < cells; i++) {
          const factor = strength * box[i];
          const both = (push.re[i] - factor * pull.re[i]) ** 2 + (push.im[i] - factor * pull.im[i]) ** 2;
          sum[i] += Math.sqrt(both);
          if (which === 0) power.pushPull[bands[i]] += both;
        }
      }
    }
    energy.push({ push: shares(power.push), pull: shares(power.pull), pushPull: shares(power.pushPull) });
  }
  const average = (sum: Float64Array) =>
    centred(
      sum.map((value) => value / (filters * channels)),
      size,
    );
  return {
    size,
    push: average(sums.push),
    pull: average(sums.pull),
    pushPull: pushPull.map(average),
    energy,
  };
}

function gridFor({ kernels: { shape }, dilation }: Pick<FirstLayerKernels, 'kernels' | 'dilation'>): number {
  const side = Math.max((shape[2] - 1) * dilation[0] + 1, (shape[3] - 1) * dilation[1] + 1);
  return Math.max(GRID, 2 ** Math.ceil(Math.log2(4 * side)));
}

/** Transfer function of average pooling. A box around the origin is even, so its transform is real. */
function boxTransfer(fourier: Fourier2d, avg: number): Float64Array {
  const side = Math.max(1, avg);
  const box = new Float64Array(side * side).fill(1 / (side * side));
  const corner = -(side - 1) / 2;
  return fourier.transform(box, side, side, corner, corner).re;
}

/** A kernel with zeros between its weights, as a dilated convolution has them. */
export function dilated(
  kernel: Float32Array,
  [, , height, width]: readonly [number, number, number, number],
  [down, across]: readonly [number, number],
): Float32Array {
  if (down === 1 && across === 1) return kernel;
  const wide = (width - 1) * across + 1;
  const out = new Float32Array(((height - 1) * down + 1) * wide);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) out[y * down * wide + x * across] = kernel[y * width + x];
  }
  return out;
}

/** Band of every place of a grid, lowest frequency first: 0 low, 1 mid, 2 high. */
function bandsOf(size: number): Uint8Array {
  const bands = new Uint8Array(size * size);
  const frequency = (i: number) => Math.min(i, size - i) / size;
  for (let i = 0; i < bands.length; i++) {
    const radius = Math.hypot(frequency(Math.floor(i / size)), frequency(i % size));
    bands[i] = radius < BANDS.low ? 0 : radius < BANDS.mid ? 1 : 2;
  }
  return bands;
}

function shares(power: Float64Array): BandEnergy {
  const total = power[0] + power[1] + power[2];
  const share = (band: number) => (total > 0 ? power[band] / total : 0);
  return { low: share(0), mid: share(1), high: share(2) };
}

/** Mean magnitude on rings around frequency zero. */
export interface RadialProfile {
  /** Cycles a pixel: the middle of each ring, `0` to `0.5`. */
  readonly frequency: readonly number[];
  readonly magnitude: readonly number[];
}

/** Averages a centred grid over rings one cell wide; the corners beyond 0.5 cycles a pixel are left out. */
export function radialProfile(magnitude: Float64Array, size: number): RadialProfile {
  const rings = size / 2 + 1;
  const sums = new Float64Array(rings);
  const counts = new Float64Array(rings);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const ring = Math.round(Math.hypot(y - size / 2, x - size / 2));
      if (ring >= rings) continue;
      sums[ring] += magnitude[y * size + x];
      counts[ring]++;
    }
  }
  return {
    frequency: Array.from(sums, (_, ring) => ring / size),
    magnitude: Array.from(sums, (sum, ring) => sum / counts[ring]),
  };
}
