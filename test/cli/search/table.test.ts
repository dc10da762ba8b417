import { describe, expect, it } from 'vitest';
import { searchConclusion, searchTable } from '../../../src/cli/search/table.ts';
import { type TrialPlan, trialsOf } from '../../../src/train/search/grid.ts';
import { rank, type TrialResult } from '../../../src/train/search/results.ts';
import type { SearchResult } from '../../../src/train/search/search.ts';
import { SEARCH_SCHEMA, searchSettings } from '../../../src/train/search/settings.ts';
import { tinyConfig } from '../../train/tiny-learner.ts';

/** A search whose trials had these numbers of right answers out of 1,000, in their order; undefined: diverged. */
function search(
  plan: Partial<TrialPlan>,
  right: readonly (number | undefined)[],
  spec = 'cifar10',
): SearchResult {
  const grid = { maxRate: [0.1, 0.2], weightDecay: [1e-5], batchSize: [64] };
  const config = tinyConfig();
  const base = {
    ...config,
    preset: 'cifar10',
    data: { ...config.data, spec, validation: 0.1, limit: 2000 },
  };
  const settings = searchSettings({ grid, seeds: [1], trials: null, ...plan }, base);
  expect(settings.schema).toBe(SEARCH_SCHEMA);
  const results = trialsOf(settings, 0).map((trial, index): TrialResult => {
    const answers = right[index];
    const scores = { loss: 2 - (answers ?? 0) / 1000, top1: (answers ?? 0) / 1000, top5: 1, images: 1000 };
    return {
      ...trial,
      epochs: 2,
      seconds: 75,
      outcome:
        answers === undefined
          ? { status: 'diverged', epoch: 1, step: 12, reason: 'the training loss became NaN' }
          : { status: 'finished', train: scores, validation: scores },
    };
  });
  return { status: 'finished', settings, results, ranking: rank(results) };
}

describe('the table of a search', () => {
  it('goes from best to worst, with an arrow at the best', () => {
    expect(searchTable(search({}, [600, 700])).split('\n')).toEqual([
      'max lr  decay  batch  val. error     loss  train        time',
      '   0.2   1e-5     64      30.0 % ←  1.300  1.300  1 min 15 s',
      '   0.1   1e-5     64      40.0 %    1.400  1.400  1 min 15 s',
    ]);
  });

  it('gives mean and deviation of several seeds, and puts what diverged last', () => {
    const text = searchTable(search({ seeds: [1, 2] }, [undefined, 700, 900, 800]));
    expect(text.split('\n')).toEqual([
      'max lr  decay  batch    val. error     loss  train   seeds        time',
      '   0.2   1e-5     64  25.0 ± 7.1 % ←  1.250  1.250       2  1 min 15 s',
      '   0.1   1e-5     64        10.0 %    1.100  1.100  1 of 2  1 min 15 s',
    ]);
    const none = searchTable(search({ seeds: [1, 2] }, [undefined, undefined, undefined, undefined]));
    expect(none.split('\n')[1]).toMatch(/ diverged +· +· +0 of 2 +·$/);
    expect(none).not.toContain('←');
  });
});

describe('what follows from a search', () => {
  const lines = (result: SearchResult, out = 'searches/x') => searchConclusion(result, out).join('\n');

  it('is the command on the whole training set, scored on the test images', () => {
    const text = lines(
      search({ grid: { maxRate: [0.1, 0.2, 0.4], weightDecay: [1e-5], batchSize: [64] } }, [6, 9, 3]),
    );
    // √(.991 · .009 / 1000) = .3 %
    expect(text).toBe(
      [
        '← The smallest error, of 1,000 held-out images; standard error 0.3 points.',
        '',
        'The best setting on the whole training set:',
        '  pushpull train --data cifar10 --model resnet18 --width 8 --stem conv \\',
        '    --preset cifar10 --epochs 2 --batch 64 --max-lr 0.2 --weight-decay 1e-5 \\',
        '    --seed 1 --out runs/x',
      ].join('\n'),
    );
  });

  it('points beyond the edge of the grid, but not of a selection', () => {
    const grid = { maxRate: [0.05, 0.2], weightDecay: [0, 1e-5], batchSize: [128, 64] };
    const right = [1, 1, 1, 1, 1, 1, 1, 9];
    expect(lines(search({ grid }, right))).toContain(
      '  pushpull search --resume --out searches/x --lr 0.05,0.2,0.8 \\\n    --batch 32,128,64\n',
    );
    expect(lines(search({ grid, trials: 8 }, right))).not.toContain('beyond');
    const single = { maxRate: [0.1], weightDecay: [1e-5], batchSize: [1, 2] };
    expect(lines(search({ grid: single }, [2, 1]))).not.toContain('beyond');
  });

  it('says that nothing trained', () => {
    expect(lines(search({}, [undefined, undefined]))).toMatch(
      /^No setting trained to the end: try a lower --lr/,
    );
    expect(lines(search({ seeds: [1, 2] }, [undefined, 9, 9, undefined]))).toMatch(
      /with every seed: try a lower/,
    );
  });

  it('fits 80 columns, whatever is searched', () => {
    const grid = { maxRate: [0.0123456, 123.456], weightDecay: [1.2345e-5, 1e-4], batchSize: [1024, 2048] };
    const result = search({ grid, seeds: [1, 2] }, Array(16).fill(500), '/home/somebody/pictures of flowers');
    const text = `${searchTable(result)}\n${lines(result)}`;
    expect(text.split('\n').filter(({ length }) => length > 80)).toEqual([]);
    expect(text).toContain("--data '/home/somebody/pictures of flowers'");
  });
});
