import { describe, expect, it } from 'vitest';
import type { Result } from '../../src/evaluate/result/schema.ts';
import { compare } from '../../src/report/comparison.ts';
import { headline } from '../../src/report/content/headline.ts';
import { overSeeds } from '../../src/report/content/seeds.ts';
import { madeUp } from './tables/made-up.ts';

const CLEAN = [0.07, 0.072, 0.077];
/** Seeds of a plain network, and of one whose errors are so many times as large. */
function seedsOf(scales: readonly number[]) {
  const plain = CLEAN.map((clean, index) => madeUp({ seed: index + 1, clean }));
  const pushpull = scales.map((scale, index) =>
    madeUp({ seed: index + 1, variant: 'push-pull avg3', clean: CLEAN[index], scale }),
  );
  const shown = compare([plain[0]!, pushpull[0]!]);
  const seeds = new Map<Result, readonly Result[]>([
    [plain[0]!, plain],
    [pushpull[0]!, pushpull],
  ]);
  return { shown, seeds };
}

describe('overSeeds', () => {
  it('has the means of errors and metrics, and Student’s paired test of the absolute mCE', () => {
    const { shown, seeds } = seedsOf([0.9, 0.91, 0.95]);
    const over = overSeeds(shown, seeds)!;
    const { best } = over.comparison;
    expect(over.count).toBe(3);
    expect(best!.metrics['error.clean']).toBeCloseTo(0.073, 12);
    expect(best!.metrics['mce.baseline']).toBeCloseTo(0.92, 12);
    expect(best!.metrics['mce.absolute']).toBeCloseTo(0.27 * 0.92, 4);
    expect(best!.result.clean!.top1).toBeCloseTo(0.073, 12);
    // Differences of -.1, -.09 and -.05 times .27: t = -.08 / (.02646 / √3) = -5.237 with 2 degrees of freedom.
    expect(over.test!.difference).toBeCloseTo(-0.27 * 0.08, 4);
    expect(over.test!.p).toBeCloseTo(0.0346, 3);
  });

  it('is nothing for single seeds, and without a test where seeds are not paired', () => {
    const { shown, seeds } = seedsOf([0.9, 0.91, 0.95]);
    expect(overSeeds(shown, undefined)).toBeUndefined();
    const single = new Map([...seeds].map(([first]) => [first, [first]]));
    expect(overSeeds(shown, single)).toBeUndefined();
    const [[plain], [pushpull, others]] = [...seeds] as [[Result, Result[]], [Result, Result[]]];
    const unpaired = new Map<Result, readonly Result[]>([
      [plain, [plain]],
      [pushpull, others],
    ]);
    expect(overSeeds(shown, unpaired)!.test).toBeUndefined();
  });
});

describe('the headline of several seeds', () => {
  it('is of their means, in its sentence and in its figures', () => {
    const { shown, seeds } = seedsOf([0.9, 0.91, 0.95]);
    const { sentence, figures } = headline(shown, seeds);
    expect(sentence).toMatch(
      /^Over 3 seeds: push-pull avg3 cuts the mean error on corrupted images \(absolute mCE\) from 27\.0% to 24\.8% \(mrCE \.920\)/,
    );
    expect(sentence).not.toContain('chance');
    expect(figures.map(({ value }) => value).slice(0, 3)).toEqual(['24.8%', '7.3%', '.920']);
    for (const { note } of figures) expect(note).toMatch(/ · mean of 3 seeds$/);
  });

  it('says where the seeds leave it to chance', () => {
    const { shown, seeds } = seedsOf([0.9, 1.08, 0.93]);
    expect(headline(shown, seeds).sentence).toMatch(
      /; over 3 seeds that difference on corrupted images is within chance \(p\u00a0=\u00a0\.\d{3}\)\.$/,
    );
  });
});
