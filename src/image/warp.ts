import { kernels, placeInts } from './kernels.ts';

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
 * @param from, to Places in the kernels' memory, `[height, width, 4]` in float32, any range.
 * @param forward Where each source point goes. Throws a RangeError when it has no inverse.
 */
export function warpAffine(from: number, to: number, width: number, height: number, forward: Affine): void {
  const inverse = invertAffine(forward);
  if (!inverse.every(Number.isFinite)) throw new RangeError('warpAffine: the map has no inverse');
  const [a, b, c, d, e, f] = inverse;
  const clampFar = (x: number): number => Math.max(-FAR, Math.min(FAR, x)) * 1024;
  // 10 fraction bits while stepping, 5 in the end; 16 rounds the five that go.
  const rowPart = (slope: number, start: number) =>
    placeInts(Array.from({ length: height }, (_, y) => Math.round(clampFar(slope * y + start)) + 16));
  const columnPart = (slope: number) =>
    placeInts(Array.from({ length: width }, (_, x) => Math.round(clampFar(slope * x))));
  kernels.warp(from, to, width, height, columnPart(a), columnPart(d), rowPart(b, c), rowPart(e, f));
}
