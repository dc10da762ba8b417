import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { register } from '../../../src/cli/compare/compare.ts';
import { intervalOf, points } from '../../../src/cli/evaluate/statistics-format.ts';
import { resultTable } from '../../../src/cli/evaluate/table.ts';
import { computeMetrics } from '../../../src/evaluate/result/metrics.ts';
import { describeStatistics } from '../../../src/evaluate/statistics/describe.ts';
import { formatP } from '../../../src/report/format.ts';
import { answersOf, CELLS, resultOf, writeResult } from '../../evaluate/statistics/fixture.ts';

let folder: string;
let files: string[];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-cli-compare-'));
  files = ['plain.json', 'pushpull.json'].map((name) => path.join(folder, name));
  await writeResult('baseline', files[0]!);
  await writeResult('model', files[1]!);
});
afterAll(() => rm(folder, { recursive: true }));

async function pushpull(...words: string[]): Promise<string> {
  const program = new Command('pushpull').exitOverride();
  register(program);
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    await program.parseAsync(['compare', ...words], { from: 'user' });
    return stripVTControlCharacters(log.mock.calls.map(String).join('\n'));
  } finally {
    log.mockRestore();
  }
}

describe('pushpull compare', () => {
  it('prints a row a corruption, in columns', async () => {
    const text = await pushpull(...files, '--resamples', '300');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(text).toMatch(
      /^baseline +resnet18 baseline, runs\/plain\nthis +resnet18 push-pull avg3, runs\/pushpull\n/,
    );
    expect(text).toMatch(/images +300 images of Ten test, clean and 75 corrupted cells/);
    // 11 images right with this alone, 12 with the baseline: .16 against .1567, McNemar's p is 1.
    expect(text).toMatch(/clean +15\.7 +16\.0 +\+0\.3 +\[-\d\.\d, \+\d\.\d\] +1\n/);
    expect(text).toMatch(/ {2}fog +\d+\.\d +\d+\.\d +-0\.1° +\[-\d\.\d, \+\d\.\d\] +\.9\d\d +1\n/);
    expect(text).toMatch(/ {2}brightness .* -7\.5\* .* < \.001 +(< \.001|\.00\d)\n/);
    expect(text).toMatch(/ {2}absolute mCE +\d+\.\d +39\.7 +-2\.5\* .*< \.001\n/);
    expect(text).toMatch(/mce\.baseline +0\.940 +\[0\.9\d\d, 0\.9\d\d\]/);
    expect(text.replace(/\s+/g, ' ')).toMatch(
      /More than chance: p < 0\.05, by Holm for the 15 corruptions\. Intervals over 300 resamples/,
    );
  });

  it('prints JSON on demand', async () => {
    const comparison = JSON.parse(await pushpull(...files, '--resamples', '100', '--seed', '4', '--json'));
    expect(comparison).toMatchObject({
      schema: 'pushpull.comparison/1',
      cells: 76,
      significance: { resamples: 100, seed: 4, clean: { test: 'mcnemar' }, corrupted: { test: 'sign-flip' } },
    });
    expect(comparison.intervals['mce.baseline']).toHaveLength(2);
  });

  it.each([
    [['--resamples', '5'], /--resamples: expected a whole number from 100 to 1000000/],
    [['--level', '2'], /--level: expected a share between 0 and 1/],
  ])('refuses %j', async (words, message) => {
    await expect(pushpull(...files, ...words)).rejects.toThrow(message);
  });
});

describe('resultTable with intervals', () => {
  it('fits 100 columns, and marks what differs from the baseline', () => {
    const baseline = resultOf('baseline');
    const result = { ...resultOf('model') };
    const { model, clean, errors, ce } = baseline;
    result.baseline = { file: 'plain.json', model, clean, errors, ce };
    Object.assign(
      result,
      computeMetrics(result, { baseline, alexnet: true }),
      describeStatistics(answersOf('model'), CELLS, {
        baseline: answersOf('baseline'),
        alexnet: true,
        resamples: 300,
      }),
    );
    const narrow = stripVTControlCharacters(resultTable(result, 80));
    for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(narrow).toMatch(/error in % +1 +2 +3 +4 +5\n[\s\S]*error in % +CE +95 % CI +ECE +base +ratio\n/);
    const text = stripVTControlCharacters(resultTable(result));
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(text).toMatch(/CE +95 % CI +ECE +base +ratio\n/);
    expect(text).toMatch(/clean +top-5 0\.0 +16\.0 +\[1\d\.\d, \d\d\.\d\] +\d+\.\d +15\.7 +1\.021\n/);
    expect(text).toMatch(/ {2}elastic_transform .* 0\.\d{3}\*\n/);
    expect(text).toMatch(/mce\.alexnet +\d+\.\d % +\[\d+\.\d, \d+\.\d\]/);
    expect(text).toMatch(/ece\.corrupted +\d+\.\d % +the same/);
    expect(text).toMatch(/ {2}absolute mCE +-2\.5\* +\[-3\.\d, -\d\.\d\] +< \.001$/);
    expect(text).toMatch(/right alone: 11 images, baseline 12\n/);
  });
});

describe('figures', () => {
  it('write what decides, and no more', () => {
    expect([0.0004, 0.0341, 0.9996, 1, 1e-30].map(formatP)).toEqual(['< .001', '.034', '1', '1', '< .001']);
    expect([0.0123, -0.0123, 0.0001, -0.0001].map(points)).toEqual(['+1.2', '-1.2', '0.0', '0.0']);
    expect(intervalOf(undefined, points)).toBe('');
    expect(intervalOf([-0.01, 0.02], points)).toBe('[-1.0, +2.0]');
  });
});
