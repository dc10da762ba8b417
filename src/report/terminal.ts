/** The results table for a terminal. */
import type { Predictions } from '../evaluate/result/predictions.ts';
import type { Result } from '../evaluate/result/schema.ts';
import { type CompareOptions, compare } from './comparison.ts';
import { withStatistics } from './content/certainty.ts';
import { headline } from './content/headline.ts';
import { resultLines, resultTable } from './content/results-table.ts';
import { resultLegend } from './content/text.ts';
import { wrapText } from './format.ts';
import { dimmed, layoutTable, lineWidth, type TextOptions } from './tables/formats/terminal.ts';

export interface TerminalOptions extends CompareOptions, TextOptions {
  /** The models' answers to single images, which tell what is more than chance; see `findPredictions`. */
  readonly predictions?: ReadonlyMap<Result, Predictions>;
}

/**
 * The table of the report as text: the same figures, groups of columns below each other where the line is short.
 * Signs say how a figure stands to the baseline's, with or without colours (`marks.ts`). Ends with the headline.
 *
 * @throws UserError when the results do not belong together
 */
export function terminalTable(results: readonly Result[], options: TerminalOptions = {}): string {
  const comparison = withStatistics(compare(results, options), options.predictions);
  const table = resultTable(comparison);
  const marks = resultLegend(comparison, table);
  const notes = [
    'Top-1 errors as fractions of 1; mCE is absolute (Eq. 9), mrCE relative to the baseline (Eq. 10).',
    ...(marks ? [marks] : []),
    ...(table.hasPartial ? ['† over fewer than five severities.'] : []),
  ];
  return [
    ...layoutTable(table.columns, resultLines(table), options),
    '',
    ...dimmed(notes, options),
    ...wrapText(headline(comparison).sentence, lineWidth(options)),
  ].join('\n');
}
