/** Two finished results, compared image by image without measuring again. */
import { UserError } from '../../errors.ts';
import type { Cell } from '../grid/grid.ts';
import { differentPictures } from '../images/selection.ts';
import { computeMetrics, type MetricReport } from '../result/metrics.ts';
import { measuredCells, type Predictions, predictionsPath, readPredictions } from '../result/predictions.ts';
import { hasAlexnetErrors } from '../result/record.ts';
import { readResult } from '../result/result.ts';
import type { Result } from '../result/schema.ts';
import {
  BOOTSTRAP_DEFAULTS,
  type BootstrapOptions,
  bootstrapErrors,
  type ErrorIntervals,
} from './bootstrap.ts';
import { corruptionMeans, errorsOfAll, imageErrors } from './image-errors.ts';
import { compareErrors, type Significance } from './significance.ts';

export interface ResultComparison {
  readonly baseline: Result;
  readonly result: Result;
  /** Cells that both have measured and kept the answers of, clean images first. */
  readonly cells: readonly (Cell | 'clean')[];
  /** Of the result against the baseline, over those cells. */
  readonly metrics: MetricReport;
  readonly baselineMetrics: MetricReport;
  /** Mean error over the compared severities of each corruption. */
  readonly means: Readonly<Record<string, number>>;
  readonly baselineMeans: Readonly<Record<string, number>>;
  readonly intervals: ErrorIntervals;
  readonly significance: Significance;
}

/**
 * Compares two result files by the predictions beside them.
 *
 * @param options seed defaults to that of the results, with which `evaluate` computes its own intervals
 * @throws UserError when one of the files is missing, has no predictions, is of the same model as the other, or was
 *   measured on other images
 */
export async function compareResults(
  baselineFile: string,
  resultFile: string,
  options: BootstrapOptions = {},
): Promise<ResultComparison> {
  const [baseline, result] = await Promise.all([baselineFile, resultFile].map((file) => readResult(file)));
  checkComparable(baseline!, result!, baselineFile, resultFile);
  const [reference, own] = await Promise.all([
    predictionsOf(baselineFile, baseline!),
    predictionsOf(resultFile, result!),
  ]);
  const cells = measuredCells(result!).filter((cell) => own.cell(cell) && reference.cell(cell));
  if (cells.length === 0) {
    throw new UserError(
      `${resultFile}: expected cells that ${baselineFile} has as well, with the answers to single images, found none; ` +
        'evaluate both with the same --corruptions and --severities',
    );
  }
  const [errors, errors0] = [own, reference].map((predictions) => imageErrors(predictions, cells)!);
  const settings = { ...BOOTSTRAP_DEFAULTS, seed: result!.data.seed, ...options };
  const alexnet = hasAlexnetErrors(own.classes, result!.data);
  const intervals = bootstrapErrors(errors!, errors0!, { ...settings, alexnet });
  const [measured, measured0] = [errorsOfAll(errors!), errorsOfAll(errors0!)];
  return {
    baseline: baseline!,
    result: result!,
    cells,
    metrics: computeMetrics(measured, { baseline: measured0, alexnet }),
    baselineMetrics: computeMetrics(measured0, { alexnet }),
    means: corruptionMeans(measured),
    baselineMeans: corruptionMeans(measured0),
    intervals,
    significance: compareErrors(errors!, errors0!, settings, intervals),
  };
}

function checkComparable(baseline: Result, result: Result, baselineFile: string, resultFile: string): void {
  if (baseline.model.sha256 === result.model.sha256) {
    throw new UserError(
      `${resultFile}: expected the result of another model than ${baselineFile}, found the same one; give two models`,
    );
  }
  const different = differentPictures(baseline.data, result.data);
  if (different.length === 0) return;
  throw new UserError(
    `${resultFile}: expected a result on the same images as ${baselineFile}, found ${result.data.name} with ` +
      `${different.join('; ')}; evaluate both with the same options`,
  );
}

async function predictionsOf(file: string, result: Result): Promise<Predictions> {
  const predictions = await readPredictions(file, result);
  if (predictions) return predictions;
  throw new UserError(
    `${file}: expected the answers to single images beside it (${predictionsPath(file)}), found none; ` +
      'measure it again with `pushpull evaluate … --predictions`',
  );
}
