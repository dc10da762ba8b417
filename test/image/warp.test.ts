import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginFilter, floatsAt, kernels, placeFloats } from '../../src/image/kernels.ts';
import { type Affine, affineFromPoints, invertAffine, type Point, warpAffine } from '../../src/image/warp.ts';

const coordinate = fc.double({ min: -50, max: 50, noNaN: true });
const point = fc.tuple(coordinate, coordinate);

function apply([a, b, c, d, e, f]: readonly number[], [x, y]: Point): Point {
  return [a * x + b * y + c, d * x + e * y + f];
}

/** A picture with other values at each place. */
function ramp(width: number, height: number): Float32Array {
  return Float32Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 101);
}

/** What a kernel on pictures of four values a pixel makes of one with three. */
function onThree(picture: Float32Array, run: (from: number, to: number) => void): Float32Array {
  const pixels = picture.length / 3;
  const four = Float32Array.from({ length: pixels * 4 }, (_, i) => picture[(i >> 2) * 3 + (i & 3)] ?? 0);
  beginFilter();
  const [from, to] = [placeFloats(four), placeFloats(four)];
  run(from, to);
  const result = floatsAt(to, four.length);
  return picture.map((_, i) => result[Math.floor(i / 3) * 4 + (i % 3)]);
}

const warp = (picture: Float32Array, width: number, height: number, map: Affine) =>
  onThree(picture, (from, to) => warpAffine(from, to, width, height, map));

describe('affineFromPoints', () => {
  it('takes the three points to their places, and its inverse back', () => {
    const from: [Point, Point, Point] = [
      [20, 20],
      [20, 4],
      [4, 4],
    ];
    fc.assert(
      fc.property(point, point, point, (p, q, r) => {
        const area = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
        fc.pre(Math.abs(area) > 1);
        const map = affineFromPoints(from, [p, q, r]);
        const back = invertAffine(map);
        [p, q, r].forEach((target, i) => {
          const [x, y] = apply(map, from[i]);
          expect(Math.hypot(x - target[0], y - target[1])).toBeLessThan(1e-9);
          const [u, v] = apply(back, target);
          expect(Math.hypot(u - from[i][0], v - from[i][1])).toBeLessThan(1e-6);
        });
      }),
      { seed: 1 },
    );
  });
});

describe('warpAffine', () => {
  it('leaves the image alone under the identity', () => {
    expect(warp(ramp(7, 5), 7, 5, [1, 0, 0, 0, 1, 0])).toEqual(ramp(7, 5));
  });

  it('mirrors about the outermost pixels', () => {
    const shifted = warp(ramp(4, 1), 4, 1, [1, 0, 2, 0, 1, 0]);
    const at = (x: number) => ramp(4, 1)[x * 3];
    expect([0, 1, 2, 3].map((x) => shifted[x * 3])).toEqual([at(2), at(1), at(0), at(1)]);
  });

  it('refuses a map that has no inverse', () => {
    expect(() => warp(ramp(4, 4), 4, 4, [1, 1, 0, 1, 1, 0])).toThrow(/no inverse/);
  });
});

describe('displace', () => {
  it('mirrors about the edges, however far it reaches, and blends neighbours', () => {
    const picture = ramp(4, 3);
    const at = (x: number, y: number) => picture[(y * 4 + x) * 3];
    const run = (dx: number, dy: number) =>
      onThree(picture, (from, to) => {
        const [across, down] = [placeFloats(Array(12).fill(dx)), placeFloats(Array(12).fill(dy))];
        kernels.displace(from, to, 4, 3, across, down);
      });
    expect(run(-1, 0)[0]).toBe(at(0, 0));
    expect(run(-2, 0)[0]).toBe(at(1, 0));
    expect(run(8, 6)).toEqual(picture);
    expect(run(0.25, 0)[0]).toBeCloseTo(0.75 * at(0, 0) + 0.25 * at(1, 0), 5);
    expect(run(0, 0.5)[3]).toBeCloseTo(0.5 * at(1, 0) + 0.5 * at(1, 1), 5);
  });
});
