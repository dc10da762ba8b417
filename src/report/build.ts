/** Writes a report to a folder: `report.html`, `report.md` and `charts/*.png`. */

import path from 'node:path';
import type { Result } from '../evaluate/result/schema.ts';
import { writeFileAtomic } from '../files/files.ts';
import { mkdir } from '../files/fs.ts';
import { toPng } from './charts/png.ts';
import { CHART_FOLDER, composeReport, type ReportInput } from './report.ts';

export interface ReportOptions extends ReportInput {
  /** Folder for the report; made where it does not exist. */
  readonly out: string;
}

/** Paths of the files that were written. */
export interface ReportFiles {
  readonly html: string;
  readonly markdown: string;
  readonly pngs: readonly string[];
  /** One sentence with numbers. */
  readonly headline: string;
}

/**
 * Writes a report on `results`. The page is written last, so that it never refers to what is not there.
 *
 * @throws UserError when the results do not belong together, or when the folder cannot be written
 */
export async function buildReport(results: readonly Result[], options: ReportOptions): Promise<ReportFiles> {
  const { out } = options;
  const report = await composeReport(results, options);
  const pngs: string[] = [];
  await mkdir(path.join(out, CHART_FOLDER), { recursive: true });
  for (const figure of report.figures) {
    const file = path.join(out, CHART_FOLDER, `${figure.name}.png`);
    await writeFileAtomic(file, toPng(figure.sheet));
    pngs.push(file);
  }
  const markdown = path.join(out, 'report.md');
  const html = path.join(out, 'report.html');
  await writeFileAtomic(markdown, report.markdown);
  await writeFileAtomic(html, report.html);
  return { html, markdown, pngs, headline: report.headline };
}
