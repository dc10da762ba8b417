/** What `pushpull compare` prints: a row a corruption with both errors, their difference, its interval and p values. */

import pc from 'picocolors';
import { CORRUPTION_GROUPS } from '../../corrupt/index.ts';
import type { MetricName, Result } from '../../evaluate/result/schema.ts';
import type { ResultComparison } from '../../evaluate/statistics/compare-results.ts';
import { formatP, wrapText } from '../../report/format.ts';
import { legend, type Mark, markOf, SIGNIFICANT, signOf } from '../../report/marks.ts';
import { decimals, plural, signed } from '../../words.ts';
import { intervalOf, percent, points } from '../evaluate/statistics-format.ts';
import { terminalWidth } from '../shared/lines.ts';

const NAME_WIDTH = 19;
const WIDTHS = { error: 9, difference: 8, interval: 17, p: 8 };

/** Metrics that compare, and how their ends are written. */
const RELATIVE: readonly (readonly [MetricName, string])[] = [
  ['mce.baseline', 'mrCE, to the baseline (Eq. 10)'],
  ['gain.error.clean', 'R_E, gain in E (Eq. 11)'],
  ['gain.mce.absolute', 'R_mCE, gain in it (Eq. 12)'],
  ['rnet.beta1', 'R_net, net gain, beta 1 (Eq. 13)'],
  ['rnet.auto', "R_net, beta baseline's mCE / E"],
  ['partial.baseline', 'mean of measured cells / baseline'],
];

/** Lines for a terminal of 80 columns. */
export function comparisonTable(comparison: ResultComparison, width: number = terminalWidth()): string {
  const {
    baseline,
    result,
    metrics,
    baselineMetrics,
    means,
    baselineMeans: means0,
    significance,
  } = comparison;
  const { clean, corrupted, ce, partial = {} } = significance;
  const corruptions = { ...ce, ...partial };
  const tests = Object.keys(corruptions).length;
  const marks: Mark[] = [];
  const row = (name: string, error0: number | undefined, error: number | undefined, test: RowTest) => {
    const mark = markOf(test.difference, { difference: test.difference, p: test.decides });
    marks.push(mark);
    return errorRow(name, error0, error, test, mark);
  };
  const lines = [
    ...subjects(comparison),
    '',
    pc.bold(
      [
        'error in %'.padEnd(NAME_WIDTH),
        'baseline'.padStart(WIDTHS.error),
        'this'.padStart(WIDTHS.error),
        'points'.padStart(WIDTHS.difference),
        `${Math.round(100 * significance.level)} % interval`.padStart(WIDTHS.interval),
        'p'.padStart(WIDTHS.p),
        ...(tests > 0 ? ['p, Holm'.padStart(WIDTHS.p)] : []),
      ].join(''),
    ),
  ];
  if (clean) {
    lines.push(
      row('clean', baselineMetrics.metrics['error.clean'], metrics.metrics['error.clean'], {
        ...clean,
        decides: clean.p,
      }),
    );
  }
  for (const [group, names] of Object.entries(CORRUPTION_GROUPS)) {
    const rows = names.filter((name) => corruptions[name]);
    if (rows.length > 0) lines.push(pc.dim(group));
    for (const name of rows) {
      const { holm } = corruptions[name]!;
      const label = `  ${name}${partial[name] ? '†' : ''}`;
      lines.push(row(label, means0[name], means[name], { ...corruptions[name]!, holm, decides: holm }));
    }
  }
  if (corrupted) {
    const { metric } = corrupted;
    const name = metric === 'mce.absolute' ? 'absolute mCE' : 'measured cells';
    lines.push(
      pc.dim('mean'),
      row(`  ${name}`, baselineMetrics.metrics[metric], metrics.metrics[metric], {
        ...corrupted,
        decides: corrupted.p,
      }),
    );
  }
  lines.push('', ...relativeRows(comparison), '');
  if (Object.keys(partial).length > 0) lines.push(pc.dim('† over fewer than five severities: no CE'));
  lines.push(
    ...footnotes(comparison, marks, tests)
      .flatMap((text) => wrapText(text, width))
      .map(pc.dim),
  );
  const words = [
    ...(clean
      ? [
          `Of ${plural(clean.images, 'clean image')}, ${clean.onlyThis} are right with this model alone, ` +
            `${clean.onlyBaseline} with the baseline alone.`,
        ]
      : []),
    ...metrics.notes.map((note) => `note: ${note}`),
  ];
  lines.push(...words.flatMap((text) => wrapText(text, width)).map(pc.dim));
  return lines.join('\n');

  function subjects({ cells }: ResultComparison): string[] {
    const { data } = result;
    const corruptedCells = cells.filter((cell) => cell !== 'clean').length;
    return [
      `${'baseline'.padEnd(10)}${describe(baseline)}`,
      `${'this'.padEnd(10)}${describe(result)}`,
      `${'images'.padEnd(10)}${plural(data.images, 'image')} of ${data.name} ${data.split}, ` +
        `${clean ? 'clean and ' : ''}${plural(corruptedCells, 'corrupted cell')}`,
    ];
  }
}

function describe({ model }: Result): string {
  return `${model.name} ${model.variant}, ${model.file}`;
}

interface RowTest {
  readonly difference: number;
  readonly interval?: readonly [number, number];
  readonly p: number;
  readonly holm?: number;
  /** The p value that decides whether the difference counts. */
  readonly decides: number;
}

function errorRow(
  name: string,
  error0: number | undefined,
  error: number | undefined,
  test: RowTest,
  mark: Mark,
): string {
  const paint = mark === 'better' ? pc.green : mark === 'worse' ? pc.red : pc.bold;
  return [
    name.padEnd(NAME_WIDTH),
    percent(error0).padStart(WIDTHS.error),
    percent(error).padStart(WIDTHS.error),
    paint(`${points(test.difference).padStart(WIDTHS.difference)}${signOf(mark).padEnd(1)}`),
    pc.dim(intervalOf(test.interval, points).padStart(WIDTHS.interval)),
    formatP(test.p).padStart(WIDTHS.p),
    ...(test.holm === undefined ? [] : [formatP(test.holm).padStart(WIDTHS.p)]),
  ]
    .join('')
    .trimEnd();
}

function relativeRows({ metrics, intervals }: ResultComparison): string[] {
  return RELATIVE.flatMap(([name, text]) => {
    const value = metrics.metrics[name];
    if (value === undefined) return [];
    const form = (number: number) => (/^(gain|rnet)/.test(name) ? signed(number, 3) : decimals(number, 3));
    return [
      name.padEnd(NAME_WIDTH) +
        pc.bold(form(value).padStart(WIDTHS.error)) +
        `  ${pc.dim(intervalOf(intervals.metrics[name], form).padEnd(WIDTHS.interval + 1))}${pc.dim(text)}`,
    ];
  });
}

function footnotes(
  { significance: { resamples, seed } }: ResultComparison,
  marks: readonly Mark[],
  tests: number,
): string[] {
  const how = `p < ${SIGNIFICANT}${tests > 0 ? `, by Holm for the ${plural(tests, 'corruption')}` : ''}`;
  const signs = legend(marks, { how });
  return [
    ...(signs ? [signs] : []),
    `Intervals over ${resamples} resamples of the images, seed ${seed}; how much another training seed would change is ` +
      'not in them.',
  ];
}
