/** The end of an experiment on the terminal: its first table, and where everything is. */
import { relative } from 'node:path';
import pc from 'picocolors';
import type { ExperimentResult } from '../experiment/run.ts';
import { paperTableText } from '../report/tables/terminal.ts';

export function conclusion({ tables, files, omissions, plan }: ExperimentResult): string {
  const place = (file: string) => relative(plan.out, file);
  const lines = tables.flatMap((table) => [paperTableText(table), '']);
  for (const omission of omissions) lines.push(pc.dim(`note: ${omission}`));
  lines.push(
    files.length === 0
      ? 'nothing was written: no run is finished'
      : `in ${plan.out}: ${files.map(place).join(', ')}`,
  );
  return ['', ...lines].join('\n');
}
