/** Whether a row's figures differ from its baseline's by more than chance. */
import { FREQUENCY_GROUPS } from '../../corrupt/index.ts';
import { mean } from '../../evaluate/result/metrics.ts';
import { holmAdjusted } from '../../evaluate/statistics/paired-tests.ts';
import { tTest } from '../../evaluate/statistics/student.ts';
import { BY_IMAGES, type Test } from '../marks.ts';
import { isPaired, seedFigures } from './figures.ts';
import { baselineOf } from './groups.ts';
import type { TableRow } from './rows.ts';

/** Tests by the key of a column: a stored name, `ce.` or `rce.` and a corruption, `frequency.` and a group. */
export type RowTests = (column: string) => Test | undefined;

const BY_SEEDS = 'p < .05 by Student’s paired t test over the seeds, each corruption by Holm';

/** How the rows are tested, in words; undefined where none is. */
export function testedHow(rows: readonly TableRow[]): string | undefined {
  const kinds = new Set(rows.map((row) => kindOf(row, baselineOf(row, rows))));
  const words = [...(kinds.has('seeds') ? [BY_SEEDS] : []), ...(kinds.has('images') ? [BY_IMAGES] : [])];
  return words.length > 0 ? words.join('; of a single seed ') : undefined;
}

/**
 * Several seeds are judged by how their differences from the baseline's seeds scatter; one seed by the answers to the
 * single images that its result holds, which says nothing of another training.
 */
export function testsOf(row: TableRow, baseline: TableRow | undefined): RowTests {
  switch (kindOf(row, baseline)) {
    case 'seeds':
      return bySeeds(row, baseline!);
    case 'images':
      return byImages(row);
    default:
      return () => undefined;
  }
}

function kindOf(row: TableRow, baseline: TableRow | undefined): 'seeds' | 'images' | undefined {
  if (!baseline || row.isBaseline) return undefined;
  const [first] = row.results;
  if (row.results.length > 1) return isPaired(row, baseline) ? 'seeds' : undefined;
  const other = first!.baseline?.model.sha256;
  const same = baseline.results.length === 1 && baseline.results[0]!.model.sha256 === other;
  return same && first!.significance ? 'images' : undefined;
}

function bySeeds(row: TableRow, baseline: TableRow): RowTests {
  const seeds = seedFigures(row, baseline);
  const test = (differences: readonly (number | undefined)[]): Test | undefined => {
    const known = differences.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
    const p = known.length === differences.length ? tTest(known) : undefined;
    return p === undefined ? undefined : { difference: mean(known), p };
  };
  const tests = new Map<string, Test | undefined>();
  for (const name of ['error.clean', 'mce.absolute'] as const) {
    tests.set(name, test(seeds.map(({ metrics, reference }) => difference(metrics[name], reference[name]))));
  }
  tests.set('mce.baseline', test(seeds.map(({ metrics }) => difference(metrics['mce.baseline'], 1))));
  for (const [group, names] of Object.entries(FREQUENCY_GROUPS)) {
    const ratios = seeds.map(({ relative }) =>
      names.every((name) => relative[name] !== undefined)
        ? mean(names.map((name) => relative[name]!))
        : undefined,
    );
    tests.set(`frequency.${group}`, test(ratios.map((ratio) => difference(ratio, 1))));
  }
  const corruptions = Object.keys(seeds[0]!.relative).flatMap((name) => {
    const found = test(seeds.map(({ relative }) => difference(relative[name], 1)));
    return found ? [{ name, found }] : [];
  });
  const adjusted = holmAdjusted(corruptions.map(({ found }) => found.p));
  for (const [index, { name, found }] of corruptions.entries()) {
    for (const kind of ['ce', 'rce']) tests.set(`${kind}.${name}`, { ...found, p: adjusted[index]! });
  }
  return (column) => tests.get(column);
}

function byImages({ results: [result] }: TableRow): RowTests {
  const { clean, corrupted, ce } = result!.significance!;
  return (column) => {
    if (column === 'error.clean') return clean;
    if (column === 'mce.absolute' || column === 'mce.baseline') {
      return corrupted?.metric === 'mce.absolute' ? corrupted : undefined;
    }
    const test = ce[column.replace(/^r?ce\./, '')];
    return test && { difference: test.difference, p: test.holm };
  };
}

function difference(value: number | undefined, reference: number | undefined): number | undefined {
  return value === undefined || reference === undefined ? undefined : value - reference;
}
