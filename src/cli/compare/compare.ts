/** `pushpull compare`: two results image by image, without measuring again. */
import type { Command } from 'commander';
import { BOOTSTRAP_DEFAULTS } from '../../evaluate/statistics/bootstrap.ts';
import { compareResults } from '../../evaluate/statistics/compare-results.ts';
import { integer, share } from '../shared/options.ts';
import { comparisonTable } from './table.ts';

const EXAMPLES = `
Examples:
  Does push-pull make fewer errors, and on which corruptions?
    $ pushpull compare plain.json pushpull.json

  Narrower Monte Carlo error of the intervals; the numbers for a program of your own:
    $ pushpull compare plain.json pushpull.json --resamples 20000 --json > comparison.json

Both results must be of the same images: the same --data, --limit, --seed and --set. The answers to single images
are read from NAME.predictions.safetensors beside each, which \`pushpull evaluate\` writes. Cells that only one of
the results has are left out.

Tests: McNemar's exact test of the clean error; of CE and mCE a permutation test of the images' mean errors, with all
patterns of signs counted. Holm's method adjusts the p values of the corruptions for their number. Intervals are
bootstrap percentiles over images, which both models share. Neither knows of other training seeds.
`;

interface Flags {
  resamples: number;
  seed?: number;
  level: number;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command('compare')
    .summary('compare two results image by image, with intervals and p values')
    .description(
      'Compare two results on the same images without measuring again: paired differences of each corruption, intervals and tests.',
    )
    .argument('<baseline>', 'result to compare with')
    .argument('<result>', 'result of the other model')
    .option(
      '--resamples <n>',
      'bootstrap resamples of the images',
      integer('--resamples', 100),
      BOOTSTRAP_DEFAULTS.resamples,
    )
    .option('--seed <n>', 'seed of the resamples (default: that of the results)', integer('--seed', 0))
    .option(
      '--level <share>',
      'share of the resamples inside an interval',
      share('--level'),
      BOOTSTRAP_DEFAULTS.level,
    )
    .option('--json', 'print JSON in place of the table')
    .addHelpText('after', EXAMPLES)
    .action(async (baseline: string, result: string, { json, seed, ...flags }: Flags) => {
      const options = { ...flags, ...(seed !== undefined && { seed }) };
      const comparison = await compareResults(baseline, result, options);
      console.log(json ? JSON.stringify(asJson(comparison), null, 2) : comparisonTable(comparison));
    });
}

function asJson({
  baseline,
  result,
  cells,
  metrics,
  intervals,
  significance,
}: Awaited<ReturnType<typeof compareResults>>) {
  return {
    schema: 'pushpull.comparison/1',
    baseline: baseline.model,
    model: result.model,
    data: result.data,
    cells: cells.length,
    metrics: metrics.metrics,
    intervals: { ...intervals.metrics, ce: intervals.ce },
    significance,
    notes: metrics.notes,
  };
}
