/** Bars: the error on every corruption. */
import { CORRUPTION_GROUPS } from '../../corrupt/index.ts';
import { type ComparedModel, type Comparison, commonErrors } from '../comparison.ts';
import { formatPercent, formatPoints, longName } from '../format.ts';
import { COLORS } from '../theme.ts';
import { tip } from '../tips.ts';
import { AXIS_LABEL, fitText, niceAxis } from './layout.ts';
import { renderChart, type Svg } from './render.ts';

export interface BarOptions {
  /** Of the whole picture, pixels. */
  readonly width: number;
}

const GROUPS = ['noise', 'blur', 'weather', 'digital'] as const;
const HEADER = '§';

/**
 * One bar a corruption and model, grouped as in the literature, with the difference between the best model and the
 * baseline in a column at the right. The means are over the severities that all models have measured.
 *
 * @returns undefined when no corruption was measured by all models
 */
export async function corruptionChart(comparison: Comparison, options: BarOptions): Promise<Svg | undefined> {
  const { models, baseline, best } = comparison;
  const rows: string[] = [];
  const bars: { row: string; label: string; error: number }[] = [];
  const tips: { row: string; error: number; tip: string }[] = [];
  const deltas: { row: string; text: string; color: string }[] = [];
  for (const group of GROUPS) {
    const measured = CORRUPTION_GROUPS[group].flatMap((corruption) => {
      const errors = commonErrors(models, corruption);
      return errors ? [{ corruption, errors }] : [];
    });
    if (measured.length > 0) rows.push(HEADER + group);
    for (const { corruption, errors } of measured) {
      const row = longName(corruption);
      rows.push(row);
      for (const [index, model] of models.entries())
        bars.push({ row, label: model.label, error: errors[index]! });
      tips.push({ row, error: Math.max(...errors), tip: barTip(comparison, row, errors) });
      if (baseline && best) {
        const change = errors[models.indexOf(best)]! - errors[models.indexOf(baseline)]!;
        const text = formatPoints(change);
        const color = Number(text) === 0 ? COLORS.muted : change < 0 ? COLORS.better : COLORS.worse;
        deltas.push({ row, text, color });
      }
    }
  }
  if (bars.length === 0) return undefined;

  const band = Math.max(24, 10 + models.length * 9);
  const margins = {
    top: 52 + legendRows(models, options.width) * 20,
    right: 58,
    bottom: 12,
    left: 136,
  };
  const width = options.width;
  const height = rows.length * band + margins.top + margins.bottom;
  const plot = width - margins.left - margins.right;
  const axis = niceAxis(Math.max(...bars.map(({ error }) => error)), plot < 300 ? 3 : 5);
  const y = {
    field: 'row',
    type: 'nominal',
    title: null,
    sort: null,
    scale: { domain: rows, paddingInner: 0.28, paddingOuter: 0.1 },
    axis: {
      labelExpr: `slice(datum.value, 0, 1) === '${HEADER}' ? upper(slice(datum.value, 1)) : datum.value`,
      labelFontWeight: { condition: { test: isHeader('datum.value'), value: 600 }, value: 400 },
      labelFontSize: { condition: { test: isHeader('datum.value'), value: 10.5 }, value: 12.5 },
      labelColor: { condition: { test: isHeader('datum.value'), value: COLORS.muted }, value: COLORS.ink },
      // Nothing is cut: the margin holds the longest name.
      labelLimit: 0,
      labelAlign: 'left',
      labelPadding: margins.left - 2,
    },
  };
  const x = {
    field: 'error',
    type: 'quantitative',
    title: null,
    scale: { domain: [0, axis.max], nice: false },
    axis: {
      orient: 'top',
      grid: true,
      values: axis.values,
      labelExpr: AXIS_LABEL.percent,
      labelOverlap: false,
      labelPadding: 6,
    },
  };
  return renderChart(
    {
      layer: [
        {
          data: { values: bars },
          mark: 'bar',
          encoding: {
            y,
            x,
            yOffset: {
              field: 'label',
              type: 'nominal',
              sort: null,
              scale: { domain: models.map(({ label }) => label), paddingInner: 0.08 },
            },
            color: colorScale(models),
          },
        },
        ...legend(models, width, margins),
        {
          data: { values: tips },
          // Not seen until it is pointed at: one for all bars of a corruption.
          mark: { type: 'bar', fillOpacity: 0, aria: true },
          encoding: { y, x, description: { field: 'tip' } },
        },
        ...(deltas.length > 0
          ? [
              {
                data: { values: deltas },
                mark: { type: 'text', align: 'right', fontSize: 12, fontWeight: 600 },
                encoding: {
                  y,
                  x: { value: plot + margins.right },
                  text: { field: 'text' },
                  color: { field: 'color', type: 'nominal', scale: null },
                },
              },
              {
                data: { values: [{}] },
                mark: { type: 'text', align: 'right', baseline: 'bottom', fontSize: 11, color: COLORS.muted },
                encoding: { x: { value: plot + margins.right }, y: { value: -8 }, text: { value: 'points' } },
              },
            ]
          : []),
      ],
    },
    { width, height, margins },
    `Mean top-1 error on each corruption for ${models.map(({ label }) => label).join(', ')}`,
  );
}

/** The errors of all models on one corruption, and how they stand to the baseline's. */
function barTip({ models, baseline }: Comparison, row: string, errors: readonly number[]): string {
  const reference = baseline && errors[models.indexOf(baseline)]!;
  return tip(
    row,
    models.map((model, index) => [
      model.label,
      formatPercent(errors[index]!, 2),
      ...(reference === undefined || models.length === 1
        ? []
        : [model === baseline ? '' : `${formatPoints(errors[index]! - reference, 2)} points`]),
    ]),
  );
}

function isHeader(value: string): string {
  return `slice(${value}, 0, 1) === '${HEADER}'`;
}

function colorScale(models: readonly ComparedModel[]) {
  return {
    field: 'label',
    type: 'nominal',
    legend: null,
    scale: { domain: models.map(({ label }) => label), range: models.map(({ color }) => color) },
  };
}

const LEGEND_FONT = 12.5;

function legendEntryWidth(label: string): number {
  return label.length * LEGEND_FONT * 0.58 + 40;
}

function legendPlaces(models: readonly ComparedModel[], width: number): { x: number; row: number }[] {
  let x = 0;
  let row = 0;
  return models.map(({ label }) => {
    const needed = Math.min(legendEntryWidth(label), width);
    if (x > 0 && x + needed > width) {
      x = 0;
      row++;
    }
    const place = { x, row };
    x += needed;
    return place;
  });
}

function legendRows(models: readonly ComparedModel[], width: number): number {
  return legendPlaces(models, width).at(-1)!.row;
}

/** The key above the bars, from the picture's left edge; drawn as marks, for exact places without measuring text. */
function legend(models: readonly ComparedModel[], width: number, margins: { left: number; top: number }) {
  const top = -46 - legendRows(models, width) * 20;
  return legendPlaces(models, width).flatMap(({ x, row }, index) => {
    const { label, color } = models[index]!;
    const at = { x: { value: x - margins.left }, y: { value: top + row * 20 } };
    return [
      {
        data: { values: [{}] },
        mark: { type: 'point', shape: 'square', filled: true, size: 110, color, opacity: 1, xOffset: 6 },
        encoding: at,
      },
      {
        data: { values: [{}] },
        mark: {
          type: 'text',
          align: 'left',
          baseline: 'middle',
          dx: 18,
          fontSize: LEGEND_FONT,
          fontWeight: 600,
          color: COLORS.ink,
        },
        encoding: { ...at, text: { value: fitText(label, width - 24, LEGEND_FONT) } },
      },
    ];
  });
}
