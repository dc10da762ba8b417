/** How far the figures can be trusted: intervals, tests against the report's baseline, calibration. */
import { measuredCells, type Predictions } from '../../evaluate/result/predictions.ts';
import { hasAlexnetErrors } from '../../evaluate/result/record.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import { describeStatistics, type Statistics } from '../../evaluate/statistics/describe.ts';
import type { ComparedModel, Comparison } from '../comparison.ts';

/**
 * The comparison with the statistics of every model. Those that a result holds are taken where they are against the
 * baseline of this report; else they are computed from the answers to single images, where both models' are known.
 */
export function withStatistics(
  comparison: Comparison,
  predictions: ReadonlyMap<Result, Predictions> = new Map(),
): Comparison {
  const { baseline, best } = comparison;
  const models = new Map(
    comparison.models.map((model) => [
      model,
      { ...model, statistics: statisticsOf(model, baseline, predictions) },
    ]),
  );
  return {
    ...comparison,
    models: [...models.values()],
    baseline: baseline && models.get(baseline),
    best: best && models.get(best),
  };
}

function statisticsOf(
  { result, isBaseline }: ComparedModel,
  baseline: ComparedModel | undefined,
  predictions: ReadonlyMap<Result, Predictions>,
): Statistics {
  const { intervals, calibration, significance } = result;
  const reference = isBaseline ? undefined : baseline;
  const ofThisBaseline =
    reference !== undefined && result.baseline?.model.sha256 === reference.result.model.sha256;
  if (intervals && (reference === undefined || (ofThisBaseline && significance))) {
    return {
      intervals: reference ? intervals : withoutRatios(intervals),
      calibration,
      ...(reference && { significance }),
    };
  }
  const own = predictions.get(result);
  const other = reference && predictions.get(reference.result);
  if (!own || (intervals && !other)) return { intervals: intervals && withoutRatios(intervals), calibration };
  const cells = measuredCells(result).filter((cell) => !other || cell === 'clean' || other.cell(cell));
  const { seed } = result.data;
  return describeStatistics(own, cells, {
    seed,
    baseline: other,
    alexnet: hasAlexnetErrors(own.classes, result.data),
  });
}

/** Intervals that do not depend on a baseline. */
function withoutRatios(
  intervals: NonNullable<Statistics['intervals']>,
): NonNullable<Statistics['intervals']> {
  const { level, resamples, seed, ce } = intervals;
  return {
    ...{ level, resamples, seed, ce },
    'error.clean': intervals['error.clean'],
    'mce.absolute': intervals['mce.absolute'],
    'partial.error': intervals['partial.error'],
  };
}
