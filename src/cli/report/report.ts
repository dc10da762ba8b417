/** `pushpull report`: one page about one or more results. */

import type { Command } from 'commander';
import { UserError } from '../../errors.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import { folderLock, withLock } from '../../files/lock.ts';
import { note } from '../shared/lines.ts';
import { readResults } from '../shared/results.ts';
import type { TableFlags } from './table.ts';

const EXAMPLES = `
Examples:
  A plain network and a push-pull network, measured with \`pushpull evaluate\`:
    $ pushpull report plain.json pushpull.json --out report

  Several variants against one baseline, under a title of your own:
    $ pushpull report avg3.json avg5.json --baseline plain.json --out report --title "Which pooling?"

  Results from another machine; the data lies elsewhere here:
    $ pushpull report plain.json pushpull.json --data ~/cifar10 --out report

  Table 1 of the paper from any number of results, several seeds of a network in one row:
    $ pushpull report runs/*/result.json --table 1 --out tables

The folder then holds report.html (one file that loads nothing: mail it, print it), report.md, and the charts as
PNG files. In the page, the heads of a table sort it, and pointing at a figure (or tapping it, or moving to it by Tab
and arrow keys) tells its exact value, the five severities behind it and how it stands to the baseline.

The run folder of a model, where it is found, adds training curves, learned alpha and the kernels. The predictions
that \`pushpull evaluate\` leaves beside a result add the errors of each class; with the data at hand (--data, where it
lies elsewhere now) also the images that a model is most surely wrong about, and those that two models disagree on.
What is missing is left out, and the report says so.

With --table it holds the table alone, as table-N.html, .md, .csv and .tex, the paper's own numbers beside yours:
1 and 2 errors relative to the plain network, 3 over fixed alpha, 4 by frequency, 6 and 7 the absolute errors of 1 and 2.
`;

/** With the number of a table, that is written in place of the page. */
export interface ReportFlags extends TableFlags {
  /** Where the measured data is. */
  readonly data?: string;
  /** Where downloaded data sets are kept. */
  readonly cache?: string;
}

export function register(program: Command): void {
  program
    .command('report')
    .summary('write a page with tables and charts about results')
    .description(
      'Compare results in one page: table, charts, kernels, sample images, and how it all was made.',
    )
    .argument('<result...>', 'result files that `pushpull evaluate` wrote')
    .requiredOption('--out <dir>', 'folder for report.html, report.md and charts/')
    .option('--baseline <file>', 'result to compare with (default: the one whose variant is baseline)')
    .option('--title <text>', 'title of the page')
    .option('--data <data>', 'where the measured data is, for images to show (default: as in the result)')
    .option('--cache <dir>', 'where downloaded data sets are kept')
    .option('--table <number>', "write one of the paper's tables instead of the page: 1, 2, 3, 4, 6 or 7")
    .option(
      '--scaled <text>',
      'with --table: how this experiment is smaller than the paper’s, for the caption',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (files: string[], flags: ReportFlags) => {
      if (flags.table === undefined) {
        if (flags.scaled === undefined) return writeReport(files, flags);
        throw new UserError('--scaled is for the caption of a table: expected it with --table, found none');
      }
      const { writePaperTable } = await import('./table.ts');
      return writePaperTable(files, flags);
    });
}

/** Writes the report and prints the table; what is missing for it is named, not an error. */
export async function writeReport(files: readonly string[], flags: ReportFlags): Promise<void> {
  // Vega and its charts take half a second to load, which no other command should pay.
  const { buildReport } = await import('../../report/build.ts');
  const { findEvidence } = await import('../../report/evidence/evidence.ts');
  const { terminalTable } = await import('../../report/terminal.ts');

  const results = await readResults(files, flags.baseline);
  assertDifferentModels(results);
  const baseline = flags.baseline === undefined ? undefined : results.get(flags.baseline);
  const list = [...results.values()];
  const evidence = await findEvidence(results, { baseline, data: flags.data, cacheDir: flags.cache });
  const table = terminalTable(list, { baseline, predictions: evidence.predictions });
  const options = { out: flags.out, title: flags.title, baseline, ...evidence };
  const report = await withLock(folderLock(flags.out), () => buildReport(list, options));
  for (const omission of evidence.omissions) note(omission);
  console.log(`${table}\n\nreport: ${report.html}`);
}

/** The same result under two names would be compared with itself. */
function assertDifferentModels(results: ReadonlyMap<string, Result>): void {
  const seen = new Map<string, string>();
  for (const [file, { model }] of results) {
    const earlier = seen.get(model.sha256);
    if (earlier !== undefined) {
      throw new UserError(
        `${file}: expected results of different models, found the same model as in ${earlier}; leave one of them out`,
      );
    }
    seen.set(model.sha256, file);
  }
}
