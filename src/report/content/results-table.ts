/** The tables of a report as data; HTML, Markdown and terminal print the same cells. */
import type { MetricName } from '../../evaluate/result/schema.ts';
import {
  type ComparedModel,
  type Comparison,
  type CorruptionError,
  comparable,
  corruptionError,
} from '../comparison.ts';
import { formatCompact, formatFraction, longName, MISSING, shortName } from '../format.ts';
import { markOf, type Test } from '../marks.ts';
import type { PrintedCell, PrintedLine } from '../tables/formats/printed.ts';
import { CORRUPTION_COLUMNS, column, METRIC_COLUMNS, type TableColumn } from '../tables/table.ts';

export interface TableCell extends PrintedCell {
  /** What `text` rounds; absent where nothing was measured. */
  readonly value?: number;
  /** The baseline's figure, where the two may be compared; for the baseline itself its own. */
  readonly reference?: number;
}

export interface TableRow {
  readonly model: ComparedModel;
  readonly cells: readonly TableCell[];
}

export interface ResultTable {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
  /** Whether any cell is a mean over fewer than five severities. */
  readonly hasPartial: boolean;
}

/**
 * The paper's Table 1: a row a model; E, absolute mCE, mrCE, then CE of the 15 corruptions by group. Models that
 * measured part of the grid have a dash for mCE and mrCE, and two more columns hold what the measured part gives.
 */
export function resultTable(comparison: Comparison): ResultTable {
  const { models, baseline } = comparison;
  const metrics = [
    ...Object.values(METRIC_COLUMNS),
    ...(models.some((model) => model.metrics['partial.error'] !== undefined) ? PARTIAL_COLUMNS : []),
  ];
  const corruptions = [
    ...CORRUPTION_COLUMNS,
    ...comparison.extraCorruptions.map((corruption) => ({ corruption, group: 'extra' })),
  ].map(({ corruption, group }) => {
    const description = `${longName(corruption)}: mean top-1 error over the severities`;
    return column(corruption, shortName(corruption), description, 3, group);
  });

  const rows = models.map((model): TableRow => {
    const cells = [
      ...metrics.map(({ key, digits }) => metricCell(key as MetricName, digits, model, baseline)),
      ...corruptions.map(({ key }) =>
        errorCell(
          corruptionError(model.result, key),
          baseline && corruptionError(baseline.result, key),
          corruptionTest(model, key),
        ),
      ),
    ];
    return { model, cells: model.isBaseline ? cells.map(({ mark: _, ...cell }) => cell) : cells };
  });
  return {
    columns: [...metrics, ...corruptions],
    rows,
    hasPartial: rows.some((row) => row.cells.some((cell) => cell.partial)),
  };
}

/** The table as every format prints it. */
export function resultLines({ rows }: ResultTable): PrintedLine[] {
  return rows.map(({ model: { label, isBaseline }, cells }) => ({
    ...{ kind: isBaseline ? 'baseline' : 'compared', label, cells },
  }));
}

/** Of grids that were measured in part. */
const PARTIAL_COLUMNS = [
  column('partial.error', 'part', 'Mean error over the measured part of the grid; no mCE', 4),
  column('partial.baseline', 'part/base', 'The same divided by the baseline’s on the same cells', 3),
];

/** Metrics that are ratios to the baseline: the baseline itself is 1 by definition. */
const RATIOS: ReadonlySet<MetricName> = new Set(['mce.baseline', 'partial.baseline']);

function metricCell(
  name: MetricName,
  digits: number,
  model: ComparedModel,
  reference: ComparedModel | undefined,
): TableCell {
  const value = model.metrics[name];
  const test = metricTest(model, name);
  if (RATIOS.has(name)) {
    const absolute = name === 'mce.baseline' ? 'mce.absolute' : 'partial.error';
    if (model.isBaseline && model.metrics[absolute] !== undefined) return marked(1, 1, digits);
    return marked(value, 1, digits, test);
  }
  // A partial error is over the model's own cells; only the ratio is over cells that both have measured.
  return marked(value, name === 'partial.error' ? undefined : reference?.metrics[name], digits, test);
}

/** The test behind a metric: that of the clean error, or that of the mean over the corruptions. */
function metricTest({ statistics }: ComparedModel, name: MetricName): Test | undefined {
  const { clean, corrupted } = statistics?.significance ?? {};
  if (name === 'error.clean') return clean;
  const whole = name === 'mce.absolute' || name === 'mce.baseline';
  return corrupted && (corrupted.metric === 'mce.absolute') === whole ? corrupted : undefined;
}

function corruptionTest({ statistics }: ComparedModel, corruption: string): Test | undefined {
  const { ce, partial } = statistics?.significance ?? {};
  const test = ce?.[corruption] ?? partial?.[corruption];
  return test && { difference: test.difference, p: test.holm };
}

function errorCell(
  error: CorruptionError | undefined,
  reference: CorruptionError | undefined,
  test: Test | undefined,
): TableCell {
  const cell = marked(error?.value, comparable(error, reference) ? reference!.value : undefined, 3, test);
  return error && error.severities.length < 5 ? { ...cell, partial: true } : cell;
}

/** Figure and reference are compared as printed: what rounds to the same is the same. */
function marked(
  value: number | undefined,
  reference: number | undefined,
  digits: number,
  test?: Test,
): TableCell {
  const text = formatFraction(value, digits);
  if (value === undefined) return { text };
  if (reference === undefined) return { text, value };
  const difference = text === formatFraction(reference, digits) ? 0 : value - reference;
  return { text, value, reference, mark: markOf(difference, test) };
}

/** A metric, what it means, and its value for every model of the comparison. */
export interface MetricRow {
  readonly name: string;
  readonly meaning: string;
  readonly values: readonly string[];
}

const METRIC_MEANINGS: readonly [MetricName, string, number][] = [
  ['error.clean', 'E: top-1 error on clean images', 4],
  ['mce.absolute', 'mCE, absolute (Eq. 9): mean of CE over the 15 corruptions', 4],
  ['mce.baseline', 'mrCE (Eq. 10): mean of CE / CE of the baseline; below 1 is better', 4],
  ['gain.error.clean', 'R_E (Eq. 11): relative gain in E over the baseline', 4],
  ['gain.mce.absolute', 'R_mCE (Eq. 12): relative gain in absolute mCE over the baseline', 4],
  ['rnet.beta1', 'R_net (Eq. 13) with β = 1; above 0 the gain outweighs the loss', 4],
  ['rnet.auto', 'R_net (Eq. 13) with β = mCE_0/E_0 of the baseline', 4],
  ['mce.alexnet', 'mCE of Hendrycks & Dietterich: mean of CE / CE of AlexNet', 4],
  ['rmce.alexnet', 'relative mCE of Hendrycks & Dietterich: (CE − E) over the same of AlexNet', 4],
  ['partial.error', 'mean error over the measured part of the grid; not an mCE', 4],
  ['partial.baseline', 'the same divided by the baseline’s on the same cells', 4],
];

const FREQUENCY_MEANINGS = {
  low: 'mrCE over low frequencies (frost, fog, brightness, contrast), ± standard deviation',
  mid: 'mrCE over middle frequencies (glass, motion and zoom blur, snow, elastic), ± standard deviation',
  high: 'mrCE over high frequencies (noises, defocus, pixelate, JPEG), ± standard deviation',
} as const;

/** Every metric that at least one model has, under its stored name. */
export function metricRows({ models }: Comparison): MetricRow[] {
  const rows: MetricRow[] = METRIC_MEANINGS.map(([name, meaning, digits]) => ({
    name,
    meaning,
    values: models.map(({ metrics }) => formatFraction(metrics[name], digits)),
  }));
  for (const group of ['low', 'mid', 'high'] as const) {
    rows.push({
      name: `frequency.${group}`,
      meaning: FREQUENCY_MEANINGS[group],
      values: models.map(({ frequency }) => {
        const figures = frequency?.[group];
        return figures ? `${formatFraction(figures.mean)} ± ${formatFraction(figures.std)}` : MISSING;
      }),
    });
  }
  return rows.filter((row) => row.values.some((value) => value !== MISSING));
}

/** `11.2M parameters`. */
export function modelDetail({ result: { model } }: ComparedModel): string {
  return `${formatCompact(model.parameters)} parameters`;
}
