/** What `pushpull compare` prints: a row a corruption with both errors, their difference, its interval and p values. */
import pc from 'picocolors';
import { CORRUPTION_GROUPS } from '../corrupt/index.ts';
import type { MetricName, Result } from '../evaluate/result.ts';
import type { ResultComparison } from '../evaluate/statistics/compare-results.ts';
import { formatP } from '../report/format.ts';
import { intervalOf, percent, points } from './evaluate/statistics-format.ts';
import { plural } from './shared/progress.ts';

const SIGNIFICANT = 0.05;
const NAME_WIDTH = 22;
const WIDTHS = { error: 10, difference: 12, interval: 18, p: 10 };

/** Metrics that compare, and how their ends are written. */
const RELATIVE: readonly (readonly [MetricName, string])[] = [
  ['mce.baseline', "mrCE, mean of CE / baseline's CE (Eq. 10)"],
  ['gain.error.clean', 'R_E, gain in clean error (Eq. 11)'],
  ['gain.mce.absolute', 'R_mCE, gain in mCE (Eq. 12)'],
  ['rnet.beta1', 'R_net, net gain, beta 1 (Eq. 13)'],
  ['rnet.auto', "R_net, beta baseline's mCE / E"],
  ['partial.baseline', 'mean error of the measured cells / baseline, mean of ratios'],
];

/** Lines for a terminal of 100 columns. */
export function comparisonTable(comparison: ResultComparison): string {
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
  const lines = [
    ...subjects(comparison),
    '',
    pc.bold(
      [
        'error in %'.padEnd(NAME_WIDTH),
        'baseline'.padStart(WIDTHS.error),
        'this'.padStart(WIDTHS.error),
        'difference'.padStart(WIDTHS.difference),
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
    const name = metric === 'mce.absolute' ? 'mCE' : 'measured cells';
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
  lines.push(...footnote(comparison, tests).split('\n').map(pc.dim));
  if (clean) {
    lines.push(
      pc.dim(
        `of ${plural(clean.images, 'clean image')}, ${clean.onlyThis} are right with this model alone, ` +
          `${clean.onlyBaseline} with the baseline alone`,
      ),
    );
  }
  for (const note of metrics.notes) lines.push(pc.dim(`note: ${note}`));
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

function row(
  name: string,
  error0: number | undefined,
  error: number | undefined,
  test: {
    readonly difference: number;
    readonly interval?: readonly [number, number];
    readonly p: number;
    readonly holm?: number;
    /** The p value that decides whether the difference counts. */
    readonly decides: number;
  },
): string {
  const significant = test.decides < SIGNIFICANT;
  const paint = !significant ? pc.bold : test.difference < 0 ? pc.green : pc.red;
  return [
    name.padEnd(NAME_WIDTH),
    percent(error0).padStart(WIDTHS.error),
    percent(error).padStart(WIDTHS.error),
    paint(points(test.difference).padStart(WIDTHS.difference)),
    pc.dim(intervalOf(test.interval, points).padStart(WIDTHS.interval)),
    formatP(test.p).padStart(WIDTHS.p),
    ...(test.holm === undefined
      ? [significant ? `${' '.repeat(WIDTHS.p)} *` : '']
      : [`${formatP(test.holm).padStart(WIDTHS.p)}${significant ? ' *' : ''}`]),
  ]
    .join('')
    .trimEnd();
}

function relativeRows({ metrics, intervals }: ResultComparison): string[] {
  return RELATIVE.flatMap(([name, text]) => {
    const value = metrics.metrics[name];
    if (value === undefined) return [];
    const form = (number: number) =>
      /^(gain|rnet)/.test(name) && number > 0 ? `+${number.toFixed(3)}` : number.toFixed(3);
    return [
      name.padEnd(NAME_WIDTH) +
        pc.bold(form(value).padStart(WIDTHS.error)) +
        `  ${pc.dim(intervalOf(intervals.metrics[name], form).padEnd(WIDTHS.interval + 2))}${pc.dim(text)}`,
    ];
  });
}

function footnote({ significance: { resamples, seed } }: ResultComparison, tests: number): string {
  const adjusted = tests > 0 ? `, by Holm for the ${plural(tests, 'corruption')}` : '';
  return (
    `* p < ${SIGNIFICANT}${adjusted}. Intervals over ${resamples} resamples of the images, seed ${seed};\n` +
    'how much another training seed would change is not in them.'
  );
}
