import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { pullKernels } from '../../src/analyze/kernels.ts';
import { corrupt } from '../../src/corrupt/index.ts';
import { alphaChart } from '../../src/report/charts/alpha.tsx';
import { corruptionChart } from '../../src/report/charts/corruptions.tsx';
import { measuredImages, severityChart, trainingChart } from '../../src/report/charts/curves.tsx';
import { kernelPairs } from '../../src/report/charts/kernels.tsx';
import { niceAxis, spread, within } from '../../src/report/charts/layout.ts';
import { compare } from '../../src/report/comparison.ts';
import { encodeStrip, makeSampleStrip } from '../../src/report/evidence/samples.ts';
import { syntheticAvg3, syntheticKernels, syntheticResult, syntheticRun } from './synthetic.ts';

describe('spread', () => {
  it('leaves labels alone that do not touch', () => {
    expect(spread([40, 0, 20], 10)).toEqual([40, 0, 20]);
  });

  it('spreads touching labels about their middle', () => {
    expect(spread([10, 12], 10)).toEqual([6, 16]);
  });

  it('keeps the order and the gap, whatever is wanted', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -500, max: 500, noNaN: true }), { maxLength: 12 }), (wanted) => {
        const places = spread(wanted, 16);
        const order = wanted.map((_, index) => index).sort((a, b) => wanted[a]! - wanted[b]!);
        for (let i = 1; i < order.length; i++) {
          expect(places[order[i]!]! - places[order[i - 1]!]!).toBeGreaterThan(16 - 1e-9);
        }
      }),
    );
  });
});

describe('within', () => {
  it('leaves alone what is inside', () => {
    expect(within([5, 40, 20], { from: 0, to: 50, gap: 10 })).toEqual([5, 40, 20]);
  });

  it('moves what sticks out, and what that pushes', () => {
    expect(within([55, 46, 20], { from: 0, to: 50, gap: 10 })).toEqual([50, 40, 20]);
    expect(within([-5, 3, 30], { from: 0, to: 50, gap: 10 })).toEqual([0, 10, 30]);
  });

  it('keeps order and range, however many there are', () => {
    const places = fc.array(fc.double({ min: -200, max: 400, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(places, (wanted) => {
        const spreadOut = spread(wanted, 16);
        const moved = within(spreadOut, { from: 0, to: 300, gap: 16 });
        const gap = Math.min(16, 300 / Math.max(1, wanted.length - 1));
        const order = wanted.map((_, index) => index).sort((a, b) => spreadOut[a]! - spreadOut[b]!);
        for (let i = 1; i < order.length; i++) {
          expect(moved[order[i]!]! - moved[order[i - 1]!]!).toBeGreaterThan(gap - 1e-9);
        }
        expect(Math.min(...moved)).toBeGreaterThan(-1e-9);
        expect(Math.max(...moved)).toBeLessThan(300 + 1e-9);
      }),
    );
  });
});

describe('niceAxis', () => {
  it.each([
    [0.438, 0.5, 6],
    [0.07, 0.08, 5],
    [2.3, 2.5, 6],
    [11, 12.5, 6],
  ])('holds %f on an axis to %f', (max, end, labels) => {
    const axis = niceAxis(max);
    expect(axis.max).toBeCloseTo(end, 12);
    expect(axis.values).toHaveLength(labels);
  });

  it('always holds the maximum with few labels', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-4, max: 1e4, noNaN: true }), (max) => {
        const axis = niceAxis(max);
        expect(axis.max).toBeGreaterThanOrEqual(max * 0.998);
        expect(axis.max).toBeLessThanOrEqual(max * 2.001);
        expect(axis.values.length).toBeLessThanOrEqual(7);
      }),
    );
  });
});

describe('kernelPairs', () => {
  const colors = (svg: string) => [...svg.matchAll(/fill="#([0-9a-f]{6})"/g)].map((match) => match[1]);

  it('shows three channels as a colour, and the pull kernel as its negative', () => {
    // One filter of 1 × 2 weights: red 0, 1; green .5, .5; blue 1, 0.
    const push = Float32Array.of(0, 1, 0.5, 0.5, 1, 0);
    const [pair] = kernelPairs({ shape: [1, 3, 1, 2], push, pull: pullKernels(push, 1) });
    expect(colors(pair!.text)).toEqual(['0080ff', 'ff8000', 'ff8000', '0080ff']);
  });

  it('shows other numbers of channels in grey, one below the other', () => {
    const push = Float32Array.of(-1, 1);
    const [pair] = kernelPairs({ shape: [1, 2, 1, 1], push, pull: pullKernels(push, 1) });
    expect(colors(pair!.text)).toEqual(['000000', 'ffffff', 'ffffff', '000000']);
  });

  it('sorts by alpha and prints it', () => {
    const kernels = { ...syntheticKernels(3), alpha: Float32Array.of(-0.001, 2, 0.5) };
    const texts = kernelPairs(kernels).map(({ text }) => />(α [^<]*)</.exec(text)![1]);
    expect(texts).toEqual(['α 2.00', 'α 0.50', 'α −0.001']);
  });

  it('survives a filter of equal weights', () => {
    const flat = { shape: [1, 1, 1, 1] as const, push: Float32Array.of(3), pull: Float32Array.of(3) };
    expect(colors(kernelPairs(flat)[0]!.text)).toEqual(['808080', '808080']);
  });
});

describe('alphaChart', () => {
  it('counts every filter once', async () => {
    const result = syntheticAvg3();
    const alpha = Float32Array.of(-0.3, 0, 0.05, 0.1, 0.1, 0.49, 0.5, 1);
    const kernels = { ...syntheticKernels(8), alpha };
    const { models } = compare([result], { runs: new Map([[result, syntheticRun({ kernels })]]) });
    const chart = await alphaChart(models[0]!, { width: 400, height: 260 });
    // Bars are rectangles in the model's colour; a filter is as high as the axis says.
    const heights = [...chart!.text.matchAll(/<rect [^>]*height="([\d.]+)" fill="#d1480c"/g)].map((match) =>
      Number(match[1]),
    );
    const total = heights.reduce((sum, height) => sum + height, 0);
    const plot = 260 - 30 - 44;
    const top = Math.max(...[...chart!.text.matchAll(/>(\d+)<\/text>/g)].map((match) => Number(match[1])));
    expect((total / plot) * top).toBeCloseTo(8, 6);
  });

  it('is left out where nothing was learned', async () => {
    const result = syntheticAvg3();
    const { alpha: _, ...fixed } = syntheticKernels(4);
    const { models } = compare([result], { runs: new Map([[result, syntheticRun({ kernels: fixed })]]) });
    expect(await alphaChart(models[0]!, { width: 400, height: 260 })).toBeUndefined();
  });
});

describe('charts', () => {
  const draw = (variant: string) => {
    const results = [syntheticResult(), syntheticResult({ variant, hash: 'b', file: 'runs/other' })];
    return [
      corruptionChart(compare(results), { width: 700 })!,
      severityChart(compare(results), { width: 660, height: 420 })!,
    ].map(({ text }) => text);
  };

  it('print names as they are, in words, tips and labels', () => {
    for (const text of draw(`<img src="x" onerror='1'> & "co"`)) {
      expect(text).not.toContain('<img');
      expect(text).toMatch(
        /aria-label="[^"]*&lt;img src=&quot;x&quot;[^"]*&amp; &quot;co&quot;[^"]*" width=/,
      );
      expect(text).toMatch(/<title>[^<]*&lt;img src=&quot;x&quot;/);
      expect(text).toMatch(/<text[^>]*>[^<]*&lt;img/);
    }
  });

  it('are the same bytes each time, without an id', () => {
    const first = draw('push-pull avg3');
    expect(draw('push-pull avg3')).toEqual(first);
    for (const text of first) expect(text).not.toMatch(/\bid=|url\(#/);
  });
});

describe('trainingChart', () => {
  it('ends at the last epoch’s error', async () => {
    const result = syntheticResult();
    const run = syntheticRun();
    const comparison = compare([result], { runs: new Map([[result, run]]) });
    const chart = await trainingChart(comparison, 'testError', { width: 500, height: 300 });
    const error = 1 - run.epochs!.at(-1)!.test.top1;
    expect(chart!.text).toContain(`>${(error * 100).toFixed(1)}%  baseline</text>`);
  });

  it('says when images were held out to measure on', async () => {
    const result = syntheticResult();
    const run = syntheticRun();
    const { data } = run.config!;
    const held = { ...run, config: { ...run.config!, data: { ...data, validation: 0.1 } } };
    const comparison = compare([result], { runs: new Map([[result, held]]) });
    const chart = await trainingChart(comparison, 'testError', { width: 500, height: 300 });
    const { models } = comparison;
    expect(chart!.text).toContain('top-1 error, validation');
    expect(measuredImages(models)).toBe('validation');
    const plain = compare([result], { runs: new Map([[result, run]]) }).models;
    expect(measuredImages(plain)).toBe('test');
    expect(measuredImages([...plain, ...models])).toBe('test or validation');
  });

  it('is left out without a log', async () => {
    const comparison = compare([syntheticResult()]);
    expect(await trainingChart(comparison, 'trainLoss', { width: 500, height: 300 })).toBeUndefined();
  });
});

describe('samples', () => {
  const image = {
    data: Uint8Array.from({ length: 40 * 32 * 3 }, (_, i) => (i * 7919) % 251),
    width: 40,
    height: 32,
    channels: 3 as const,
  };
  const options = { set: 'cifar', seed: 3, index: 17 } as const;

  it('are the corruptions of the evaluation, pixel by pixel', async () => {
    const strip = await encodeStrip(makeSampleStrip(image, { ...options, caption: 'x' }));
    expect(strip.groups.map(({ corruptions }) => corruptions.length)).toEqual([3, 4, 4, 4]);
    const [noise] = strip.groups;
    const decoded = await decode(noise!.corruptions[1]!.images[2]!);
    const expected = corrupt(image, { ...options, corruption: 'shot_noise', severity: 5 });
    expect(decoded).toEqual({ width: 40, height: 32, data: [...expected.data] });
    expect((await decode(strip.original)).data).toEqual([...image.data]);
  });

  it('shrinks large images', async () => {
    const large = { data: new Uint8Array(300 * 200 * 3), width: 300, height: 200, channels: 3 as const };
    const strip = await encodeStrip({ original: large, severities: [], cells: [], caption: 'x' });
    expect(await decode(strip.original)).toMatchObject({ width: 128, height: 85 });
  });

  async function decode(uri: string) {
    const png = Buffer.from(uri.replace(/^data:image\/(png|jpeg);base64,/, ''), 'base64');
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: [...data] };
  }
});
