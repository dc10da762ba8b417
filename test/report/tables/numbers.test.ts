import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../../src/evaluate/result/schema.ts';
import { paperTable } from '../../../src/report/tables/build-table.ts';
import {
  PAPER,
  PAPER_TABLE3,
  PAPER_TABLE4,
  paperDataset,
  paperEntry,
} from '../../../src/report/tables/paper.ts';
import { rowsOfResults } from '../../../src/report/tables/rows.ts';
import type { Figure } from '../../../src/report/tables/statistics.ts';
import type { PaperTable, TableNumber } from '../../../src/report/tables/table.ts';
import { madeUp } from './made-up.ts';

interface Stored {
  readonly seed: number;
  readonly clean: number;
  readonly errors: Result['errors'];
  readonly alpha?: number;
}

/** Made by test/fixtures/report/make_tables.py with NumPy. */
const FIXTURE = JSON.parse(
  readFileSync(new URL('../../fixtures/report/tables.json', import.meta.url), 'utf8'),
) as {
  baseline: Stored[];
  pushpull: Stored[];
  fixed: Stored[];
  expected: Record<'baseline' | 'pushpull' | 'frequency' | 'alpha', Record<string, Figure>>;
};

const results = [
  ...FIXTURE.baseline.map((stored) => madeUp(stored)),
  ...FIXTURE.pushpull.map((stored) => madeUp({ ...stored, variant: 'push-pull avg3' })),
  ...FIXTURE.fixed.map((stored) => madeUp({ ...stored, variant: `push-pull avg3 α ${stored.alpha}` })),
];

/** The figures of a row, by column. */
function figures(table: PaperTable, label: string): Map<string, Figure | undefined> {
  const row = table.groups.flatMap(({ rows }) => rows).find((candidate) => candidate.label === label)!;
  return new Map(table.columns.map(({ key }, index) => [key, row.cells[index]!.figure]));
}

function expectFigures(found: Map<string, Figure | undefined>, expected: Record<string, Figure>): void {
  const known = Object.entries(expected).filter(([key]) => found.has(key));
  for (const [key, wanted] of known) {
    const figure = found.get(key)!;
    expect(figure.n, key).toBe(wanted.n);
    expect(figure.mean, key).toBeCloseTo(wanted.mean, 12);
    expect(figure.std, key).toBeCloseTo(wanted.std!, 12);
  }
}

describe('the figures of a table agree with NumPy', () => {
  const table = (which: TableNumber) => paperTable(which, rowsOfResults(results));

  it('over seeds, each against its partner or the mean of the baseline', () => {
    const found = figures(table(1), 'push-pull avg3');
    expect([...found.keys()].filter((key) => key in FIXTURE.expected.pushpull)).toHaveLength(18);
    expectFigures(found, FIXTURE.expected.pushpull);
    expectFigures(figures(table(1), 'baseline'), FIXTURE.expected.baseline);
  });

  it('absolute', () => {
    const found = figures(table(6), 'push-pull avg3');
    expect([...found.keys()].filter((key) => key in FIXTURE.expected.pushpull)).toHaveLength(18);
    expectFigures(found, FIXTURE.expected.pushpull);
  });

  it('in the frequency groups, over corruptions', () => {
    const found = figures(table(4), 'push-pull avg3');
    expect([...found.keys()]).toEqual(Object.keys(FIXTURE.expected.frequency));
    expectFigures(found, FIXTURE.expected.frequency);
  });

  it('over alpha', () => {
    const found = figures(table(3), 'push-pull avg3');
    expect([...found.keys()]).toEqual(Object.keys(FIXTURE.expected.alpha));
    expectFigures(found, FIXTURE.expected.alpha);
  });

  it('of a baseline relative to itself are 1, without a deviation', () => {
    for (const [key, figure] of figures(table(1), 'baseline')) {
      if (key.startsWith('rce.') || key === 'mce.baseline') expect(figure, key).toEqual({ mean: 1, n: 3 });
    }
  });
});

describe("the paper's numbers", () => {
  it('are each there once', () => {
    const keys = PAPER.map(({ dataset, network, variant, augment }) =>
      [dataset, network, variant, augment].join(),
    );
    expect(new Set(keys).size).toBe(keys.length);
    expect(PAPER.filter(({ table }) => table === 1)).toHaveLength(24);
    expect(PAPER.filter(({ table }) => table === 2)).toHaveLength(17);
    expect(PAPER_TABLE4).toHaveLength(4);
    expect(Object.keys(PAPER_TABLE3.poolings)).toEqual(['0', '3', '5']);
  });

  it('agree with each other: mrCE is near the ratio of the mCE', () => {
    const ratios = PAPER.filter(({ mrce }) => mrce).map((row) => {
      const plain = PAPER.find(
        (other) =>
          other.dataset === row.dataset &&
          other.network === row.network &&
          other.augment === row.augment &&
          other.variant === 'baseline',
      )!;
      return Math.abs(Number(row.mrce) - Number(row.mce) / Number(plain.mce));
    });
    // A mean of ratios is not the ratio of means; the largest gap, of blurconv2 on CIFAR-10, is .035.
    expect(Math.max(...ratios)).toBeLessThan(0.04);
    expect(ratios).toHaveLength(16 + 12);
  });

  it.each([
    ['CIFAR-10', 'CIFAR-10'],
    ['cifar10-jpeg', 'CIFAR-10'],
    ['CIFAR-10-C', 'CIFAR-10'],
    ['CIFAR-10 (JPEG)', 'CIFAR-10'],
    ['CIFAR-10 (3 of 10 classes)', undefined],
    ['cifar100', undefined],
    ['ImageNet', 'ImageNet'],
    ['ImageNet-C', 'ImageNet'],
    ['ImageNet-100', 'ImageNet-100'],
    ['ImageNet-50', undefined],
    ['imagenette', undefined],
  ])('%s is %s', (name, expected) => {
    expect(paperDataset(name)).toBe(expected);
  });

  it('are found for policies by data set, and for the layer of 2020 with any alpha', () => {
    const row = { dataset: 'ImageNet', network: 'resnet50' };
    expect(paperEntry({ ...row, variant: 'baseline', augment: 'prime-imagenet' })?.mce).toBe('.5223');
    expect(paperEntry({ ...row, variant: 'push-pull 2020 α 1' })?.mrce).toBe('.996');
    expect(paperEntry({ ...row, variant: 'push-pull avg3 α 1' })).toBeUndefined();
    expect(paperEntry({ ...row, variant: 'baseline', augment: 'randaugment' })).toBeUndefined();
  });
});
