/** All that the answers to single images add to a result: intervals, calibration, and tests against the baseline. */
import type { Cell } from '../grid/grid.ts';
import type { Predictions } from '../result/predictions.ts';
import type { Result } from '../result/schema.ts';
import { BOOTSTRAP_DEFAULTS, type BootstrapOptions, bootstrapErrors } from './bootstrap.ts';
import { calibrationOf } from './calibration.ts';
import { imageErrors } from './image-errors.ts';
import { compareErrors } from './significance.ts';

export type Statistics = Pick<Result, 'intervals' | 'calibration' | 'significance'>;

export interface StatisticsOptions extends BootstrapOptions {
  /** Of the baseline, on the same images. */
  readonly baseline?: Predictions;
  /** Whether AlexNet's published errors apply. */
  readonly alexnet?: boolean;
}

/**
 * @param cells the cells of the result
 * @returns nothing where the answers to some cell are missing
 */
export function describeStatistics(
  predictions: Predictions,
  cells: readonly (Cell | 'clean')[],
  options: StatisticsOptions = {},
): Statistics {
  const errors = imageErrors(predictions, cells);
  if (!errors) return {};
  // A baseline may lack the clean images of a corrupted set.
  const shared = cells.filter((cell) => cell !== 'clean' || options.baseline?.cell(cell));
  const baseline = options.baseline && imageErrors(options.baseline, shared);
  const intervals = bootstrapErrors(errors, baseline, options);
  const { resamples, seed, level } = { ...BOOTSTRAP_DEFAULTS, ...options };
  return {
    intervals: {
      level,
      resamples,
      seed,
      ...intervals.metrics,
      ce: intervals.ce,
      severities: intervals.severities,
    },
    calibration: calibrationOf(predictions, cells),
    ...(baseline && { significance: compareErrors(errors, baseline, options, intervals) }),
  };
}
