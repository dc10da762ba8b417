import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pullKernels } from '../../src/analyze/kernels.ts';
import { centred, Fourier2d, frequencies, layerSpectra, radialProfile } from '../../src/analyze/spectrum.ts';
import { largestDifference } from '../support/close.ts';
import { FIXTURE, inhibitionsOf, layerOf, sampled } from './layers.ts';

describe('layerSpectra', () => {
  it.each(FIXTURE.cases)('gives what NumPy’s fft2 gives for the kernels of $name', (layer) => {
    const { spectra: expected } = layer;
    const spectra = layerSpectra(layerOf(layer), inhibitionsOf(layer));
    expect(spectra.size).toBe(FIXTURE.grid);
    const pairs = [
      [spectra.push, expected.push],
      [spectra.pull, expected.pull],
      ...spectra.pushPull.map((plane, i) => [plane, expected.pushPull[i]!] as const),
    ] as const;
    expect(pairs).toHaveLength(2 + FIXTURE.inhibitions.length);
    for (const [plane, wanted] of pairs) {
      expect(largestDifference(sampled(plane, 41), wanted).difference).toBeLessThan(1e-6);
    }
    const profile = radialProfile(spectra.push, spectra.size);
    expect(largestDifference(profile.magnitude, expected.radialPush).difference).toBeLessThan(1e-6);
    expect(profile.frequency.slice(-1)).toEqual([0.5]);
    for (const [filter, shares] of expected.energy.entries()) {
      for (const kind of ['push', 'pull', 'pushPull'] as const) {
        const { low, mid, high } = spectra.energy[filter]![kind];
        expect(largestDifference([low, mid, high], shares[kind]).difference).toBeLessThan(1e-6);
      }
    }
  });

  it('of a kernel of one weight is flat, and pooling takes from high frequencies alone', () => {
    const push = Float32Array.of(2);
    const kernels = { shape: [1, 1, 1, 1] as const, push, pull: pullKernels(push, 1) };
    const { size, ...spectra } = layerSpectra({ kernels, dilation: [1, 1] }, [{ alpha: 0.5, avg: 3 }]);
    expect(spectra.push.every((value) => Math.abs(value - 2) < 1e-12)).toBe(true);
    const zero = (size / 2) * size + size / 2;
    // w_pull = w here: at frequency 0 half of it is taken away, where the box is 0 nothing is.
    expect(spectra.pushPull[0]![zero]).toBeCloseTo(1, 12);
    // The transfer of a box of 3 at half a cycle a pixel is -1/3.
    expect(spectra.pushPull[0]![size / 2]).toBeCloseTo(2 + 1 / 3, 12);
  });

  it('takes a larger grid for kernels that need it', () => {
    const push = new Float32Array(25 * 25).fill(1);
    const kernels = { shape: [1, 1, 25, 25] as const, push, pull: pullKernels(push, 1) };
    expect(layerSpectra({ kernels, dilation: [1, 1] }, []).size).toBe(128);
  });
});

describe('Fourier2d', () => {
  it('keeps the energy (Parseval) and turns a shift into a phase', () => {
    const fourier = new Fourier2d(16);
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 12, maxLength: 12 }),
        fc.integer({ min: -20, max: 20 }),
        fc.integer({ min: -20, max: 20 }),
        (values, top, left) => {
          const power = ({ re, im }: { re: Float64Array; im: Float64Array }) =>
            re.map((value, i) => value ** 2 + im[i]! ** 2);
          const here = power(fourier.transform(values, 3, 4));
          const there = power(fourier.transform(values, 3, 4, top, left));
          const energy = values.reduce((sum, value) => sum + value * value, 0);
          expect(here.reduce((sum, value) => sum + value, 0) / 256).toBeCloseTo(energy, 8);
          expect(largestDifference(here, there).difference).toBeLessThan(1e-9 * Math.max(1, energy));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('puts frequency zero in the middle', () => {
    const plane = new Float64Array(16);
    plane[0] = 1;
    expect(centred(plane, 4).indexOf(1)).toBe(2 * 4 + 2);
    expect(Array.from(frequencies(4))).toEqual([-0.5, -0.25, 0, 0.25]);
  });

  it('refuses grids that are no power of two, and kernels larger than the grid', () => {
    expect(() => new Fourier2d(48)).toThrow('grid: expected a power of two such as 64, found 48');
    expect(() => new Fourier2d(4).transform(new Float64Array(25), 5, 5)).toThrow(/room for 5 × 5/);
  });
});
