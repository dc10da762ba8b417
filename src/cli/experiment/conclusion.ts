/** The end of an experiment on the terminal: its first table, and where everything is. */
import { relative } from 'node:path';
import pc from 'picocolors';
import type { ExperimentResult } from '../../experiment/run.ts';
import { paperTableText } from '../../report/tables/formats/terminal.ts';

export function conclusion({ tables, files, omissions, plan }: ExperimentResult): string {
  const places = [
    ...new Set(files.map((file) => relative(plan.out, file).replace(/^(tables|figures)[/\\\\].*$/, '$1/'))),
  ];
  // 6 and 7 are 1 and 2 with absolute errors; those who want them find them in the folder.
  const shown = tables.filter(({ which }) => which < 6 || tables.length === 1);
  const lines = shown.flatMap((table) => [paperTableText(table), '']);
  for (const omission of omissions) lines.push(pc.dim(`note: ${omission}`));
  lines.push(
    files.length === 0 ? 'nothing was written: no run is finished' : `in ${plan.out}: ${places.join(', ')}`,
  );
  return ['', ...lines].join('\n');
}
