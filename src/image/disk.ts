import { reflect101 } from './border.ts';
import { createImage, type Image } from './image.ts';
import { Scratch } from './scratch.ts';
import { symmetricSums } from './symmetric-sums.ts';

/** A square kernel of side 2·reach + 1, rows from the top. */
export interface DiskKernel {
  readonly reach: number;
  readonly values: Float64Array;
  /** Sum of the values. */
  readonly sum: number;
  readonly radius: number;
  /** Smoothing along one axis: weights at distances 0, 1, ... */
  readonly smoothing: Float64Array;
  /** What the kernel has beyond "disk, then smoothing" without a mirrored border. */
  readonly borderArms: readonly Arm[];
}

/** Tap weights below this move a white picture by less than 0.01 grey levels, all together. */
const NEGLIGIBLE = 1e-7;

/** What 64-bit sums may lose of a whole grey level before it is truncated. */
const ROUNDING = 1e-6;

/** Side of the grid, and of the smoothing, change above this radius. */
const SMALL_RADIUS = 8;

/**
 * The defocus kernel: a disk whose pixels sum to 1, smoothed by a small Gaussian that mirrors the disk at
 * the grid's border (reflect-101). Radii up to 8 live on a 17 × 17 grid and are smoothed over 3 × 3, others
 * on their own grid and over 5 × 5. Where the disk touches the border the mirrored part makes the sum
 * exceed 1.
 */
export function diskKernel(radius: number, smoothingSigma: number): DiskKernel {
  const reach = radius <= SMALL_RADIUS ? SMALL_RADIUS : Math.floor(radius);
  const smoothingReach = radius <= SMALL_RADIUS ? 1 : 2;
  const side = 2 * reach + 1;
  const disk = new Float64Array(side * side);
  const area = diskArea(radius);
  for (let y = -reach; y <= reach; y++) {
    const half = halfWidth(radius, y);
    for (let x = -half; x <= half; x++) disk[(y + reach) * side + x + reach] = 1;
  }
  const smoothing = Float64Array.from({ length: smoothingReach + 1 }, (_, i) =>
    Math.exp(-(i * i) / (2 * smoothingSigma * smoothingSigma)),
  );
  const total = smoothing.reduce((t, w, i) => t + (i === 0 ? w : 2 * w), 0);
  for (let i = 0; i < smoothing.length; i++) smoothing[i] /= total;
  const values = new Float64Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let value = 0;
      for (let dy = -smoothingReach; dy <= smoothingReach; dy++) {
        for (let dx = -smoothingReach; dx <= smoothingReach; dx++) {
          const source = reflect101(y + dy, side) * side + reflect101(x + dx, side);
          value += smoothing[Math.abs(dy)] * smoothing[Math.abs(dx)] * disk[source];
        }
      }
      values[y * side + x] = value / area;
    }
  }
  const sum = values.reduce((t, v) => t + v, 0);
  const borderArms = findBorderArms(reach, values, radius, smoothing);
  return { reach, values, sum, radius, smoothing, borderArms };
}

/** Half the length of the disk's row at distance y; -1 where there is none. */
function halfWidth(radius: number, y: number): number {
  const rest = radius * radius - y * y;
  return rest < 0 ? -1 : Math.floor(Math.sqrt(rest));
}

/** Pixels of the disk. */
function diskArea(radius: number): number {
  let area = 0;
  for (let y = -Math.floor(radius); y <= radius; y++) area += 2 * halfWidth(radius, y) + 1;
  return area;
}

/**
 * Taps at `distance` above, below, left and right of a pixel: weight t belongs to the four pairs that lie t
 * to either side of the axis.
 */
interface Arm {
  readonly distance: number;
  readonly weights: Float64Array;
}

/**
 * What is left of the kernel after "disk, then smoothing" without mirrored border: a few taps where the
 * disk touches the grid's border, near the axes, none elsewhere.
 */
function findBorderArms(reach: number, values: Float64Array, radius: number, smoothing: Float64Array): Arm[] {
  const side = 2 * reach + 1;
  const margin = smoothing.length - 1;
  const area = diskArea(radius);
  const excess = (dy: number, dx: number) => {
    let plain = 0;
    for (let sy = -margin; sy <= margin; sy++) {
      const half = halfWidth(radius, dy + sy);
      for (let sx = -margin; sx <= margin; sx++) {
        if (Math.abs(dx + sx) <= half) plain += smoothing[Math.abs(sy)] * smoothing[Math.abs(sx)];
      }
    }
    const wanted = dy <= reach && dx <= reach ? values[(dy + reach) * side + dx + reach] : 0;
    return wanted - plain / area;
  };
  const arms: Arm[] = [];
  for (let distance = 1; distance <= reach + margin; distance++) {
    const weights = Array.from({ length: distance }, (_, offset) => excess(distance, offset));
    const needed = weights.findLastIndex((weight) => Math.abs(weight) > NEGLIGIBLE) + 1;
    if (needed > 0) arms.push({ distance, weights: Float64Array.from(weights.slice(0, needed)) });
  }
  return arms;
}

/**
 * Correlate an image with a disk kernel, the picture mirrored at its border (reflect-101), each value times
 * `gain`, clipped and truncated.
 *
 * Same result as multiplying out the kernel (up to 441 taps), in the time of about 60: running sums along
 * the rows give the sharp disk exactly in integers, the smoothing follows separably, and the few taps
 * where the kernel differs from a smoothed disk are added, separably as well.
 */
export function diskBlur(image: Image, kernel: DiskKernel, gain: number): Image {
  const { width, height } = image;
  const margin = kernel.smoothing[1] > 1e-9 ? kernel.smoothing.length - 1 : 0;
  const arms = margin > 0 ? kernel.borderArms : [];
  const pad = Math.max(Math.floor(kernel.radius), kernel.reach * Number(arms.length > 0)) + margin;
  const padded = padMirrored(image, pad);
  const sums = rowSums(padded);
  const stride = width * 3;
  const wide = (width + 2 * margin) * 3;
  const scale = gain / diskArea(kernel.radius);

  // Sharp disk, then smoothing along the row, kept for as many rows as smoothing down the columns needs.
  const disk = new Int32Array(wide);
  const kept = Array.from({ length: 2 * margin + 1 }, () => new Float64Array(stride));
  const smoothed = (y: number) => kept[(y + margin) % kept.length];
  const advance = (y: number) => {
    diskRow(sums, disk, y + pad, (pad - margin) * 3, kernel.radius);
    smoothRow(disk, kernel.smoothing, margin, scale, smoothed(y));
  };
  for (let y = -margin; y < margin; y++) advance(y);
  const out = new Uint8Array(stride * height);
  const line = new Float64Array(stride);
  for (let y = 0; y < height; y++) {
    advance(y + margin);
    line.set(smoothed(y));
    if (margin > 0) {
      for (let i = 0; i < stride; i++) line[i] *= kernel.smoothing[0];
      for (let d = 1; d <= margin; d++) {
        const above = smoothed(y - d);
        const below = smoothed(y + d);
        const weight = kernel.smoothing[d];
        for (let i = 0; i < stride; i++) line[i] += weight * (above[i] + below[i]);
      }
    }
    for (const arm of arms) addArm(padded, arm, (y + pad) * padded.stride + pad * 3, gain, line);
    const row = y * stride;
    for (let i = 0; i < stride; i++) {
      const level = line[i] + ROUNDING;
      out[row + i] = Math.min(level, 255);
    }
  }
  return createImage(width, height, out);
}

const paddedScratch = new Scratch((length) => new Float64Array(length));
const pairScratch = new Scratch((length) => new Float64Array(length));
const sidesScratch = new Scratch((length) => new Float64Array(length));
const sumsScratch = new Scratch((length) => new Int32Array(length));

/** Add the four sides of an arm to the row whose first pixel lies at `start`. */
function addArm(
  { data, stride }: Padded,
  { distance, weights }: Arm,
  start: number,
  gain: number,
  line: Float64Array,
): void {
  const overhang = (weights.length - 1) * 3;
  const above = start - distance * stride;
  const below = start + distance * stride;
  const pair = pairScratch.take(line.length + 2 * overhang).subarray(0, line.length + 2 * overhang);
  for (let i = 0; i < pair.length; i++) pair[i] = data[above - overhang + i] + data[below - overhang + i];
  const rows = sidesScratch.take(line.length).subarray(0, line.length);
  symmetricSums(pair, overhang, 3, weights, rows);
  for (let i = 0; i < line.length; i++) line[i] += gain * rows[i];

  const far = 6 * distance;
  const columns = sidesScratch.take(line.length + far).subarray(0, line.length + far);
  symmetricSums(data, start - 3 * distance, stride, weights, columns);
  for (let i = 0; i < line.length; i++) line[i] += gain * (columns[i] + columns[i + far]);
}

interface Padded {
  readonly data: Float64Array;
  /** Values a row. */
  readonly stride: number;
  readonly height: number;
}

function padMirrored({ data, width, height }: Image, pad: number): Padded {
  const stride = (width + 2 * pad) * 3;
  const out = paddedScratch.take(stride * (height + 2 * pad));
  for (let y = -pad; y < height + pad; y++) {
    const from = reflect101(y, height) * width * 3;
    const to = (y + pad) * stride;
    out.set(data.subarray(from, from + width * 3), to + pad * 3);
    for (let x = 1; x <= pad; x++) {
      const left = from + reflect101(-x, width) * 3;
      const right = from + reflect101(width - 1 + x, width) * 3;
      for (let c = 0; c < 3; c++) {
        out[to + (pad - x) * 3 + c] = data[left + c];
        out[to + (pad + width - 1 + x) * 3 + c] = data[right + c];
      }
    }
  }
  return { data: out, stride, height: height + 2 * pad };
}

/** Running sums: value i of a row is the sum of its channel over the pixels before pixel floor(i/3). */
function rowSums({ data, stride, height }: Padded): { data: Int32Array; stride: number } {
  const wide = stride + 3;
  const sums = sumsScratch.take(wide * height);
  for (let y = 0; y < height; y++) {
    const at = y * wide;
    sums.fill(0, at, at + 3);
    for (let i = 0; i < stride; i++) sums[at + i + 3] = sums[at + i] + data[y * stride + i];
  }
  return { data: sums, stride: wide };
}

/** Sums over the sharp disk about each pixel of a row, from value `start` of the padded row on. */
function diskRow(
  { data: sums, stride }: { data: Int32Array; stride: number },
  out: Int32Array,
  y: number,
  start: number,
  radius: number,
): void {
  const half = halfWidth(radius, 0) * 3;
  let to = y * stride + start + half + 3;
  let from = y * stride + start - half;
  for (let i = 0; i < out.length; i++) out[i] = sums[to + i] - sums[from + i];
  for (let dy = 1; dy <= radius; dy++) {
    const reach = halfWidth(radius, dy) * 3;
    to = (y - dy) * stride + start + reach + 3;
    from = (y - dy) * stride + start - reach;
    const down = 2 * dy * stride;
    for (let i = 0; i < out.length; i++) {
      out[i] += sums[to + i] - sums[from + i] + sums[to + down + i] - sums[from + down + i];
    }
  }
}

/** Smooth a row that is `margin` pixels longer at either end than the result. */
function smoothRow(
  row: Int32Array,
  smoothing: Float64Array,
  margin: number,
  scale: number,
  out: Float64Array,
): void {
  for (let i = 0; i < out.length; i++) {
    const at = i + margin * 3;
    let sum = (margin > 0 ? smoothing[0] : 1) * row[at];
    for (let d = 1; d <= margin; d++) sum += smoothing[d] * (row[at - 3 * d] + row[at + 3 * d]);
    out[i] = sum * scale;
  }
}
