import type { Comparison, Row } from './compare.ts';
import { formatSpread, median, type Spread, short } from './spread.ts';

/** Share of the machine that may go to others. */
const MUCH = 0.05;

/** Comparisons as one Markdown table, a row a workload and contender, and below it what was not as it should be. */
export function formatComparisons(comparisons: readonly Comparison[]): string {
  const references = [
    ...new Set(comparisons.flatMap(({ rows }) => rows.flatMap((row) => Object.keys(row.ratios)))),
  ];
  const columns = [
    'workload',
    'by',
    'images/s',
    ...references.map((label) => `× ${label}`),
    'CPU s a step',
    'JS',
  ];
  const lines = comparisons.flatMap(({ title, rows }) =>
    rows.map((row, at) => [at === 0 ? title : '', row.label, ...cells(row, references)]),
  );
  const aligned = columns.map((_, column) => (column < 2 ? ':--' : '--:'));
  const table = [columns, aligned, ...lines].map((line) => `| ${line.join(' | ')} |`);
  return [...table, ...comparisons.flatMap(notes)].join('\n');
}

function cells(row: Row, references: readonly string[]): string[] {
  const optional = (value: Spread | undefined, format: (value: Spread) => string) =>
    value ? format(value) : '';
  return [
    formatSpread(row.imagesPerSecond),
    ...references.map((label) => optional(row.ratios[label], (ratio) => formatSpread(ratio, twoDigits))),
    optional(row.processorSecondsPerStep, (seconds) => short(seconds.median)),
    optional(row.outside, (share) => percent(share.median)),
  ];
}

/** What makes a comparison doubtful, a line each; empty where all was quiet. */
function notes({ title, rows, leftOut, disturbances }: Comparison): string[] {
  const lines = leftOut.map((reason) => `LEFT OUT of ${title}: ${reason}`);
  for (const by of new Set(disturbances.map((one) => one.by))) {
    const times = disturbances.filter((one) => one.by === by);
    const worst = times.reduce((a, b) => (b.share > a.share ? b : a));
    lines.push(
      `NOT ASLEEP in ${title}: ${by} used the processor in ${times.length} turns of others, at worst ` +
        `${percent(worst.share)} of a core while ${worst.during} had its turn`,
    );
  }
  const strangers = rows.flatMap(({ turns }) => turns.map((turn) => turn.strangers));
  if (strangers.length > 0 && median(strangers) > MUCH) {
    lines.push(
      `NOT ALONE in ${title}: ${percent(median(strangers))} of the machine went to other processes or its host`,
    );
  }
  for (const { label, wanted, ratios } of rows) {
    for (const [reference, least] of Object.entries(wanted)) {
      const reached = ratios[reference]?.median ?? Number.POSITIVE_INFINITY;
      if (reached >= least) continue;
      lines.push(
        `SHORT in ${title}: ${label} is ${twoDigits(reached)} × ${reference}, wanted ${short(least)}`,
      );
    }
  }
  return lines;
}

const twoDigits = (value: number): string => value.toFixed(2);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
