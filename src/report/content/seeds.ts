/** Several seeds of a network as one: what a headline says is of their mean, not of the seed that the page shows. */
import { mean } from '../../evaluate/result/metrics.ts';
import type { Metrics, Result } from '../../evaluate/result/schema.ts';
import { tTest } from '../../evaluate/statistics/student.ts';
import { bestOf, type ComparedModel, type Comparison } from '../comparison.ts';
import type { Test } from '../marks.ts';
import { isPaired, meanErrors, seedFigures } from '../tables/figures.ts';

/** All seeds of the network that a result stands for, itself included. */
export type Seeds = ReadonlyMap<Result, readonly Result[]>;

export interface OverSeeds {
  /** Every model with the means of its seeds: errors cell by cell, metrics of the metrics. */
  readonly comparison: Comparison;
  /** Seeds of the best model. */
  readonly count: number;
  /** Of its absolute mCE against the baseline's, seed by seed (Student's t); absent where seeds are not paired. */
  readonly test?: Test;
}

/** @returns undefined where the best model has one seed, or nothing is compared */
export function overSeeds(comparison: Comparison, seeds: Seeds | undefined): OverSeeds | undefined {
  const { baseline } = comparison;
  if (!seeds || !baseline) return undefined;
  const rowOf = ({ result, isBaseline }: ComparedModel) => ({
    results: seeds.get(result) ?? [result],
    isBaseline,
  });
  const reference = rowOf(baseline);
  const models = new Map(
    comparison.models.map((model): [ComparedModel, ComparedModel] => {
      const row = rowOf(model);
      const figures = seedFigures(row, reference);
      const { clean, errors } = meanErrors(row.results);
      const { statistics: _, ...rest } = model;
      const result: Result = {
        ...model.result,
        errors,
        ...(clean && model.result.clean && { clean: { ...model.result.clean, top1: clean.top1 } }),
      };
      return [model, { ...rest, result, metrics: meanMetrics(figures.map(({ metrics }) => metrics)) }];
    }),
  );
  const averaged: Comparison = {
    ...comparison,
    models: [...models.values()],
    baseline: models.get(baseline),
    best: bestOf([...models.values()]),
  };
  const best = [...models].find(([, model]) => model === averaged.best)?.[0];
  const row = best && rowOf(best);
  if (!row || row.results.length === 1) return undefined;
  const test = isPaired(row, reference) ? testOf(seedFigures(row, reference)) : undefined;
  return { comparison: averaged, count: row.results.length, ...(test && { test }) };
}

/** Of the metrics that every seed has. */
function meanMetrics(seeds: readonly Metrics[]): Metrics {
  const names = Object.keys(seeds[0]!) as (keyof Metrics)[];
  return Object.fromEntries(
    names.flatMap((name) => {
      const values = seeds.flatMap((metrics) => metrics[name] ?? []);
      return values.length === seeds.length ? [[name, mean(values)]] : [];
    }),
  );
}

function testOf(seeds: ReturnType<typeof seedFigures>): Test | undefined {
  const differences = seeds.flatMap(({ metrics, reference }) => {
    const [own, other] = [metrics['mce.absolute'], reference['mce.absolute']];
    return own === undefined || other === undefined ? [] : [own - other];
  });
  const p = differences.length === seeds.length ? tTest(differences) : undefined;
  return p === undefined ? undefined : { difference: mean(differences), p };
}
