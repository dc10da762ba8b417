import { describe, expect, it } from 'vitest';
import { analyzeEdge, EDGE } from '../../src/analyze/edge.ts';
import { FirstLayerResponses } from '../../src/analyze/responses.ts';
import { largestDifference } from '../support/close.ts';
import { generated } from '../support/generated.ts';
import { FIXTURE, inhibitionsOf, layerOf, sampled } from './layers.ts';

describe('FirstLayerResponses', () => {
  it.each(FIXTURE.cases)('are those of two convolutions and a pooling by PyTorch, for $name', (layer) => {
    const inhibitions = inhibitionsOf(layer);
    const responder = new FirstLayerResponses(layerOf(layer), inhibitions, FIXTURE.size);
    expect(responder.reach).toBe(layer.reach);
    const { channels, side } = responder;
    const picture = Float64Array.from(generated(`${layer.name} picture`, channels * side * side, 0.5, 0.5));
    const responses = responder.respond(picture);
    const filters = Array.from({ length: layer.shape[0] }, (_, filter) => filter);
    const push = filters.flatMap((filter) => Array.from(responses.push(filter)));
    expect(largestDifference(sampled(push, 17), layer.responses.push).difference).toBeLessThan(1e-6);
    for (const [which, inhibition] of inhibitions.entries()) {
      const both = filters.flatMap((filter) => Array.from(responses.pushPull(filter, inhibition)));
      const wanted = layer.responses.pushPull[which]!;
      expect(largestDifference(sampled(both, 17), wanted).difference).toBeLessThan(2e-6);
    }
  });
});

describe('analyzeEdge', () => {
  const noiseless = { size: FIXTURE.size, band: FIXTURE.band, dark: 0.2, bright: 0.9, sigma: 0, seeds: 1 };

  it.each(FIXTURE.cases.filter(({ edge }) => edge.push))(
    'measures $name on a clean edge as NumPy does',
    (layer) => {
      const analysis = analyzeEdge(layerOf(layer), inhibitionsOf(layer), noiseless);
      const { push, pushPull } = layer.edge;
      for (const [found, wanted] of [
        [analysis.push, push!],
        ...analysis.pushPull.map((each, i) => [each, pushPull[i]!] as const),
      ] as const) {
        for (const [filter, { signal, background, snr }] of found.filters.entries()) {
          expect(signal).toBeCloseTo(wanted.signal[filter]!, 5);
          expect(background).toBeCloseTo(wanted.background[filter]!, 5);
          const [s, n] = [wanted.signal[filter]!, wanted.background[filter]!];
          if (s > 1e-9 && n > 1e-9) expect(snr).toBeCloseTo(20 * Math.log10(s / n), 4);
          else expect(snr).toBeNull();
        }
        const mean = (values: readonly number[]) =>
          values.reduce((sum, value) => sum + value, 0) / values.length;
        expect(found.all.signal).toBeCloseTo(mean(wanted.signal), 5);
        expect(found.all.background).toBeCloseTo(mean(wanted.background), 5);
      }
      const rises = push!.signal.map((signal, filter) => signal - push!.background[filter]!);
      expect(analysis.strongest).toBe(rises.indexOf(Math.max(...rises)));
    },
  );

  /** Sobel's filter, and the same turned by a quarter: only the first sees a vertical edge. */
  const sobel = layerOf(FIXTURE.cases.find(({ name }) => name === 'grey7')!);
  const kernel = [-1, 0, 1, -2, 0, 2, -1, 0, 1];
  const turned = [-1, -2, -1, 0, 0, 0, 1, 2, 1];
  const push = Float32Array.from([...turned, ...kernel]);
  const layer = {
    ...sobel,
    kernels: { shape: [2, 1, 3, 3] as const, push, pull: push.map((weight) => -weight) },
    normalization: { mean: [0], std: [1] },
  };

  it('finds the detector of vertical edges; inhibition leaves the edge and takes noise away', () => {
    const {
      strongest,
      push: alone,
      pushPull,
      picture,
      guard,
    } = analyzeEdge(layer, [
      { alpha: 1, avg: 3 },
      { alpha: 2, avg: 5 },
    ]);
    expect(strongest).toBe(1);
    expect(guard).toBe(3);
    // Two steps of a quarter: 4 · (1/2) in the middle column, 4 · (1/4) in those beside it, nothing in the outer two.
    const clean = analyzeEdge(layer, [], { ...EDGE, sigma: 0, seeds: 1 });
    expect(clean.push.filters[1]!.signal).toBeCloseTo((2 + 1 + 1) / 5, 12);
    for (const inhibited of pushPull) {
      expect(inhibited.filters[1]!.snr!).toBeGreaterThan(alone.filters[1]!.snr!);
      expect(inhibited.filters[1]!.background).toBeLessThan(alone.filters[1]!.background);
    }
    const left = Array.from(picture).filter((_, i) => i % EDGE.size < 20);
    const mean = left.reduce((sum, value) => sum + value, 0) / left.length;
    const deviation = Math.sqrt(left.reduce((sum, value) => sum + (value - mean) ** 2, 0) / left.length);
    expect(Math.abs(mean - EDGE.dark)).toBeLessThan(0.01);
    expect(Math.abs(deviation / EDGE.sigma - 1)).toBeLessThan(0.05);
  });

  it('is the same for the same settings, and other for other noise', () => {
    const snr = (settings: object) => analyzeEdge(layer, [], { ...EDGE, seeds: 2, ...settings }).push.all.snr;
    expect(snr({})).toBe(snr({}));
    expect(snr({ sigma: 0.2 })).toBeLessThan(snr({})!);
    expect(snr({ seeds: 1 })).not.toBe(snr({}));
  });

  it('gives no ratio where nothing is left of the background, and refuses a picture without one', () => {
    const { push: alone } = analyzeEdge(layer, [], { ...EDGE, sigma: 0, seeds: 1 });
    expect(alone.filters[1]).toMatchObject({ background: 0, snr: null });
    expect(() => analyzeEdge(layer, [{ alpha: 1, avg: 5 }], { ...EDGE, size: 11 })).toThrow(
      'size: expected responses wide enough for a background, found 11 columns',
    );
  });
});
