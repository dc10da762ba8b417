import type { Random } from '../../random/random.ts';

/**
 * Coefficients of the sine modes of a smooth field on a grid: the k-th, from 1 on, is sin(π k a / (n - 1)) at pixel a
 * of n. No more than n - 2 differ on n pixels.
 */
export interface SineModes {
  readonly width: number;
  readonly height: number;
  /** Modes along x. */
  readonly columns: number;
  /** Modes along y. */
  readonly rows: number;
  /** `[rows, columns]` */
  readonly data: Float64Array;
}

function noModes(cut: number, width: number, height: number): SineModes {
  const columns = Math.min(cut, modeCount(width));
  const rows = Math.min(cut, modeCount(height));
  return { width, height, columns, rows, data: new Float64Array(columns * rows) };
}

/** Modes that differ on a side of so many pixels. */
function modeCount(side: number): number {
  return Math.max(0, side - 2);
}

/**
 * Where the modes of wave numbers 1 to `cut` are among those that differ on the pixels of a side. Wave numbers
 * beyond those look like a smaller one there, or like its negative, or vanish on all pixels.
 *
 * @returns For each wave number, from 1 on, `mode` counted from 0 (-1 where it vanishes) and its `sign`.
 */
function foldedModes(cut: number, side: number): { mode: Int32Array; sign: Int8Array } {
  const mode = new Int32Array(cut).fill(-1);
  const sign = new Int8Array(cut);
  const half = side - 1;
  if (half < 2) return { mode, sign };
  for (let i = 0; i < cut; i++) {
    const wave = (i + 1) % (2 * half);
    if (wave % half === 0) continue;
    mode[i] = (wave < half ? wave : 2 * half - wave) - 1;
    sign[i] = wave < half ? 1 : -1;
  }
  return { mode, sign };
}

/** Call `visit` for the modes (i, j) of a cut, counted from 1, inside the quarter of a circle that is used. */
function forEachMode(cut: number, visit: (i: number, j: number, squared: number) => void): void {
  const limit = (cut + 0.5) ** 2;
  for (let i = 1; i <= cut; i++) {
    for (let j = 1; j <= cut && i * i + j * j < limit; j++) visit(i, j, i * i + j * j);
  }
}

/**
 * Modes of a field with given random numbers: coefficient (i, j) is `normals[i - 1, j - 1]` / √(i² + j²) for wave
 * number i along x and j along y, inside i² + j² < (cut + 1/2)²
 * (Petrini et al. 2021, "Relative stability toward diffeomorphisms indicates performance in deep nets").
 *
 * @param normals `[cut, cut]`
 */
export function sineModes(normals: ArrayLike<number>, cut: number, width: number, height: number): SineModes {
  const modes = noModes(cut, width, height);
  const { data, columns } = modes;
  const alongX = foldedModes(cut, width);
  const alongY = foldedModes(cut, height);
  forEachMode(cut, (i, j, squared) => {
    const x = alongX.mode[i - 1];
    const y = alongY.mode[j - 1];
    if (x < 0 || y < 0) return;
    const sign = alongX.sign[i - 1] * alongY.sign[j - 1];
    data[y * columns + x] += (sign * normals[(i - 1) * cut + j - 1]) / Math.sqrt(squared);
  });
  return modes;
}

/**
 * Random modes, distributed as those of `sineModes` with standard normal numbers. As a sum of independent normal
 * numbers is one, wave numbers that look alike on the pixels need one draw together: at 500 wave numbers on 32 pixels,
 * 900 draws for 196,000.
 */
export function drawSineModes(cut: number, width: number, height: number, random: Random): SineModes {
  const modes = noModes(cut, width, height);
  const { data, columns } = modes;
  const alongX = foldedModes(cut, width).mode;
  const alongY = foldedModes(cut, height).mode;
  forEachMode(cut, (i, j, squared) => {
    const x = alongX[i - 1];
    const y = alongY[j - 1];
    if (x >= 0 && y >= 0) data[y * columns + x] += 1 / squared;
  });
  for (let i = 0; i < data.length; i++) {
    if (data[i] > 0) data[i] = Math.sqrt(data[i]) * random.normal();
  }
  return modes;
}

/**
 * The field of given modes: `[height, width]`, zero on its border. Odd modes are even about the middle of a side and
 * even ones odd, so half of the pixels is enough to know all.
 */
export function sineField({ width, height, columns, rows, data }: SineModes): Float64Array {
  const field = new Float64Array(width * height);
  if (columns === 0 || rows === 0) return field;
  const alongX = sines(width);
  const alongY = sines(height);
  const half = alongX.pixels;
  const line = (length: number) => new Float64Array(length);
  const [above, below] = [line(rows), line(rows)];
  const sums = [0, 1, 2, 3].map(() => line(columns));
  const [oddAbove, oddBelow, evenAbove, evenBelow] = sums;
  const [left, leftToo, right, rightToo] = [line(half), line(half), line(half), line(half)];
  // Two rows at a time; the middle one twice where their number is odd.
  for (let y = 0; y < alongY.pixels; y += 2) {
    const next = Math.min(y + 1, alongY.pixels - 1);
    for (let k = 0; k < rows; k++) {
      above[k] = alongY.data[k * alongY.pixels + y];
      below[k] = alongY.data[k * alongY.pixels + next];
    }
    addRows(oddAbove, oddBelow, above, below, 0, data, columns);
    addRows(evenAbove, evenBelow, above, below, 1, data, columns);
    mirror(oddAbove, evenAbove);
    mirror(oddBelow, evenBelow);
    writeRows(y, oddAbove, height - 1 - y, evenAbove);
    writeRows(next, oddBelow, height - 1 - next, evenBelow);
  }
  return field;

  function writeRows(y: number, coefficients: Float64Array, otherY: number, other: Float64Array): void {
    addRows(left, leftToo, coefficients, other, 0, alongX.data, half);
    addRows(right, rightToo, coefficients, other, 1, alongX.data, half);
    mirror(left, right);
    mirror(leftToo, rightToo);
    // The side's end first, so that a middle that is in both halves keeps the first half's value.
    for (let x = 0; x < half; x++) field[y * width + width - 1 - x] = right[x];
    for (let x = 0; x < half; x++) field[otherY * width + width - 1 - x] = rightToo[x];
    field.set(left, y * width);
    field.set(leftToo, otherY * width);
  }
}

/** Sums of odd and of even modes become their sum, and their difference, which is the value at the mirrored place. */
function mirror(odd: Float64Array, even: Float64Array): void {
  for (let i = 0; i < odd.length; i++) {
    const sum = odd[i] + even[i];
    even[i] = odd[i] - even[i];
    odd[i] = sum;
  }
}

/**
 * Two rows become sums of every second one of `rows` from `first` on, each by its weights; four at a time, to read and
 * write less often.
 */
function addRows(
  out: Float64Array,
  outToo: Float64Array,
  weights: Float64Array,
  weightsToo: Float64Array,
  first: number,
  rows: Float64Array,
  stride: number,
): void {
  out.fill(0);
  outToo.fill(0);
  const count = weights.length;
  let k = first;
  for (; k + 6 < count; k += 8) {
    const [a, b, c, d] = [weights[k], weights[k + 2], weights[k + 4], weights[k + 6]];
    const [e, f, g, h] = [weightsToo[k], weightsToo[k + 2], weightsToo[k + 4], weightsToo[k + 6]];
    const atP = k * stride;
    const atQ = atP + 2 * stride;
    const atR = atQ + 2 * stride;
    const atS = atR + 2 * stride;
    for (let i = 0; i < stride; i++) {
      const p = rows[atP + i];
      const q = rows[atQ + i];
      const r = rows[atR + i];
      const s = rows[atS + i];
      out[i] += a * p + b * q + (c * r + d * s);
      outToo[i] += e * p + f * q + (g * r + h * s);
    }
  }
  for (; k < count; k += 2) {
    const [a, e] = [weights[k], weightsToo[k]];
    const at = k * stride;
    for (let i = 0; i < stride; i++) {
      out[i] += a * rows[at + i];
      outToo[i] += e * rows[at + i];
    }
  }
}

/** Modes on the first half of a side, the middle included: `[modes, pixels]`. */
interface Sines {
  readonly pixels: number;
  readonly data: Float64Array;
}

const known = new Map<number, Sines>();

function sines(side: number): Sines {
  let table = known.get(side);
  if (!table) {
    const pixels = Math.ceil(side / 2);
    const data = new Float64Array(modeCount(side) * pixels);
    for (let k = 0; k < modeCount(side); k++) {
      for (let x = 0; x < pixels; x++) {
        data[k * pixels + x] = Math.sin((Math.PI * (((k + 1) * x) % (2 * (side - 1)))) / (side - 1));
      }
    }
    table = { pixels, data };
    // Images of a run have one size; those of a folder that is looked through may have any.
    if (known.size >= SIDES_KEPT) known.clear();
    known.set(side, table);
  }
  return table;
}

const SIDES_KEPT = 4;
