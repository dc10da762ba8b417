/** The histogram of learned alpha. */
import { summarizeAlpha } from '../../analyze/kernels.ts';
import type { ComparedModel } from '../comparison.ts';
import { formatNumber, plural } from '../format.ts';
import { COLORS } from '../theme.ts';
import { tip } from '../tips.ts';
import { AXIS_LABEL, niceAxis, titleAbove } from './layout.ts';
import { renderChart, type Svg } from './render.ts';

const BIN_WIDTHS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10];

/** How many filters have learned which inhibition strength; undefined when the model has no alpha. */
export async function alphaChart(
  model: ComparedModel,
  options: { readonly width: number; readonly height: number },
): Promise<Svg | undefined> {
  const alpha = model.run?.kernels?.alpha;
  return alpha && alphaHistogram(alpha, { ...options, label: model.label, color: model.color });
}

export interface HistogramOptions {
  /** Of the whole picture, pixels. */
  readonly width: number;
  readonly height: number;
  /** Name of the model, for screen readers. */
  readonly label: string;
  readonly color: string;
}

/** How many filters have which inhibition strength, with a line at their mean. */
export async function alphaHistogram(alpha: Float32Array, options: HistogramOptions): Promise<Svg> {
  const { min, max, mean: average } = summarizeAlpha(alpha);
  // Zero is always in the picture: on its other side, inhibition turns into support.
  const span = Math.max(0, max) - Math.min(0, min);
  const step = BIN_WIDTHS.find((size) => span / size <= 18) ?? span / 18;
  const first = Math.floor(Math.min(0, min) / step + 1e-6);
  const last = Math.max(first + 1, Math.ceil(Math.max(0, max) / step - 1e-6));
  const bins = Array.from({ length: last - first }, (_, index) => ({
    start: (first + index) * step,
    end: (first + index + 1) * step,
    filters: 0,
  }));
  for (const value of alpha) {
    bins[Math.min(bins.length - 1, Math.max(0, Math.floor(value / step - first + 1e-9)))]!.filters++;
  }
  const margins = { top: 30, right: 16, bottom: 44, left: 36 };
  const counts = niceAxis(Math.max(...bins.map(({ filters }) => filters)), 4);
  const x = {
    type: 'quantitative',
    title: 'α, inhibition strength',
    scale: { domain: [first * step, last * step], nice: false },
    axis: {
      domain: true,
      domainColor: COLORS.faint,
      titlePadding: 10,
      values: everyNth(bins.length, 7).map((index) => Number(((first + index) * step).toFixed(6))),
      labelExpr: AXIS_LABEL.number,
      labelOverlap: false,
      labelFlush: false,
    },
  };
  return renderChart(
    {
      layer: [
        {
          data: { values: bins.map((bin) => ({ ...bin, tip: binTip(bin) })) },
          mark: { type: 'bar', color: options.color, stroke: COLORS.paper, strokeWidth: 1.5, aria: true },
          encoding: {
            description: { field: 'tip' },
            x: { ...x, field: 'start' },
            x2: { field: 'end' },
            y2: { datum: 0 },
            y: {
              field: 'filters',
              type: 'quantitative',
              title: 'filters',
              scale: { domain: [0, counts.max], nice: false },
              axis: {
                grid: true,
                values: counts.values.filter((value) => Number.isInteger(value)),
                format: 'd',
                ...titleAbove(margins.left),
              },
            },
          },
        },
        {
          data: { values: [{ mean: average }] },
          mark: { type: 'rule', color: COLORS.ink, strokeWidth: 1.2, strokeDash: [4, 3] },
          encoding: { x: { ...x, field: 'mean' } },
        },
        {
          data: { values: [{ mean: average, text: `mean ${formatNumber(average)}` }] },
          mark: {
            type: 'text',
            align: average > ((first + last) / 2) * step ? 'right' : 'left',
            dx: average > ((first + last) / 2) * step ? -6 : 6,
            baseline: 'bottom',
            fontSize: 12,
            fontWeight: 600,
          },
          encoding: { x: { ...x, field: 'mean' }, y: { value: -4 }, text: { field: 'text' } },
        },
      ],
    },
    { width: options.width, height: options.height, margins },
    `Histogram of the learned alpha of ${options.label}`,
  );
}

function binTip({ start, end, filters }: { start: number; end: number; filters: number }): string {
  return tip(`α from ${formatNumber(start)} to ${formatNumber(end)}`, [[plural(filters, 'filter')]]);
}

/** Edges of `bins` bins to label: at most about `count`, evenly spaced from the first. */
function everyNth(bins: number, count: number): number[] {
  const step = Math.ceil(bins / count);
  return Array.from({ length: Math.floor(bins / step) + 1 }, (_, index) => index * step);
}
