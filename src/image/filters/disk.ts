import { createImage, type Image } from '../image.ts';
import { beginFilter, bytesAt, kernels, placeFloats, placeInts, take } from '../kernels.ts';
import { reflect101 } from './border.ts';
import { evenMargin, placePadded } from './padding.ts';

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
/** What smoothing in 32 bits may lose in addition, for the share of a level that it replaces. */
const SMOOTH_ROUNDING = 2e-4;

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

/** Addends of a weighted sum: where each one stands from the first one's row on, in bytes, and its weight. */
interface Taps {
  readonly offsets: number[];
  readonly weights: number[];
}

/** The sharp disk, as differences of running sums along its rows. */
function diskTaps(radius: number, stride: number, pad: number): Taps {
  const offsets: number[] = [];
  const weights: number[] = [];
  for (let dy = -Math.floor(radius); dy <= radius; dy++) {
    const half = halfWidth(radius, dy);
    const row = (pad + dy) * stride;
    // Side by side they leave no sum above the disk's own, which float32 holds exactly.
    offsets.push(row + (pad + half + 1) * PIXEL, row + (pad - half) * PIXEL);
    weights.push(1, -1);
  }
  return { offsets, weights };
}

/** The four sides of each arm, about the pixel at `centre`. */
function armTaps(arms: readonly Arm[], stride: number, centre: number): Taps {
  const offsets: number[] = [];
  const weights: number[] = [];
  for (const { distance, weights: arm } of arms) {
    for (let t = 1 - arm.length; t < arm.length; t++) {
      const along = distance * stride + t * PIXEL;
      const across = t * stride + distance * PIXEL;
      // The distance itself, turned by 0°, 180°, 90° and 270°.
      offsets.push(centre + along, centre - along, centre + across, centre - across);
      weights.push(...Array<number>(4).fill(arm[Math.abs(t)]));
    }
  }
  return { offsets, weights };
}

/** Bytes of a pixel in float32. */
const PIXEL = 12;

/**
 * Correlate an image with a disk kernel, the picture mirrored at its border (reflect-101), each value times
 * `gain`, clipped and truncated.
 *
 * Same result as multiplying out the kernel (up to 441 taps), with a quarter of the products: running sums along
 * the rows give the sharp disk exactly, the smoothing follows separably, and the few taps where the kernel
 * differs from a smoothed disk are added.
 */
export function diskBlur(image: Image, kernel: DiskKernel, gain: number): Image {
  const { data, width, height } = image;
  const margin = kernel.smoothing[1] > 1e-9 ? kernel.smoothing.length - 1 : 0;
  const arms = margin > 0 ? kernel.borderArms : [];
  const pad = Math.max(Math.floor(kernel.radius), kernel.reach * Number(arms.length > 0)) + margin;
  const area = diskArea(kernel.radius);
  beginFilter();
  const padded = placePadded(data, width, height, 3, evenMargin(pad), reflect101);
  const { stride } = padded;
  const sumStride = stride + PIXEL;
  const sums = take(sumStride * (height + 2 * pad));
  kernels.runningSums(padded.at, stride, sums, sumStride, width + 2 * pad, height + 2 * pad);

  const correlate = (
    from: number,
    fromStride: number,
    columns: number,
    rows: number,
    { offsets, weights }: Taps,
  ) => {
    const to = take(stride * rows);
    const [at, shares] = [placeInts(offsets), placeFloats(weights)];
    kernels.correlate(from, fromStride, to, stride, columns * 3, rows, offsets.length, at, shares, 0);
    return to;
  };
  const rows = height + 2 * margin;
  const sharp = correlate(
    sums,
    sumStride,
    width + 2 * margin,
    rows,
    diskTaps(kernel.radius, sumStride, pad - margin),
  );
  // What smoothing adds is kept apart: the disk's sums are exact, and a level that it leaves whole stays whole.
  const smoothing = Array.from({ length: 2 * margin + 1 }, (_, i) =>
    margin > 0 ? kernel.smoothing[Math.abs(i - margin)] : 1,
  );
  const change = smoothing.map((weight, i) => (i === margin ? weight - 1 : weight));
  const across = correlate(sharp, stride, width, rows, {
    offsets: change.map((_, i) => i * PIXEL),
    weights: change,
  });
  const extra = armTaps(arms, stride, padded.at - across + pad * (stride + PIXEL));
  const rest = correlate(across, stride, width, height, {
    offsets: [
      ...smoothing.map((_, i) => i * stride),
      ...change.map((_, i) => sharp - across + i * stride + margin * PIXEL),
      ...extra.offsets,
    ],
    weights: [...smoothing, ...change, ...extra.weights.map((weight) => weight * area)],
  });
  const row = width * 3;
  const levels = take(data.length);
  const guard = ROUNDING + SMOOTH_ROUNDING * (1 - smoothing[margin]);
  for (let y = 0; y < height; y++) {
    const whole = sharp + (y + margin) * stride + margin * PIXEL;
    kernels.truncateSums(whole, rest + y * stride, levels + y * row, row, gain / area, guard);
  }
  return createImage(width, height, bytesAt(levels, data.length).slice());
}
