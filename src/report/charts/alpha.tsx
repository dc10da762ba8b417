/** The histogram of learned alpha. */
import { summarizeAlpha } from '../../analyze/kernels.ts';
import type { ComparedModel } from '../comparison.ts';
import { formatNumber, plural } from '../format.ts';
import { COLORS } from '../theme.ts';
import { tip } from '../tips.ts';
import { Label } from './label.tsx';
import { niceAxis } from './layout.ts';
import type { Svg } from './picture.tsx';
import { Line, plot, XAxis, YAxis } from './plot.tsx';

const BIN_WIDTHS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10];

/** How many filters have learned which inhibition strength; undefined when the model has no alpha. */
export function alphaChart(
  model: ComparedModel,
  options: { readonly width: number; readonly height: number },
): Svg | undefined {
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
export function alphaHistogram(alpha: Float32Array, options: HistogramOptions): Svg {
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
  const { width, height, label, color } = options;
  return plot(
    {
      width,
      height,
      margins,
      label: `Histogram of the learned alpha of ${label}`,
      x: [first * step, last * step],
      y: [0, counts.max],
    },
    ({ x, y, width }) => {
      const left = x(average) > width / 2;
      return (
        <>
          <YAxis ticks={counts.values.filter(Number.isInteger)} title="filters" />
          {bins.map(({ start, end, filters }) => (
            <rect
              x={x(start)}
              y={y(filters)}
              width={x(end) - x(start)}
              height={y(0) - y(filters)}
              fill={color}
              stroke={COLORS.paper}
              stroke-width={1.5}
            >
              <title>{binTip({ start, end, filters })}</title>
            </rect>
          ))}
          <XAxis
            ticks={everyNth(bins.length, 7).map((index) => Number(((first + index) * step).toFixed(6)))}
            title="α, inhibition strength"
          />
          <Line
            points={[0, counts.max].map((count) => ({ x: average, y: count }))}
            color={COLORS.ink}
            weight={1.2}
            dash="4 3"
          />
          <Label
            x={x(average) + (left ? -6 : 6)}
            y={-7}
            bold
            anchor={left ? 'end' : 'start'}
            text={`mean ${formatNumber(average)}`}
          />
        </>
      );
    },
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
