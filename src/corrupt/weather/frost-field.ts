/** What frost textures are made of: planes of heights, smooth noise, relief light and colour. */

import { createImage, type Image } from '../../image/image.ts';
import type { Random } from '../../random/random.ts';

/** A plane of numbers, rows from the top. */
export interface Field {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

export function createField(width: number, height: number, value = 0): Field {
  return { data: new Float32Array(width * height).fill(value), width, height };
}

/** Weights of three neighbouring grid values for a position `t` in [0, 1) of the middle one (quadratic B-spline). */
function spline(t: number): [number, number, number] {
  return [0.5 * (1 - t) ** 2, 0.5 + t * (1 - t), 0.5 * t * t];
}

/** One octave of smooth noise: random grid values, cellX × cellY pixels apart, joined by B-splines. */
function addOctave(field: Field, random: Random, cellX: number, cellY: number, amplitude: number): void {
  const { data, width, height } = field;
  const columns = Math.ceil(width / cellX) + 3;
  const rows = Math.ceil(height / cellY) + 3;
  const grid = random.fillUniform(new Float32Array(columns * rows), -amplitude, amplitude);
  const line = new Float32Array(columns);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor(y / cellY);
    const [a, b, c] = spline(y / cellY - row);
    for (let k = 0; k < columns; k++) {
      const at = row * columns + k;
      line[k] = a * grid[at] + b * grid[at + columns] + c * grid[at + 2 * columns];
    }
    for (let x = 0; x < width; x++, i++) {
      const column = Math.floor(x / cellX);
      const t = x / cellX - column;
      data[i] +=
        0.5 * (1 - t) * (1 - t) * line[column] +
        (0.5 + t * (1 - t)) * line[column + 1] +
        0.5 * t * t * line[column + 2];
    }
  }
}

export interface NoiseOptions {
  /** Pixels between the grid values of the coarsest octave. */
  readonly cell: number;
  /** The same downwards, where it differs: long cells make streaks. */
  readonly cellY?: number;
  readonly octaves: number;
  /** Amplitude of each octave relative to the one before; 0.5 unless given. */
  readonly gain?: number;
}

/** Smooth noise of several octaves around 0, the coarsest in about [-0.6, 0.6]. */
export function noise(width: number, height: number, random: Random, options: NoiseOptions): Field {
  const field = createField(width, height);
  let { cell, cellY = cell } = options;
  let amplitude = 1;
  for (let octave = 0; octave < options.octaves; octave++) {
    addOctave(field, random, Math.max(1, cell), Math.max(1, cellY), amplitude);
    cell /= 2;
    cellY /= 2;
    amplitude *= options.gain ?? 0.5;
  }
  return field;
}

/** A new field, each value from the old one's. */
export function map(field: Field, change: (value: number, index: number) => number): Field {
  return { ...field, data: field.data.map(change) };
}

/** The field read at places that two other fields shift, in pixels; its edges are repeated. */
export function warp({ data, width, height }: Field, dx: Field, dy: Field, amount: number): Field {
  const out = createField(width, height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const sourceX = Math.max(0, Math.min(width - 1.001, x + amount * dx.data[i]));
      const sourceY = Math.max(0, Math.min(height - 1.001, y + amount * dy.data[i]));
      const x0 = Math.floor(sourceX);
      const y0 = Math.floor(sourceY);
      const fx = sourceX - x0;
      const at = y0 * width + x0;
      const top = data[at] + fx * (data[at + 1] - data[at]);
      const bottom = data[at + width] + fx * (data[at + width + 1] - data[at + width]);
      out.data[i] = top + (sourceY - y0) * (bottom - top);
    }
  }
  return out;
}

/** How much each point of a height field leans towards a light at the top left. */
export function relief({ data, width, height }: Field): Field {
  const out = createField(width, height);
  for (let y = 0, i = 0; y < height; y++) {
    const up = y > 0 ? -width : 0;
    const down = y < height - 1 ? width : 0;
    for (let x = 0; x < width; x++, i++) {
      const left = x > 0 ? -1 : 0;
      const right = x < width - 1 ? 1 : 0;
      out.data[i] = 0.5 * (data[i + right] - data[i + left]) + 0.8 * (data[i + down] - data[i + up]);
    }
  }
  return out;
}

/**
 * Lights a straight blade of ice into a field: a ridge from (x, y) along `angle`, thinning out to its tip.
 * Each pixel is `blend(old, across, along)`, `across` in [-1, 1] from one flank to the other, `along` in [0, 1].
 */
export function blade(
  { data, width, height }: Field,
  place: { x: number; y: number; angle: number; length: number; breadth: number },
  blend: (old: number, across: number, along: number) => number,
): void {
  const { x, y, angle, length, breadth } = place;
  const ux = Math.cos(angle);
  const uy = Math.sin(angle);
  const endX = x + ux * length;
  const endY = y + uy * length;
  const left = Math.max(0, Math.floor(Math.min(x, endX) - breadth));
  const right = Math.min(width - 1, Math.ceil(Math.max(x, endX) + breadth));
  const top = Math.max(0, Math.floor(Math.min(y, endY) - breadth));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(y, endY) + breadth));
  for (let py = top; py <= bottom; py++) {
    for (let px = left; px <= right; px++) {
      const along = ((px - x) * ux + (py - y) * uy) / length;
      if (along < 0 || along > 1) continue;
      // Broadest at a third of its length.
      const taper = along < 0.33 ? 0.4 + 1.8 * along : 1.5 * (1 - along);
      const across = ((py - y) * ux - (px - x) * uy) / (0.3 + breadth * taper);
      if (across < -1 || across > 1) continue;
      const i = py * width + px;
      data[i] = blend(data[i], across, along);
    }
  }
}

export type Colour = readonly [red: number, green: number, blue: number];

/** Shifts and scales a field to a mean and a standard deviation. */
export function grade(field: Field, mean: number, std: number): Field {
  let sum = 0;
  let squares = 0;
  for (const value of field.data) {
    sum += value;
    squares += value * value;
  }
  const count = field.data.length;
  const deviation = Math.sqrt(Math.max(1e-12, squares / count - (sum / count) ** 2));
  return map(field, (value) => mean + ((value - sum / count) * std) / deviation);
}

/**
 * Colours a field of grey levels: `dark` at 0, `middle` at 128, `light` at 255, and between them in proportion;
 * `tint` moves each pixel from `middle`'s hue towards `other`'s, by its value in [0, 1].
 */
export function colour(
  field: Field,
  [dark, middle, light]: readonly [Colour, Colour, Colour],
  tint?: { by: Field; other: Colour },
): Image {
  const image = createImage(field.width, field.height);
  const out = new Uint8ClampedArray(image.data.buffer);
  for (let i = 0, to = 0; i < field.data.length; i++) {
    const level = Math.max(0, Math.min(255, field.data[i]));
    const share = tint ? Math.max(0, Math.min(1, tint.by.data[i])) : 0;
    for (let k = 0; k < 3; k++, to++) {
      const centre = tint ? middle[k] + share * (tint.other[k] - middle[k]) : middle[k];
      out[to] =
        level < 128
          ? dark[k] + ((centre - dark[k]) * level) / 128
          : centre + ((light[k] - centre) * (level - 128)) / 127;
    }
  }
  return image;
}
