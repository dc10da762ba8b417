/** The end of an evaluation on the terminal: errors in percent, a row a corruption, then the metrics by name. */
import pc from 'picocolors';
import { CORRUPTION_GROUPS } from '../../corrupt/index.ts';
import type { MetricName, Result } from '../../evaluate/result.ts';
import { formatP } from '../../report/format.ts';
import { intervalOf, percent, points } from './statistics-format.ts';

/** What each stored name means, in the order of printing. */
const METRICS: readonly { name: MetricName; text: string; form: 'percent' | 'ratio' | 'gain' }[] = [
  { name: 'mce.absolute', text: 'mCE, mean error over 15 corruptions (Eq. 9)', form: 'percent' },
  { name: 'mce.baseline', text: "mrCE, mean of CE / baseline's CE (Eq. 10)", form: 'ratio' },
  { name: 'mce.alexnet', text: "mCE normalised by AlexNet's errors (Hendrycks)", form: 'percent' },
  { name: 'rmce.alexnet', text: 'relative mCE (Hendrycks)', form: 'percent' },
  { name: 'gain.error.clean', text: 'R_E, gain in clean error (Eq. 11)', form: 'gain' },
  { name: 'gain.mce.absolute', text: 'R_mCE, gain in mCE (Eq. 12)', form: 'gain' },
  { name: 'rnet.beta1', text: 'R_net, net gain, beta 1 (Eq. 13)', form: 'gain' },
  { name: 'rnet.auto', text: "R_net, beta baseline's mCE / E", form: 'gain' },
  { name: 'partial.error', text: 'mean error over the measured cells', form: 'percent' },
  { name: 'partial.baseline', text: 'the same / baseline, mean of ratios', form: 'ratio' },
];

const FORMS = {
  percent: (value: number) => `${percent(value)} %`,
  ratio: (value: number) => value.toFixed(3),
  gain: (value: number) => (value > 0 ? '+' : '') + value.toFixed(3),
};
const ENDS = { ...FORMS, percent };

const NAME_WIDTH = 19;
const INTERVAL_WIDTH = 15;
/** Adjusted p values below earn a star. */
const SIGNIFICANT = 0.05;
const cell = (text: string, width = 7) => text.padStart(width);

/** Lines for a terminal of 100 columns; of 80 for results without intervals. */
export function resultTable(result: Result): string {
  const lines = ['', ...errorRows(result), '', ...metricRows(result), ...comparisonRows(result)];
  for (const note of result.notes) lines.push(pc.dim(`note: ${note}`));
  return lines.join('\n');
}

function errorRows({ clean, errors, ce, baseline, intervals, calibration, significance }: Result): string[] {
  const columns = [1, 2, 3, 4, 5].map((severity) => cell(String(severity)));
  const level = intervals && `${Math.round(100 * intervals.level)} % CI`;
  const titles = [
    ...(level ? [cell(level, INTERVAL_WIDTH - 3).padEnd(INTERVAL_WIDTH)] : []),
    ...(calibration ? [cell('ECE')] : []),
    ...(baseline ? [cell('base', 8), cell('ratio')] : []),
  ];
  /** What stands behind the error of a row. */
  const behind = (row: {
    interval?: readonly [number, number];
    calibration?: number;
    error?: number;
    base?: number;
    /** Adjusted p value of the difference from the baseline. */
    p?: number;
  }): string[] => [
    ...(level ? [pc.dim(cell(intervalOf(row.interval, percent), INTERVAL_WIDTH))] : []),
    ...(calibration ? [cell(percent(row.calibration))] : []),
    ...(baseline ? [cell(percent(row.base), 8), compared(row.error, row.base, row.p)] : []),
  ];
  const lines = [
    pc.bold(['error in %'.padEnd(NAME_WIDTH), ...columns, cell('CE', 8), ...titles].join('').trimEnd()),
  ];
  lines.push(
    [
      'clean'.padEnd(NAME_WIDTH),
      pc.dim((clean ? `top-5 ${percent(clean.top5)}` : 'not measured').padStart(35)),
      pc.bold(cell(percent(clean?.top1), 8)),
      ...behind({
        interval: intervals?.['error.clean'],
        calibration: calibration?.clean,
        error: clean?.top1,
        base: baseline?.clean?.top1,
        p: significance?.clean?.p,
      }),
    ].join(''),
  );
  for (const [group, names] of Object.entries(CORRUPTION_GROUPS)) {
    const rows = names.filter((name) => errors[name]);
    if (rows.length > 0) lines.push(pc.dim(group));
    for (const name of rows) {
      lines.push(
        [
          `  ${name}`.padEnd(NAME_WIDTH),
          ...errors[name]!.map((error) => cell(percent(error))),
          pc.bold(cell(percent(ce[name]), 8)),
          ...behind({
            interval: intervals?.ce[name],
            calibration: calibration?.corruptions[name],
            error: ce[name],
            base: baseline?.ce[name],
            p: significance?.ce[name]?.holm,
          }),
        ].join(''),
      );
    }
  }
  return lines;
}

/** The ratio to the baseline's error, with a star where the difference is significant. */
function compared(value: number | undefined, base: number | undefined, p: number | undefined): string {
  const text = value === undefined || !base ? '·' : (value / base).toFixed(3);
  if (p === undefined) return cell(text);
  const significant = p < SIGNIFICANT;
  const marked = cell(`${text}${significant ? '*' : ' '}`, 8);
  if (!significant || value === undefined || base === undefined) return marked;
  return value < base ? pc.green(marked) : pc.red(marked);
}

function metricRows({ metrics, intervals, calibration, baseline, frequency }: Result): string[] {
  const lines: string[] = [];
  const push = (name: string, number: string, interval: string, text: string) => {
    const gap = intervals ? `  ${pc.dim(interval.padEnd(INTERVAL_WIDTH + 3))}` : '  ';
    lines.push(`${name.padEnd(NAME_WIDTH)}${pc.bold(cell(number, 9))}${gap}${pc.dim(text)}`);
  };
  for (const { name, text, form } of METRICS) {
    const value = metrics[name];
    if (value === undefined) continue;
    push(name, FORMS[form](value), intervalOf(intervals?.[name], ENDS[form]), text);
  }
  for (const [part, value] of [
    ['clean', calibration?.clean],
    ['corrupted', calibration?.corrupted],
  ] as const) {
    if (value === undefined) continue;
    const text = part === 'clean' ? 'ECE, |confidence - accuracy| over 15 bins' : 'the same, mean over cells';
    push(`ece.${part}`, FORMS.percent(value), '', text);
  }
  if (frequency) {
    const groups = Object.entries(frequency).map(
      ([name, { mean, std }]) => `${name} ${mean.toFixed(2)} ± ${std.toFixed(2)}`,
    );
    lines.push(`${'mrCE by frequency'.padEnd(NAME_WIDTH)}  ${groups.join('   ')}`);
  }
  if (baseline)
    lines.push(pc.dim(`baseline: ${baseline.model.name} ${baseline.model.variant}, ${baseline.file}`));
  return lines;
}

/** Differences from the baseline on the same images. */
function comparisonRows({ significance }: Result): string[] {
  if (!significance) return [];
  const { clean, corrupted, ce, partial = {} } = significance;
  const title = "error less the baseline's, in points";
  const lines = ['', pc.bold(title.padEnd(37) + 'p'.padStart(16))];
  const row = (name: string, { difference, interval, p }: NonNullable<typeof clean | typeof corrupted>) =>
    `  ${name.padEnd(NAME_WIDTH - 2)}${pc.bold(cell(points(difference), 9))}  ` +
    `${pc.dim(intervalOf(interval, points).padEnd(INTERVAL_WIDTH))}${cell(formatP(p), 8)}  `;
  if (clean) {
    const { onlyThis, onlyBaseline } = clean;
    lines.push(row('clean', clean) + pc.dim(`McNemar, right alone: ${onlyThis}, baseline ${onlyBaseline}`));
  }
  if (corrupted) {
    const name = corrupted.metric === 'mce.absolute' ? 'mCE' : 'measured cells';
    lines.push(row(name, corrupted) + pc.dim("sign-flip test of the images' mean errors"));
  }
  const tests = Object.keys(ce).length + Object.keys(partial).length;
  if (tests > 0) {
    lines.push(
      pc.dim(
        `* differs from the baseline: clean p < ${SIGNIFICANT}, a corruption p < ${SIGNIFICANT} by Holm for ${tests} tests`,
      ),
    );
  }
  return lines;
}
