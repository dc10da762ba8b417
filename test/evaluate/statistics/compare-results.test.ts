import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BENCHMARK_CORRUPTIONS } from '../../../src/corrupt/index.ts';
import { predictionsPath } from '../../../src/evaluate/result/predictions.ts';
import { formatResult } from '../../../src/evaluate/result/result.ts';
import type { Result } from '../../../src/evaluate/result/schema.ts';
import { compareResults } from '../../../src/evaluate/statistics/compare-results.ts';
import { judge, resultOf, writeResult } from './fixture.ts';

let folder: string;
let plain: string;
let pushPull: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-compare-'));
  [plain, pushPull] = [path.join(folder, 'plain.json'), path.join(folder, 'pushpull.json')];
  await writeResult('baseline', plain);
  await writeResult('model', pushPull);
});
afterAll(() => rm(folder, { recursive: true }));

const OPTIONS = { resamples: 200 };

describe('compareResults', () => {
  it('compares what both have measured, as evaluating with --baseline does', async () => {
    const { cells, metrics, baselineMetrics, significance, intervals } = await compareResults(
      plain,
      pushPull,
      OPTIONS,
    );
    expect(cells).toHaveLength(76);
    for (const name of ['mce.baseline', 'rnet.auto', 'error.clean'] as const) {
      expect(metrics.metrics[name]).toBeCloseTo(judge.bootstrap[name]!.value, 12);
    }
    expect(significance.clean!.p).toBeCloseTo(judge.mcnemar.p, 12);
    expect(significance.corrupted!.difference).toBeCloseTo(
      metrics.metrics['mce.absolute']! - baselineMetrics.metrics['mce.absolute']!,
      12,
    );
    expect(significance.corrupted!.interval).toEqual(intervals.differences!.corrupted);
    expect(significance.resamples).toBe(200);
  });

  it('leaves out cells that only one has', async () => {
    const half = path.join(folder, 'half.json');
    const { clean: _, ...result } = resultOf('model');
    const noises = BENCHMARK_CORRUPTIONS.slice(0, 3);
    const errors = Object.fromEntries(noises.map((name) => [name, result.errors[name]!]));
    await cp(predictionsPath(pushPull), predictionsPath(half));
    await writeFile(half, formatResult({ ...result, errors } as Result));
    const { cells, significance } = await compareResults(plain, half, OPTIONS);
    expect(cells).toHaveLength(15);
    expect(significance.clean).toBeUndefined();
    expect(significance.corrupted!.metric).toBe('partial.error');
    expect(Object.keys(significance.ce)).toEqual(noises);
  });

  describe('refuses', () => {
    it('a result without predictions', async () => {
      const alone = path.join(folder, 'alone.json');
      await cp(pushPull, alone);
      await expect(compareResults(plain, alone)).rejects.toThrow(
        /alone.json: expected the answers to single images beside it \(.*alone.predictions.safetensors\), found none/,
      );
    });

    it('the same model twice, and other images', async () => {
      await expect(compareResults(plain, plain)).rejects.toThrow(/expected the result of another model/);
      const other = path.join(folder, 'other.json');
      const result = resultOf('model');
      await writeFile(other, formatResult({ ...result, data: { ...result.data, seed: 3 } }));
      await expect(compareResults(plain, other)).rejects.toThrow(
        /other.json: expected a result on the same images as .*plain.json, found .* with --seed 3 there, 0 here/,
      );
    });

    it('results that share no cell', async () => {
      const none = path.join(folder, 'none.json');
      const { clean: _, ...result } = resultOf('model');
      await writeFile(none, formatResult({ ...result, errors: {}, images: {} } as Result));
      await cp(predictionsPath(pushPull), predictionsPath(none));
      await expect(compareResults(plain, none)).rejects.toThrow(/expected cells that .* has as well/);
    });
  });
});
