/** The end of an evaluation on the terminal: errors in percent, a row a corruption, then the metrics by name. */
import pc from 'picocolors';
import { CORRUPTION_GROUPS } from '../corrupt/index.ts';
import type { MetricName, Result } from '../evaluate/result.ts';

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

const NAME_WIDTH = 19;
const percent = (rate: number | null | undefined) =>
  rate === null || rate === undefined ? '·' : (100 * rate).toFixed(1);
const cell = (text: string, width = 7) => text.padStart(width);

/** Lines for a terminal of 80 columns. */
export function resultTable(result: Result): string {
  const lines = ['', ...errorRows(result), '', ...metricRows(result)];
  for (const note of result.notes) lines.push(pc.dim(`note: ${note}`));
  return lines.join('\n');
}

function errorRows({ clean, errors, ce, baseline }: Result): string[] {
  const columns = [1, 2, 3, 4, 5].map((severity) => cell(String(severity)));
  const compare = baseline ? [cell('base CE', 9), cell('ratio')] : [];
  const lines = [pc.bold(['error in %'.padEnd(NAME_WIDTH), ...columns, cell('CE', 8), ...compare].join(''))];
  const cleanCompare = baseline
    ? [cell(percent(baseline.clean?.top1), 9), cell(ratio(clean?.top1, baseline.clean?.top1))]
    : [];
  lines.push(
    [
      'clean'.padEnd(NAME_WIDTH),
      pc.dim((clean ? `top-5 ${percent(clean.top5)}` : 'not measured').padStart(35)),
      pc.bold(cell(percent(clean?.top1), 8)),
      ...cleanCompare,
    ].join(''),
  );
  for (const [group, names] of Object.entries(CORRUPTION_GROUPS)) {
    const rows = names.filter((name) => errors[name]);
    if (rows.length > 0) lines.push(pc.dim(group));
    for (const name of rows) {
      const base = baseline?.ce[name];
      lines.push(
        [
          `  ${name}`.padEnd(NAME_WIDTH),
          ...errors[name].map((error) => cell(percent(error))),
          pc.bold(cell(percent(ce[name]), 8)),
          ...(baseline ? [cell(percent(base), 9), cell(ratio(ce[name], base))] : []),
        ].join(''),
      );
    }
  }
  return lines;
}

function ratio(value: number | undefined, base: number | undefined): string {
  return value === undefined || !base ? '·' : (value / base).toFixed(3);
}

function metricRows({ metrics, baseline, frequency }: Result): string[] {
  const lines: string[] = [];
  for (const { name, text, form } of METRICS) {
    const value = metrics[name];
    if (value === undefined) continue;
    const number = FORMS[form](value);
    lines.push(`${name.padEnd(NAME_WIDTH)}${pc.bold(cell(number, 9))}  ${pc.dim(text)}`);
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
