import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/random/random.ts';

/** Sample moments of n draws: mean, variance, skewness, excess kurtosis. */
function moments(n: number, draw: () => number) {
  const x = Float64Array.from({ length: n }, draw);
  const mean = x.reduce((sum, v) => sum + v, 0) / n;
  const central = (power: number) => x.reduce((sum, v) => sum + (v - mean) ** power, 0) / n;
  const variance = central(2);
  return {
    mean,
    variance,
    skewness: central(3) / variance ** 1.5,
    kurtosis: central(4) / variance ** 2 - 3,
  };
}

describe('randomStream', () => {
  it('is the same on every platform: golden draws of the stream (0, "golden")', () => {
    const random = randomStream(0, 'golden');
    expect([random.uint32(), random.uint32(), random.uint32()]).toEqual([1437057793, 681281777, 2570305454]);
    expect(random.uniform()).toBe(0.3957634097784737);
  });

  it('gives the same stream for the same key', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.double({ noNaN: true })), { minLength: 1 }), (key) => {
        const a = randomStream(...key);
        const b = randomStream(...key);
        for (let i = 0; i < 10; i++) expect(a.uniform()).toBe(b.uniform());
      }),
    );
  });

  it('tells similar keys apart', () => {
    const keys = [
      [1],
      ['1'],
      [1, ''],
      ['', 1],
      [1, 0],
      [10],
      ['a', 'b'],
      ['ab'],
      ['a,b'],
      [2 ** 40],
      [2 ** 40 + 1],
    ];
    const firsts = keys.map((key) => randomStream(...key).uniform());
    expect(new Set(firsts).size).toBe(keys.length);
  });

  it('gives uncorrelated streams for neighbouring seeds', () => {
    const n = 20_000;
    const a = randomStream(7).fillNormal(new Float32Array(n));
    const b = randomStream(8).fillNormal(new Float32Array(n));
    const correlation = a.reduce((sum, v, i) => sum + v * b[i], 0) / n;
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(n));
  });
});

describe('uniform and integers', () => {
  it('fills the unit interval evenly (chi-square over 100 cells)', () => {
    const random = randomStream('chi');
    const n = 200_000;
    const counts = new Float64Array(100);
    for (let i = 0; i < n; i++) counts[Math.floor(random.uniform() * 100)]++;
    const chi2 = counts.reduce((sum, c) => sum + (c - n / 100) ** 2 / (n / 100), 0);
    expect(chi2).toBeGreaterThan(58); // 0.05 % and 99.95 % points of 99 degrees of freedom
    expect(chi2).toBeLessThan(155);
  });

  it('stays below the upper end, in float32 too', () => {
    const out = randomStream('fill').fillUniform(new Float32Array(200_000), -2, 3);
    expect(out.every((v) => v >= -2 && v < 3)).toBe(true);
    expect(out.reduce((sum, v) => sum + v, 0) / out.length).toBeCloseTo(0.5, 1);
  });

  it('draws every integer of a half-open range and no other', () => {
    const random = randomStream('int');
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) seen.add(random.int(-2, 2));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1]);
    expect(() => random.int(3, 3)).toThrow('int(3, 3)');
  });

  it('permutes: every number once, every place equally often', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer(), (n, seed) => {
        const order = [...randomStream(seed).permutation(n)];
        expect(order.sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
    const random = randomStream('places');
    const counts = new Float64Array(16);
    for (let i = 0; i < 16_000; i++) {
      const order = random.permutation(4);
      for (let place = 0; place < 4; place++) counts[place * 4 + order[place]]++;
    }
    for (const count of counts) expect(Math.abs(count - 4000)).toBeLessThan(5 * Math.sqrt(4000 * 0.75));
  });

  it('is true with the given probability', () => {
    const random = randomStream('bernoulli');
    let hits = 0;
    for (let i = 0; i < 50_000; i++) if (random.bernoulli(0.2)) hits++;
    expect(Math.abs(hits - 10_000)).toBeLessThan(5 * Math.sqrt(8000));
  });
});

describe('normal', () => {
  it('has the moments of the normal distribution', () => {
    const random = randomStream('normal');
    const { mean, variance, skewness, kurtosis } = moments(400_000, () => random.normal());
    expect(Math.abs(mean)).toBeLessThan(0.008);
    expect(Math.abs(variance - 1)).toBeLessThan(0.012);
    expect(Math.abs(skewness)).toBeLessThan(0.02);
    expect(Math.abs(kurtosis)).toBeLessThan(0.04);
  });

  it('has the right share in every half standard deviation and in the tail', () => {
    // Upper tail probabilities of the standard normal distribution at 0, 0.5, ... 4 (scipy.stats.norm.sf).
    const tail = [
      0.5, 0.308538, 0.158655, 0.0668072, 0.0227501, 0.00620967, 0.0013499, 0.000232629, 3.16712e-5,
    ];
    const n = 1_000_000;
    const x = randomStream('tail').fillNormal(new Float32Array(n));
    tail.forEach((p, i) => {
      const above = x.reduce((count, v) => count + (v > i / 2 ? 1 : 0), 0);
      const below = x.reduce((count, v) => count + (v < -i / 2 ? 1 : 0), 0);
      const deviation = Math.sqrt(n * p * (1 - p));
      expect(Math.abs(above - n * p)).toBeLessThan(4.5 * deviation);
      expect(Math.abs(below - n * p)).toBeLessThan(4.5 * deviation);
    });
  });

  it('shifts and scales', () => {
    const plain = randomStream('scale').normal();
    expect(randomStream('scale').normal(10, 2)).toBe(10 + 2 * plain);
    expect(randomStream('scale').fillNormal(new Float32Array(1), 10, 2)[0]).toBe(Math.fround(10 + 2 * plain));
  });
});
