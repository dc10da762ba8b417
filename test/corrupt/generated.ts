import { createImage, type Image } from '../../src/image/image.ts';

/** Middle of the values from 0 to 4080, a sixteenth of a grey level each. */
const MIDDLE = 2040;

/** A number from 0 to 255 for a place of a lattice. */
function scatter(index: number, layer: number, octave: number, across: number, down: number): number {
  let h = Math.imul(index, 0x9e3779b1) ^ Math.imul(layer, 0x85ebca77) ^ Math.imul(octave, 0xc2b2ae3d);
  h ^= Math.imul(across, 0x27d4eb2f) ^ Math.imul(down, 0x165667b1);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) & 255;
}

/** Adds `weight` times lattice noise of cells 2^octave pixels wide, bilinear in between, to `sum`. */
function addNoise(
  sum: Int32Array,
  width: number,
  index: number,
  layer: number,
  octave: number,
  weight: number,
): void {
  const cell = 1 << octave;
  const height = sum.length / width;
  for (let top = 0; top < height; top += cell) {
    for (let left = 0; left < width; left += cell) {
      const at = (dx: number, dy: number): number =>
        scatter(index, layer, octave, (left >> octave) + dx, (top >> octave) + dy);
      const [a, b, c, d] = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
      for (let fy = 0; fy < cell && top + fy < height; fy++) {
        for (let fx = 0; fx < cell && left + fx < width; fx++) {
          const above = a * (cell - fx) + b * fx;
          const below = c * (cell - fx) + d * fx;
          const value = (16 * (above * (cell - fy) + below * fy)) >> (2 * octave);
          sum[(top + fy) * width + left + fx] += weight * value;
        }
      }
    }
  }
}

/**
 * Picture number `index`, fractal noise with hard edges: the bytes that `generated` of
 * test/fixtures/corrupt/generated.py makes.
 */
export function generated(width: number, height: number, index: number): Image {
  const top = Math.max(width, height) <= 64 ? 5 : 7;
  const layer = (number: number, from: number, weight: (octave: number) => number): Int32Array => {
    const sum = new Int32Array(width * height);
    for (let octave = from; octave <= top; octave++)
      addNoise(sum, width, index, number, octave, weight(octave));
    return sum;
  };
  const luma = layer(0, 0, (octave) => octave + 1);
  const shape = layer(1, top - 2, () => 1);
  const tints = [2, 3, 4].map((number) => layer(number, top, () => 1));
  const weights = ((top + 1) * (top + 2)) / 2;
  const shift = MIDDLE + (((index * 7) % 11) - 5) * 100;
  const data = new Uint8Array(width * height * 3);
  for (let p = 0; p < luma.length; p++) {
    const edge = Math.trunc(shape[p] / 3) > MIDDLE ? 500 : -500;
    const base = 3 * (Math.trunc(luma[p] / weights) - MIDDLE) + edge + shift;
    for (let c = 0; c < 3; c++) {
      data[3 * p + c] = Math.max(0, Math.min(255, (base + ((tints[c][p] - MIDDLE) >> 1)) >> 4));
    }
  }
  return createImage(width, height, data);
}

/** Rows and columns from one that fixtures of this folder keep to the next, by the side of their pictures. */
export const STEPS: Readonly<Record<number, number>> = { 32: 3, 224: 9 };

/** The values of every nth row and column. */
export function thinned({ data, width, height }: Image, step: number): Uint8Array {
  const values: number[] = [];
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step)
      values.push(...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3));
  }
  return Uint8Array.from(values);
}
