import { renderToString } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { measuredCells } from '../../src/evaluate/result/predictions.ts';
import type { Result } from '../../src/evaluate/result/schema.ts';
import { describeStatistics } from '../../src/evaluate/statistics/describe.ts';
import { compare } from '../../src/report/comparison.ts';
import { withStatistics } from '../../src/report/content/certainty.ts';
import { headline } from '../../src/report/content/headline.ts';
import { CertaintySection, hasCertainty } from '../../src/report/page/certainty.tsx';
import { syntheticAvg3, syntheticResult } from './synthetic.ts';
import { syntheticPredictions } from './synthetic-answers.ts';

const plain = syntheticResult();
const avg3 = syntheticAvg3();
const answers = new Map(
  [plain, avg3].map((result) => [result, syntheticPredictions(result, { images: 60 })]),
);
const computed = describeStatistics(answers.get(avg3)!, measuredCells(avg3), {
  baseline: answers.get(plain)!,
  seed: 0,
});

/** As `pushpull evaluate --baseline` leaves it. */
const stored = (baseline: Result): Result => ({
  ...avg3,
  ...computed,
  baseline: {
    file: 'plain.json',
    model: baseline.model,
    clean: baseline.clean,
    errors: baseline.errors,
    ce: baseline.ce,
  },
});

const statisticsOf = (results: readonly Result[], predictions = new Map()) =>
  withStatistics(compare(results), predictions).models.map(({ statistics }) => statistics!);

describe('withStatistics', () => {
  it('takes what a result holds against the report’s baseline', () => {
    const [, own] = statisticsOf([plain, stored(plain)]);
    expect(own).toEqual(computed);
  });

  it('takes nothing that is against another baseline', () => {
    const [, own] = statisticsOf([plain, stored(syntheticResult({ hash: 'e', file: 'runs/other' }))]);
    expect(own!.significance).toBeUndefined();
    expect(own!.calibration).toEqual(computed.calibration);
    expect(own!.intervals!.ce).toEqual(computed.intervals!.ce);
    expect(own!.intervals!['mce.absolute']).toEqual(computed.intervals!['mce.absolute']);
    expect(own!.intervals!['mce.baseline']).toBeUndefined();
  });

  it('computes it from the answers to single images', () => {
    const [baseline, own] = statisticsOf([plain, avg3], answers);
    expect(own).toEqual(computed);
    expect(baseline!.intervals!['mce.absolute']).toBeDefined();
    expect(baseline!.significance).toBeUndefined();
  });

  it('keeps baseline and best among the models', () => {
    const comparison = withStatistics(compare([avg3, plain]), answers);
    expect(comparison.baseline).toBe(comparison.models[0]);
    expect(comparison.best).toBe(comparison.models[1]);
  });

  it('says nothing where nothing is known', () => {
    const comparison = withStatistics(compare([plain, avg3]));
    expect(comparison.models.map(({ statistics }) => statistics)).toEqual([{}, {}]);
    expect(hasCertainty(comparison)).toBe(false);
  });
});

describe('what is said of it', () => {
  const sure = (p: number): Result => {
    const result = stored(plain);
    return {
      ...result,
      significance: { ...result.significance!, corrupted: { ...result.significance!.corrupted!, p } },
    };
  };
  const sentence = (result: Result) => headline(withStatistics(compare([plain, result]))).sentence;

  it('is the test’s verdict in the headline', () => {
    expect(sentence(sure(0.34))).toMatch(
      /; on 60 images that difference on corrupted images is within chance \(p\u00a0=\u00a0\.340\)\.$/,
    );
    expect(sentence(sure(0.0004))).not.toMatch(/chance/);
  });

  it('names the corruptions that differ after all tests are counted', () => {
    const result = stored(plain);
    const ce = Object.fromEntries(
      Object.entries(result.significance!.ce).map(([name, test]) => [name, { ...test, p: 0.01, holm: 0.15 }]),
    );
    Object.assign(ce.jpeg_compression!, { difference: -0.02, holm: 0.001 });
    Object.assign(ce.glass_blur!, { difference: -0.03, holm: 0.049 });
    Object.assign(ce.fog!, { difference: 0.01, holm: 0.02 });
    const html = renderToString(
      CertaintySection(
        withStatistics(compare([plain, { ...result, significance: { ...result.significance!, ce } }])),
      ),
    );
    expect(html.replace(/<[^>]*>/g, '')).toContain('better on glass blur and JPEG compression; worse on fog');
    expect(html).not.toMatch(/NaN|undefined/);
  });

  it('has a whisker from end to end of its interval', () => {
    const html = renderToString(CertaintySection(withStatistics(compare([plain, avg3]), answers)));
    const [low, high] = computed.intervals!['error.clean']!;
    expect(html).toContain(`${low.toFixed(3).replace(/^0/, '')} to ${high.toFixed(3).replace(/^0/, '')}`);
    const places = [...html.matchAll(/<line x1="([\d.]+)" x2="([\d.]+)"[^>]*stroke-width="2.5"/g)].map(
      (line) => [Number(line[1]), Number(line[2])],
    );
    // Two models, clean and corrupted: on each scale something begins at its left end, and something ends at its right.
    expect(places).toHaveLength(4);
    for (const column of [0, 1]) {
      const own = [places[column]!, places[column + 2]!];
      expect(Math.min(...own.map(([from]) => from!))).toBe(5);
      expect(Math.max(...own.map(([, to]) => to!))).toBe(115);
    }
  });
});
