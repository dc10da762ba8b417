import { reflect, reflect101 } from './border.ts';

/** A point in pixels; x to the right, y down. */
export type Point = readonly [x: number, y: number];

/** `[a, b, c, d, e, f]`: (x, y) goes to (a·x + b·y + c, d·x + e·y + f). */
export type Affine = readonly [number, number, number, number, number, number];

/** The affine map that takes three points to three others. The first three must not lie on a line. */
export function affineFromPoints(
  from: readonly [Point, Point, Point],
  to: readonly [Point, Point, Point],
): Affine {
  const [p0, p1, p2] = from;
  const ux = p1[0] - p0[0];
  const uy = p1[1] - p0[1];
  const vx = p2[0] - p0[0];
  const vy = p2[1] - p0[1];
  const determinant = ux * vy - uy * vx;
  const row = (axis: 0 | 1): [number, number, number] => {
    const du = to[1][axis] - to[0][axis];
    const dv = to[2][axis] - to[0][axis];
    const a = (du * vy - dv * uy) / determinant;
    const b = (dv * ux - du * vx) / determinant;
    return [a, b, to[0][axis] - a * p0[0] - b * p0[1]];
  };
  return [...row(0), ...row(1)];
}

/** The inverse map. A map without one (all points onto a line) has non-finite entries. */
export function invertAffine([a, b, c, d, e, f]: Affine): Affine {
  const scale = 1 / (a * e - b * d);
  const ia = e * scale;
  const ib = -b * scale;
  const id = -d * scale;
  const ie = a * scale;
  return [ia, ib, -(ia * c + ib * f), id, ie, -(id * c + ie * f)];
}

/** Largest source coordinate that stays exact in the 32-bit fixed-point arithmetic below. */
const FAR = 1 << 19;

/**
 * Moves an image by an affine map with bilinear sampling; outside of it, the image is mirrored (reflect-101).
 *
 * Source positions lie on a grid of 1/32 pixel, as in OpenCV's `warpAffine` before version 5: the values
 * equal its, which the published corruption sets were made with.
 *
 * @param data `[height, width, 3]`, any range; not changed.
 * @param forward Where each source point goes.
 */
export function warpAffine(data: Float32Array, width: number, height: number, forward: Affine): Float32Array {
  const inverse = invertAffine(forward);
  if (!inverse.every(Number.isFinite)) throw new RangeError('warpAffine: the map has no inverse');
  const [a, b, c, d, e, f] = inverse;
  const out = new Float32Array(data.length);
  const clampFar = (x: number): number => Math.max(-FAR, Math.min(FAR, x)) * 1024;
  for (let y = 0, to = 0; y < height; y++) {
    // 10 fraction bits while stepping, 5 in the end; 16 rounds the five that go.
    const rowX = Math.round(clampFar(b * y + c)) + 16;
    const rowY = Math.round(clampFar(e * y + f)) + 16;
    for (let x = 0; x < width; x++, to += 3) {
      const fixedX = (rowX + Math.round(clampFar(a * x))) >> 5;
      const fixedY = (rowY + Math.round(clampFar(d * x))) >> 5;
      let x0 = fixedX >> 5;
      let y0 = fixedY >> 5;
      let x1 = x0 + 1;
      let y1 = y0 + 1;
      if (x0 < 0 || y0 < 0 || x1 >= width || y1 >= height) {
        x0 = reflect101(x0, width);
        x1 = reflect101(x1, width);
        y0 = reflect101(y0, height);
        y1 = reflect101(y1, height);
      }
      const fx = (fixedX & 31) / 32;
      const fy = (fixedY & 31) / 32;
      const w00 = (1 - fx) * (1 - fy);
      const w01 = fx * (1 - fy);
      const w10 = (1 - fx) * fy;
      const w11 = fx * fy;
      const i00 = (y0 * width + x0) * 3;
      const i01 = (y0 * width + x1) * 3;
      const i10 = (y1 * width + x0) * 3;
      const i11 = (y1 * width + x1) * 3;
      for (let k = 0; k < 3; k++) {
        out[to + k] = data[i00 + k] * w00 + data[i01 + k] * w01 + data[i10 + k] * w10 + data[i11 + k] * w11;
      }
    }
  }
  return out;
}

/**
 * Takes each pixel from (x + dx, y + dy), bilinearly; outside of the image it is mirrored about its edges,
 * as SciPy's `map_coordinates(order=1, mode='reflect')` does.
 *
 * @param data `[height, width, 3]`, any range; not changed.
 * @param dx, dy `[height, width]` in pixels.
 */
export function displace(
  data: Float32Array,
  width: number,
  height: number,
  dx: Float32Array,
  dy: Float32Array,
): Float32Array {
  const out = new Float32Array(data.length);
  for (let y = 0, i = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++, to += 3) {
      const sourceX = x + dx[i];
      const sourceY = y + dy[i];
      let x0 = Math.floor(sourceX);
      let y0 = Math.floor(sourceY);
      const fx = sourceX - x0;
      const fy = sourceY - y0;
      let x1 = x0 + 1;
      let y1 = y0 + 1;
      if (x0 < 0 || y0 < 0 || x1 >= width || y1 >= height) {
        x0 = reflect(x0, width);
        x1 = reflect(x1, width);
        y0 = reflect(y0, height);
        y1 = reflect(y1, height);
      }
      const i00 = (y0 * width + x0) * 3;
      const i01 = (y0 * width + x1) * 3;
      const i10 = (y1 * width + x0) * 3;
      const i11 = (y1 * width + x1) * 3;
      for (let k = 0; k < 3; k++) {
        const top = data[i00 + k] * (1 - fx) + data[i01 + k] * fx;
        const bottom = data[i10 + k] * (1 - fx) + data[i11 + k] * fx;
        out[to + k] = top * (1 - fy) + bottom * fy;
      }
    }
  }
  return out;
}
