import type { Random } from '../../random/random.ts';
import type { PrimeParameters } from './parameters.ts';
import { clip, type Planes } from './planes.ts';

/** v becomes v + Σ coefficient[j] · sin(π (firstMode + j) v), a channel at a time. */
export interface ColourMap {
  readonly firstMode: number;
  /** Of red, green and blue. */
  readonly coefficients: readonly [Float64Array, Float64Array, Float64Array];
}

/**
 * Draw a smooth colour map: the largest mode and the temperature uniformly; all modes, or a band that begins anywhere
 * and ends with the largest mode at the latest; normal coefficients whose variance is the temperature.
 */
export function drawColourMap(
  { maxCut, maxTemperature, bandwidth }: PrimeParameters['colour'],
  random: Random,
): ColourMap {
  const cut = random.int(1, maxCut + 1);
  const deviation = Math.sqrt(random.uniform() * maxTemperature);
  const firstMode = bandwidth === null ? 1 : random.int(1, cut + 1);
  const modes = Math.min(bandwidth ?? cut, cut + 1 - firstMode);
  const draw = () => Float64Array.from({ length: modes }, () => deviation * random.normal());
  return { firstMode, coefficients: [draw(), draw(), draw()] };
}

/** An image with other colours, clipped to [0, 1]. */
export function mapColours({ data, width, height, levels }: Planes, map: ColourMap): Planes {
  const out = new Float32Array(data.length);
  const pixels = width * height;
  map.coefficients.forEach((coefficients, channel) => {
    const start = channel * pixels;
    if (levels) mapLevels(data, out, start, start + pixels, map.firstMode, coefficients);
    else mapPlane(data, out, start, start + pixels, map.firstMode, coefficients);
  });
  return { data: out, width, height };
}

const LEVELS = Float32Array.from({ length: 256 }, (_, level) => level / 255);

/** The same as `mapPlane` for values that are grey levels. */
function mapLevels(
  values: Float32Array,
  out: Float32Array,
  start: number,
  end: number,
  firstMode: number,
  coefficients: Float64Array,
): void {
  const table = new Float32Array(LEVELS.length);
  mapPlane(LEVELS, table, 0, table.length, firstMode, coefficients);
  for (let i = start; i < end; i++) out[i] = table[Math.round(values[i] * 255)];
}

/** Steps of half a turn in the table of sines. */
const STEPS = 1024;
/** Sines of 0 to π · 5/2, so that a quarter of a turn further are the cosines of 0 to 2π. */
const SINES = Float64Array.from({ length: (STEPS / 2) * 5 + 1 }, (_, i) => Math.sin((Math.PI * i) / STEPS));

/**
 * Cosines and sines of half turns in [0, 2], in place of them: by the table and what is left by series, within 1e-11.
 * With `Math.sin` and `Math.cos`, mapping a large image takes 1.7 times as long.
 */
function toWaves(halfTurns: Float64Array, cosines: Float64Array, sines: Float64Array): void {
  for (let k = 0; k < halfTurns.length; k++) {
    const position = halfTurns[k] * STEPS;
    const step = Math.round(position);
    const rest = ((position - step) * Math.PI) / STEPS;
    const cosine = 1 - (rest * rest) / 2;
    const sine = rest - (rest * rest * rest) / 6;
    const tableCosine = SINES[step + STEPS / 2];
    const tableSine = SINES[step];
    cosines[k] = tableCosine * cosine - tableSine * sine;
    sines[k] = tableSine * cosine + tableCosine * sine;
  }
}

/** Values whose sums are taken side by side, as each waits for the mode before. */
const LANES = 4;

/**
 * The sum over a band is the imaginary part of e^(iπ·first·v) Σ coefficient[j] e^(iπjv), and that sum needs one
 * multiplication a mode by Clenshaw's recurrence.
 */
function mapPlane(
  values: Float32Array,
  out: Float32Array,
  start: number,
  end: number,
  firstMode: number,
  coefficients: Float64Array,
): void {
  const buffer = () => new Float64Array(LANES);
  const [halfTurns, cosine, sine, firstCosine, firstSine] = [
    buffer(),
    buffer(),
    buffer(),
    buffer(),
    buffer(),
  ];
  const [a, b] = [buffer(), buffer()];
  for (let i = start; i < end; i += LANES) {
    const lanes = Math.min(LANES, end - i);
    for (let k = 0; k < lanes; k++) halfTurns[k] = values[i + k];
    toWaves(halfTurns, cosine, sine);
    for (let k = 0; k < lanes; k++) {
      const turned = values[i + k] * firstMode;
      halfTurns[k] = turned - 2 * Math.floor(turned / 2);
    }
    toWaves(halfTurns, firstCosine, firstSine);
    sumModes(coefficients, cosine, a, b);
    for (let k = 0; k < lanes; k++) {
      const real = a[k] - b[k] * cosine[k];
      const imaginary = b[k] * sine[k];
      out[i + k] = clip(values[i + k] + firstSine[k] * real + firstCosine[k] * imaginary);
    }
  }
}

/** Clenshaw's recurrence for four angles: the last two of its numbers. */
function sumModes(coefficients: Float64Array, cosine: Float64Array, a: Float64Array, b: Float64Array): void {
  const c0 = 2 * cosine[0];
  const c1 = 2 * cosine[1];
  const c2 = 2 * cosine[2];
  const c3 = 2 * cosine[3];
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  for (let j = coefficients.length - 1; j >= 0; j--) {
    const coefficient = coefficients[j];
    const n0 = coefficient - b0 + c0 * a0;
    const n1 = coefficient - b1 + c1 * a1;
    const n2 = coefficient - b2 + c2 * a2;
    const n3 = coefficient - b3 + c3 * a3;
    b0 = a0;
    b1 = a1;
    b2 = a2;
    b3 = a3;
    a0 = n0;
    a1 = n1;
    a2 = n2;
    a3 = n3;
  }
  a[0] = a0;
  a[1] = a1;
  a[2] = a2;
  a[3] = a3;
  b[0] = b0;
  b[1] = b1;
  b[2] = b2;
  b[3] = b3;
}
