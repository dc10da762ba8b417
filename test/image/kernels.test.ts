import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gaussianBlur, gaussianWeights } from '../../src/image/filters/gaussian.ts';
import { evenMargin, nearest, placePadded } from '../../src/image/filters/padding.ts';
import { beginFilter, bytesAt, kernels, placeBytes, placeFloats, take } from '../../src/image/kernels.ts';
import { SOURCE_HASH } from '../../src/image/kernels.wasm.ts';
import { randomStream } from '../../src/random/random.ts';

it('is compiled from the sources that stand in the repository', () => {
  const hash = createHash('sha256');
  for (const name of ['index.ts', 'image.ts', 'jpeg.ts', 'levels.ts', 'resize.ts']) {
    hash.update(readFileSync(new URL(`../../kernels/${name}`, import.meta.url)));
  }
  expect(SOURCE_HASH, 'run node kernels/build.mjs').toBe(hash.digest('hex'));
});

describe('truncation', () => {
  const values = [-3, -0.5, 0, 0.9, 1, 127.99, 254.5, 255, 255.9, 400, 1e12, Number.NaN];
  const expected = [0, 0, 0, 0, 1, 127, 254, 255, 255, 255, 255, 0];

  it('clips and truncates', () => {
    beginFilter();
    const [from, to] = [placeFloats(values), take(values.length)];
    kernels.truncate(from, to, values.length, 1, 0);
    expect([...bytesAt(to, values.length)]).toEqual(expected);
  });

  it('scales and shifts sums in double precision', () => {
    beginFilter();
    const whole = placeFloats([1275, 1275, -10, 5000, 500.5]);
    const rest = placeFloats([-1e-5, 0, 1, 1, 2.5]);
    const to = take(5);
    kernels.truncateSums(whole, rest, to, 5, 0.2, 1e-6);
    expect([...bytesAt(to, 5)]).toEqual([254, 255, 0, 255, 100]);
  });

  it('keeps every byte on the way through four float32 a pixel', () => {
    const bytes = Uint8Array.from({ length: 21 }, (_, i) => i * 12);
    beginFilter();
    const from = placeBytes(bytes);
    const [pixels, to] = [take(7 * 16), take(21)];
    kernels.widenPixels(from, pixels, 7);
    kernels.truncatePixels(pixels, to, 7, 1, 0);
    expect(bytesAt(to, 21)).toEqual(bytes);
  });
});

// From one pixel to more than the memory holds at first.
it.each([
  [1, 1, 3],
  [5, 3, 1],
  [33, 17, 3],
  [700, 500, 1],
])('blurs a picture of %i × %i pixels with %i channels', (width, height, channels) => {
  const sigma = 1.3;
  const half = gaussianWeights(sigma);
  const data = randomStream('blur', width).fillUniform(new Float32Array(width * height * channels), 0, 255);
  const blurred = gaussianBlur(data, width, height, channels, sigma);
  const random = randomStream('places', width);
  for (let n = 0; n < 50; n++) {
    const [x, y, c] = [random.int(0, width), random.int(0, height), random.int(0, channels)];
    let sum = 0;
    for (let dy = 1 - half.length; dy < half.length; dy++) {
      for (let dx = 1 - half.length; dx < half.length; dx++) {
        const at = (nearest(y + dy, height) * width + nearest(x + dx, width)) * channels + c;
        sum += half[Math.abs(dy)] * half[Math.abs(dx)] * data[at];
      }
    }
    expect(Math.abs(blurred[(y * width + x) * channels + c] - sum)).toBeLessThan(1e-3);
  }
});

it('pads bytes and fractions alike', () => {
  const bytes = Uint8Array.from({ length: 4 * 3 * 3 }, (_, i) => i + 1);
  const rows = (data: Uint8Array | Float32Array) => {
    beginFilter();
    const { at, stride } = placePadded(data, 4, 3, 3, evenMargin(2), nearest);
    return [...new Float32Array(bytesAt(at, stride * 7).slice().buffer)];
  };
  const padded = rows(bytes);
  expect(padded).toEqual(rows(Float32Array.from(bytes)));
  expect(padded).toHaveLength(8 * 7 * 3);
  expect(padded.slice(0, 12)).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6]);
  expect(padded.slice(-6)).toEqual([34, 35, 36, 34, 35, 36]);
});
