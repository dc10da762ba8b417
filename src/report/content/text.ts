/** The words that page and Markdown share, so that both say the same. */

import { plural } from '../../words.ts';
import { type Comparison, imagesPerCell, isComplete, isTested } from '../comparison.ts';
import { formatCount } from '../format.ts';
import { BY_IMAGES, legend } from '../marks.ts';
import type { ResultTable } from './results-table.ts';

export const HEADINGS = {
  results: 'Errors, clean and corrupted',
  severity: 'Error against severity',
  corruptions: 'Corruption by corruption',
  certainty: 'How sure this is',
  samples: 'What the networks were shown',
  classes: 'Class by class',
  failures: 'Image by image',
  layer: 'What the push-pull layer learned',
  training: 'The course of the training',
  metrics: 'Every metric, by its exact name',
  provenance: 'How it was made',
} as const;

export const LEDES = {
  severity:
    'Mean top-1 error over the corruptions at each severity. Severity 0 is the clean test set, drawn where all were measured on it; lower is better.',
  groups: 'The same by group of corruptions, all on one scale.',
  certainty:
    'How far the figures would move with other test images of the same kind. Another training seed moves them too, which no test on one network can tell.',
  classes:
    'Top-1 error of the images of each class. Corrupted: mean over the corruptions of the benchmark and their severities; worst class first.',
  classesMissing:
    'For the errors of each class, the confused classes and the worst images, a report needs what each model answered to ' +
    'each image. `pushpull evaluate` of this version keeps that beside the result (NAME.predictions.safetensors, unless ' +
    '--no-predictions is given): evaluate again, then report again.',
  failures:
    'Single images as the networks saw them, no image twice and the corruptions mixed; beneath, what each network answered and how sure it was.',
  layer:
    'Each pair shows one filter of the first layer: left the push kernel, right the pull kernel that follows from it, its photographic negative. The response to the pull kernel, times α, is taken away from the response to the push kernel. Pairs are sorted by α.',
  training:
    'Measured after every epoch on the clean test images (or on training images that were held out, where a run says so), and on the training images as they were met.',
  metrics:
    '“mCE” means several things in the literature. These are the stored names, so that nothing can be confused with something else.',
} as const;

/** Above the chart of the corruptions. */
export function corruptionsLede(comparison: Comparison): string {
  const { baseline, best } = comparison;
  const over = isComplete(comparison)
    ? 'Mean top-1 error over the five severities.'
    : 'Mean top-1 error over the severities that all models have measured.';
  if (!baseline || !best) return over;
  return `${over} At the right, ${best.label} minus the baseline in percentage points: negative is better.`;
}

/** Under the results table: what the figures are, what the marks mean, how many images stand behind them. */
export function tableNotes(comparison: Comparison, table: ResultTable): string[] {
  const { baseline, models } = comparison;
  const notes = [
    'Top-1 errors as fractions of 1; .285 means that 28.5% of the images were classified wrongly.',
  ];
  notes.push(`A figure of a corruption is CE, the mean over its five severities. ${imageCounts(comparison)}`);
  if (baseline && models.length > 1) {
    const marks = resultLegend(comparison, table, true);
    if (marks) notes.push(marks);
  }
  if (table.hasPartial) notes.push('† Mean over the measured severities only, fewer than five: not a CE.');
  if (comparison.extraCorruptions.length > 0) notes.push('The group “extra” is not counted in any metric.');
  return notes;
}

/** What the marks of the results table mean. */
export function resultLegend(
  comparison: Comparison,
  { rows }: ResultTable,
  bold = false,
): string | undefined {
  const marks = rows.flatMap(({ cells }) => cells.map(({ mark }) => mark));
  return legend(marks, { bold, ...(isTested(comparison) && { how: BY_IMAGES }) });
}

function imageCounts({ models }: Comparison): string {
  const texts = models.map(({ result }) => {
    const cell = imagesPerCell(result);
    const clean = result.clean ? plural(result.clean.images, 'clean image') : 'no clean images';
    if (!cell) return clean;
    const each =
      cell.min === cell.max ? formatCount(cell.min) : `${formatCount(cell.min)} to ${formatCount(cell.max)}`;
    return `${clean}, ${each} image${each === '1' ? '' : 's'} for each corruption at each severity`;
  });
  const known = new Set(texts.filter((text) => text.includes(',') && text.includes('severity')));
  if (known.size === 1) return `Measured on ${[...known][0]}.`;
  return `Measured on ${models.map(({ label }, index) => `${texts[index]} (${label})`).join('; ')}.`;
}
