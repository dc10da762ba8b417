import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeMetrics } from '../../../src/evaluate/result/metrics.ts';
import type { Result } from '../../../src/evaluate/result/schema.ts';
import { writeComparisonFigures } from '../../../src/report/paper/comparison.ts';
import { breakEven, errorPoints, onLine } from '../../../src/report/paper/error-plane.ts';
import { barNote, drawnRows } from '../../../src/report/paper/rows.ts';
import { severityCurves } from '../../../src/report/paper/severity.tsx';
import { COLORS } from '../../../src/report/theme.ts';
import { syntheticAvg3, syntheticResult } from '../synthetic.ts';
import { madeUp } from '../tables/made-up.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-figures-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('breakEven', () => {
  it('is where R_net is 0, by the metrics that results store, for both betas', () => {
    const baseline = syntheticResult();
    const [e0, mce0] = [baseline.metrics['error.clean']!, baseline.metrics['mce.absolute']!];
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 1.5, noNaN: true }),
        fc.constantFrom('beta1', 'auto'),
        (share, beta) => {
          const line = breakEven(e0, mce0, beta === 'beta1' ? 1 : mce0 / e0);
          const clean = e0 * share;
          const factor = onLine(line, clean) / mce0;
          // A network whose every error is the baseline's by one factor has the mCE of that point.
          const errors = Object.fromEntries(
            Object.entries(baseline.errors).map(([name, row]) => [name, row.map((error) => error! * factor)]),
          );
          const measured = { ...baseline, clean: { ...baseline.clean!, top1: clean }, errors };
          const { metrics } = computeMetrics(measured, { baseline });
          expect(metrics['mce.absolute']).toBeCloseTo(onLine(line, clean), 10);
          expect(metrics[`rnet.${beta as 'beta1' | 'auto'}`]).toBeCloseTo(0, 10);
        },
      ),
    );
    expect(breakEven(e0, mce0, mce0 / e0).slope).toBeCloseTo(-1, 12);
  });
});

describe('drawnRows', () => {
  const results = [
    ...[1, 2, 3].map((seed) =>
      madeUp({ variant: 'push-pull avg3', seed, clean: 0.07 + 0.001 * seed, scale: 0.9 + 0.01 * seed }),
    ),
    ...[1, 2, 3].map((seed) => madeUp({ seed, clean: 0.066 + 0.001 * seed })),
    madeUp({ name: 'resnet50', variant: 'push-pull avg3' }),
    madeUp({ name: 'resnet50' }),
    madeUp({ dataset: 'MNIST' }),
  ];

  it('puts the seeds of a network together, each family behind its baseline with a mark of its own', () => {
    const [cifar, mnist] = drawnRows(results);
    expect(cifar!.rows.map(({ name, color, row }) => [name, color, row.results.length])).toEqual([
      ['ResNet-18 baseline', COLORS.baseline, 3],
      ['ResNet-18 push-pull avg3', '#d1480c', 3],
      ['ResNet-50 baseline', COLORS.baseline, 1],
      ['ResNet-50 push-pull avg3', '#d1480c', 1],
    ]);
    expect(cifar!.rows.map(({ shape }) => shape)).toEqual(['circle', 'circle', 'square', 'square']);
    expect(mnist!.rows.map(({ name }) => name)).toEqual(['ResNet-18 baseline']);
  });

  it('means over seeds are those of NumPy, bars one sample deviation', () => {
    const { points } = errorPoints(drawnRows(results)[0]!);
    // np.mean and np.std(ddof=1) of [.071, .072, .073] and of [.91, .92, .93] times the baseline's mCE.
    const { clean, mce } = points[1]!;
    expect(clean.value).toBeCloseTo(0.072, 12);
    expect(clean.high! - clean.value).toBeCloseTo(0.001, 12);
    const base = results[3]!.metrics['mce.absolute']!;
    expect(mce.value).toBeCloseTo(0.92 * base, 10);
    expect(mce.value - mce.low!).toBeCloseTo(0.01 * base, 10);
    expect(points[3]!.mce.low).toBeUndefined();
  });
});

describe('rows of a large family', () => {
  it('never share both colour and mark', () => {
    const alphas = [0.5, 1, 2, 3, 4, 5, 6, 7];
    const many = [
      madeUp({ name: 'resnet34' }),
      ...alphas.map((alpha) => madeUp({ name: 'resnet34', variant: `push-pull avg3 α ${alpha}` })),
      madeUp({ name: 'resnet101' }),
      madeUp({ name: 'resnet101', variant: 'push-pull avg3' }),
    ];
    const [set] = drawnRows(many);
    const looks = set!.rows.map(({ color, shape }) => `${color} ${shape}`);
    expect(looks).toHaveLength(11);
    expect(new Set(looks).size).toBe(11);
  });
});

describe('intervals', () => {
  it('are the bars of a single seed: of both errors, and of the clean accuracy', () => {
    const base = syntheticResult();
    const severities: Record<string, [number, number]> = { '3': [0.2, 0.3] };
    const intervals = { level: 0.95, resamples: 2000, seed: 0, ce: {}, severities };
    const result: Result = {
      ...base,
      intervals: { ...intervals, 'error.clean': [0.06, 0.08], 'mce.absolute': [0.26, 0.29] },
    };
    const sets = drawnRows([result]);
    const { points } = errorPoints(sets[0]!);
    expect(points[0]!.clean).toEqual({ value: base.clean!.top1, low: 0.06, high: 0.08 });
    expect(points[0]!.mce).toMatchObject({ low: 0.26, high: 0.29 });
    const [curve] = severityCurves(sets[0]!);
    expect(curve!.points[0]!.low).toBeCloseTo(0.92, 12);
    expect(curve!.points[0]!.high).toBeCloseTo(0.94, 12);
    expect(curve!.points[2]!.low).toBeUndefined();
    expect(curve!.points[3]!.low).toBeCloseTo(0.7, 12);
    // The interval of the whole benchmark is not that of one corruption.
    expect(severityCurves(sets[0]!, ['fog'])[0]!.points[3]!.low).toBeUndefined();
    expect(barNote(sets, ({ intervals: told }) => told !== undefined)).toBe(
      ' Bars show, for a single seed, the 95 % bootstrap interval over test images where its result carries one.',
    );
    expect(barNote(drawnRows([base]), () => false)).toBe('');
  });
});

describe('severityCurves', () => {
  it('are one minus the mean error over what all have measured, the clean images first', () => {
    const short = syntheticAvg3();
    const without = { ...short, errors: { ...short.errors, fog: [0.1, null, 0.1, 0.1, 0.1] } } as Result;
    const [set] = drawnRows([syntheticResult(), without]);
    const [plain] = severityCurves(set!);
    expect(plain!.points.map(({ severity }) => severity)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(plain!.points[0]!.value).toBeCloseTo(1 - 0.069, 12);
    const errors = Object.entries(syntheticResult().errors).filter(([name]) => name !== 'fog');
    const mean = errors.reduce((sum, [, row]) => sum + row[1]!, 0) / errors.length;
    expect(plain!.points[2]!.value).toBeCloseTo(1 - mean, 12);
  });
});

describe('writeComparisonFigures', () => {
  it('writes figures 7, 8 and both of accuracy against severity, as SVG and PNG', async () => {
    const out = path.join(folder, 'all');
    const { files, notes } = await writeComparisonFigures([syntheticResult(), syntheticAvg3()], { out });
    expect(notes).toEqual([]);
    const names = ['figure-7-errors', 'figure-8-gain', 'severity', 'severity-by-corruption'];
    expect(files).toEqual(
      names.flatMap((name) => ['svg', 'png'].map((format) => path.join(out, `${name}.${format}`))),
    );
    expect((await readdir(out)).length).toBe(8);
    const svg = await readFile(path.join(out, 'figure-8-gain.svg'), 'utf8');
    for (const text of [
      'ResNet-18 baseline',
      'ResNet-18 push-pull avg3',
      'R_net = 0, β = 1',
      'mCE₀/E₀ = 3.9',
    ]) {
      expect(svg).toContain(text);
    }
    expect(svg).not.toContain('NaN');
    const [width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.slice(1).map(Number);
    const picture = await sharp(path.join(out, 'figure-8-gain.png')).metadata();
    expect([picture.width, picture.height]).toEqual([2 * width!, 2 * height!]);
  });

  it('says what it leaves out: rows without an mCE, figure 8 without a baseline', async () => {
    const { errors, clean } = syntheticAvg3();
    const measured = { clean, errors: { fog: errors.fog! } };
    const partial = { ...syntheticAvg3(), ...measured, ...computeMetrics(measured) } as Result;
    const out = path.join(folder, 'partial');
    const { files, notes } = await writeComparisonFigures([syntheticResult(), partial], {
      out,
      formats: ['svg'],
    });
    expect(notes).toEqual([
      'figure 8 needs a baseline and a network that is compared with it, measured on the whole benchmark',
      'figures 7 and 8 leave out 1 row without an mCE: ResNet-18 push-pull avg3',
    ]);
    expect(files.map((file) => path.basename(file))).toEqual([
      'figure-7-errors.svg',
      'severity.svg',
      'severity-by-corruption.svg',
    ]);
    await expect(writeComparisonFigures([], { out })).rejects.toThrow(
      'expected at least one result file, found none',
    );
  });
});
