import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { affineFromPoints, displace, invertAffine, type Point, warpAffine } from '../../src/image/warp.ts';

const coordinate = fc.double({ min: -50, max: 50, noNaN: true });
const point = fc.tuple(coordinate, coordinate);

function apply([a, b, c, d, e, f]: readonly number[], [x, y]: Point): Point {
  return [a * x + b * y + c, d * x + e * y + f];
}

/** A picture with other values at each place. */
function ramp(width: number, height: number): Float32Array {
  return Float32Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 101);
}

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
    expect(warpAffine(ramp(7, 5), 7, 5, [1, 0, 0, 0, 1, 0])).toEqual(ramp(7, 5));
  });

  it('mirrors about the outermost pixels', () => {
    const shifted = warpAffine(ramp(4, 1), 4, 1, [1, 0, 2, 0, 1, 0]);
    const at = (x: number) => ramp(4, 1)[x * 3];
    expect([0, 1, 2, 3].map((x) => shifted[x * 3])).toEqual([at(2), at(1), at(0), at(1)]);
  });

  it('refuses a map that has no inverse', () => {
    expect(() => warpAffine(ramp(4, 4), 4, 4, [1, 1, 0, 1, 1, 0])).toThrow(/no inverse/);
  });
});

describe('displace', () => {
  it('mirrors about the edges, however far it reaches, and blends neighbours', () => {
    const picture = ramp(4, 3);
    const at = (x: number, y: number) => picture[(y * 4 + x) * 3];
    const run = (dx: number, dy: number) =>
      displace(picture, 4, 3, new Float32Array(12).fill(dx), new Float32Array(12).fill(dy));
    expect(run(-1, 0)[0]).toBe(at(0, 0));
    expect(run(-2, 0)[0]).toBe(at(1, 0));
    expect(run(8, 6)).toEqual(picture);
    expect(run(0.25, 0)[0]).toBeCloseTo(0.75 * at(0, 0) + 0.25 * at(1, 0), 5);
    expect(run(0, 0.5)[3]).toBeCloseTo(0.5 * at(1, 0) + 0.5 * at(1, 1), 5);
  });
});
