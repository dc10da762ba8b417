import { describe, expect, it } from 'vitest';
import {
  frostTexture,
  TEXTURE_COUNT,
  TEXTURE_HEIGHT,
  TEXTURE_WIDTH,
} from '../../src/corrupt/weather/frost-textures.ts';
import type { Image } from '../../src/image/image.ts';

function statistics({ data }: Image): { mean: number; std: number; red: number; blue: number } {
  let sum = 0;
  let squares = 0;
  let red = 0;
  let blue = 0;
  const pixels = data.length / 3;
  for (let i = 0; i < data.length; i += 3) {
    const grey = (data[i] + data[i + 1] + data[i + 2]) / 3;
    sum += grey;
    squares += grey * grey;
    red += data[i];
    blue += data[i + 2];
  }
  const mean = sum / pixels;
  return { mean, std: Math.sqrt(squares / pixels - mean * mean), red: red / pixels, blue: blue / pixels };
}

/** Share of the variance that is left between 8 × 8 block means: near 1 for fog, near 0 for white noise. */
function coarseShare({ data, width, height }: Image): number {
  const blocks: number[] = [];
  for (let y = 0; y + 8 <= height; y += 8) {
    for (let x = 0; x + 8 <= width; x += 8) {
      let sum = 0;
      for (let dy = 0; dy < 8; dy++) {
        for (let dx = 0; dx < 8; dx++) sum += data[((y + dy) * width + x + dx) * 3 + 1];
      }
      blocks.push(sum / 64);
    }
  }
  const mean = blocks.reduce((a, b) => a + b, 0) / blocks.length;
  const between = blocks.reduce((a, b) => a + (b - mean) ** 2, 0) / blocks.length;
  const greens = data.filter((_, i) => i % 3 === 1);
  const greenMean = greens.reduce((a, b) => a + b, 0) / greens.length;
  const all = greens.reduce((a, b) => a + (b - greenMean) ** 2, 0) / greens.length;
  return between / all;
}

const paintAll = (seed: number) => Array.from({ length: TEXTURE_COUNT }, (_, i) => frostTexture(i, seed));

describe('frostTexture', () => {
  const textures = paintAll(0);

  it('paints six pictures, the first five of which the benchmark draws', () => {
    expect(textures).toHaveLength(6);
    for (const { width, height, data } of textures) {
      expect([width, height, data.length]).toEqual([TEXTURE_WIDTH, TEXTURE_HEIGHT, width * height * 3]);
    }
  });

  it('refuses a number past the last one', () => {
    expect(() => frostTexture(6)).toThrow(/frost texture 6: there are 6/);
  });

  it('paints the same pictures for a seed, others for another', () => {
    const other = paintAll(1);
    const again = paintAll(0);
    textures.forEach((texture, i) => {
      // Comparing outside of expect: it would walk through a million bytes for its message.
      expect(again[i] === texture, 'painted anew').toBe(false);
      expect(Buffer.compare(again[i].data, texture.data), `texture ${i}`).toBe(0);
      expect(Buffer.compare(other[i].data, texture.data), `texture ${i}`).not.toBe(0);
    });
    expect(frostTexture(3, 0) === again[3], 'kept in memory').toBe(true);
  });

  // The benchmark's five photographs: mean 123 to 206 (their average 163), deviation 18 to 43.
  it('is about as bright and as contrasted as the photographs of the benchmark', () => {
    const drawn = textures.slice(0, 5).map(statistics);
    for (const { mean, std, red, blue } of drawn) {
      expect(mean).toBeGreaterThan(110);
      expect(mean).toBeLessThan(215);
      expect(std).toBeGreaterThan(15);
      expect(std).toBeLessThan(45);
      expect(blue, 'ice is bluish').toBeGreaterThan(red);
    }
    const average = drawn.reduce((sum, { mean }) => sum + mean, 0) / 5;
    expect(Math.abs(average - 163)).toBeLessThan(8);
  });

  // The photographs: 0.51 to 0.71.
  it('has structure at all scales, neither haze alone nor grain alone', () => {
    for (const texture of textures) {
      const share = coarseShare(texture);
      expect(share).toBeGreaterThan(0.35);
      expect(share).toBeLessThan(0.85);
    }
  });
});
