/** Accuracy against severity: the mean over the corruptions, and each corruption by itself. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import { mean } from '../../evaluate/metrics.ts';
import type { Result } from '../../evaluate/result.ts';
import { titleAbove } from '../charts/layout.ts';
import { arrange, renderChart, type Svg } from '../charts/render.ts';
import { longName } from '../format.ts';
import { COLORS } from '../theme.ts';
import { captioned, type PaperFigure, stacked } from './figure.ts';
import { withLineKey } from './key.ts';
import { barNote, commonCells, type DrawnRow, type DrawnSet, type Estimate, estimate } from './rows.ts';

interface Curve {
  readonly drawn: DrawnRow;
  /** Severity 0 is the clean images. */
  readonly points: readonly (Estimate & { readonly severity: number })[];
}

/** Accuracy at each severity over the corruptions that all rows have measured at it; severity 0 is the clean images. */
export function severityCurves({ rows }: DrawnSet, only: readonly string[] = BENCHMARK_CORRUPTIONS): Curve[] {
  const cells = [1, 2, 3, 4, 5].map((severity) => ({
    severity,
    corruptions: commonCells(rows, severity, only),
  }));
  const withClean = rows.every(({ row }) => row.results.every(({ clean }) => clean));
  return rows.map((drawn) => ({
    drawn,
    points: [
      ...(withClean
        ? [
            {
              severity: 0,
              ...accuracy(
                drawn,
                ({ clean }) => clean!.top1,
                ({ intervals }) => intervals?.['error.clean'],
              ),
            },
          ]
        : []),
      ...cells
        .filter(({ corruptions }) => corruptions.length > 0)
        .map(({ severity, corruptions }) => ({
          severity,
          ...accuracy(
            drawn,
            ({ errors }) => mean(corruptions.map((name) => errors[name]![severity - 1]!)),
            // The stored interval is of the mean over the whole benchmark.
            ({ intervals }) =>
              corruptions.length === BENCHMARK_CORRUPTIONS.length
                ? intervals?.severities?.[severity]
                : undefined,
          ),
        })),
    ],
  }));
}

function accuracy(
  { row }: DrawnRow,
  errorOf: (result: Result) => number,
  intervalOf: (result: Result) => readonly [low: number, high: number] | undefined,
): Estimate {
  return estimate(
    row,
    (result) => 1 - errorOf(result),
    (result) => {
      const interval = intervalOf(result);
      return interval && [1 - interval[1], 1 - interval[0]];
    },
  )!;
}

/** One curve a row, a panel a data set. */
export async function severityFigure(sets: readonly DrawnSet[]): Promise<PaperFigure | undefined> {
  const panels: Svg[] = [];
  for (const set of sets) {
    const curves = severityCurves(set);
    if (curves[0]!.points.length < 2) continue;
    const chart = await accuracyChart(curves, { width: 640, height: 380, title: set.dataset });
    panels.push(withLineKey(chart, keyOf(set.rows)));
  }
  if (panels.length === 0) return undefined;
  const notes = [
    `Mean over the corruptions that all have measured; severity 0 is the clean images.${barNote(sets, isTold)}`,
  ];
  return {
    name: 'severity',
    svg: captioned(stacked(panels, 30, 'Accuracy against severity'), 'Accuracy against severity', notes),
  };
}

/** A panel a corruption, on one scale; undefined where no corruption was measured at two severities by all. */
export async function severityByCorruptionFigure(
  sets: readonly DrawnSet[],
): Promise<PaperFigure | undefined> {
  const sheets: Svg[] = [];
  for (const set of sets) {
    const panels = BENCHMARK_CORRUPTIONS.map((corruption) => ({
      heading: longName(corruption),
      curves: severityCurves(set, [corruption]),
    })).filter(
      ({ curves }) => curves[0]!.points.some(({ severity }) => severity > 0) && curves[0]!.points.length > 1,
    );
    if (panels.length === 0) continue;
    const lowest = Math.min(...panels.flatMap(({ curves }) => curves.flatMap(ends)));
    const drawn = [];
    for (const { heading, curves } of panels) {
      drawn.push({
        heading,
        svg: await accuracyChart(curves, { width: 190, height: 140, small: true, lowest }),
      });
    }
    const sheet = arrange(drawn, { columns: 5, gap: 14, label: 'Accuracy against severity by corruption' });
    sheets.push(withLineKey(sheet, keyOf(set.rows, sets.length > 1 ? set.dataset : undefined)));
  }
  if (sheets.length === 0) return undefined;
  return {
    name: 'severity-by-corruption',
    svg: captioned(
      stacked(sheets, 30, 'Accuracy against severity by corruption'),
      'Accuracy against severity by corruption',
      [`Severity 0 is the clean images.${barNote(sets, isTold)}`],
    ),
  };
}

function keyOf(rows: readonly DrawnRow[], dataset?: string) {
  return rows.map((drawn) => ({
    label: dataset ? `${drawn.name} on ${dataset}` : drawn.name,
    color: drawn.color,
    dash: dashOf(drawn),
  }));
}

/** Families differ in their line as they differ in their mark elsewhere. */
const DASHES: Readonly<Record<string, string>> = {
  circle: '1 0',
  square: '7 5',
  'triangle-up': '2 4',
  diamond: '9 4 2 4',
  'triangle-down': '12 4',
  cross: '4 3',
};

const dashOf = ({ shape }: DrawnRow): string => DASHES[shape] ?? '1 0';

const isTold = ({ intervals }: Result): boolean => intervals !== undefined;

const ends = ({ points }: Curve): number[] => points.map(({ value, low = value }) => low);

interface ChartOptions {
  readonly width: number;
  readonly height: number;
  /** Of the vertical axis. */
  readonly title?: string;
  readonly small?: boolean;
  /** Accuracy that must be on the axis. */
  readonly lowest?: number;
}

async function accuracyChart(curves: readonly Curve[], options: ChartOptions): Promise<Svg> {
  const { width, height, title, small = false } = options;
  const lowest = options.lowest ?? Math.min(...curves.flatMap(ends));
  const highest = Math.max(...curves.flatMap(({ points }) => points.map(({ value, high = value }) => high)));
  const step = small ? 0.25 : 0.1;
  const floor = Math.max(0, Math.floor(lowest / step - 0.05) * step);
  const ceiling = small ? 1 : Math.min(1, Math.ceil(highest / step + 0.05) * step);
  const values = Array.from({ length: Math.round((ceiling - floor) / step) + 1 }, (_, i) =>
    Number((floor + i * step).toFixed(4)),
  );
  const x = {
    field: 'severity',
    type: 'quantitative',
    title: small ? null : 'severity',
    scale: { domain: [0, 5], nice: false },
    axis: {
      values: [0, 1, 2, 3, 4, 5],
      labelExpr: small ? 'datum.value' : "datum.value === 0 ? 'clean' : datum.value",
      labelFlush: false,
      domain: true,
      domainColor: COLORS.faint,
      titlePadding: 10,
    },
  };
  const margins = small
    ? { top: 8, right: 8, bottom: 24, left: 46 }
    : { top: 30, right: 18, bottom: 46, left: 48 };
  const y = {
    type: 'quantitative',
    title: small ? null : `top-1 accuracy, ${title}`,
    scale: { domain: [floor, ceiling], nice: false, zero: false },
    axis: {
      grid: true,
      values,
      labelExpr: "format(datum.value, '.0%')",
      labelOverlap: false,
      ...titleAbove(margins.left),
    },
  };
  return renderChart(
    {
      layer: curves.flatMap(({ drawn, points }, index) => [
        {
          data: { values: points.filter(({ low }) => low !== undefined) },
          mark: {
            type: 'rule',
            color: drawn.color,
            strokeWidth: small ? 1 : 1.6,
            // Bars at one severity stand beside each other.
            xOffset: (index - (curves.length - 1) / 2) * (small ? 2 : 4),
          },
          encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
        },
        {
          data: { values: points },
          mark: {
            type: 'line',
            color: drawn.color,
            strokeWidth: small ? 1.8 : 2.4,
            strokeDash: dashOf(drawn).split(' ').map(Number),
            strokeJoin: 'round',
          },
          encoding: { x, y: { ...y, field: 'value' } },
        },
        {
          data: { values: points },
          mark: {
            type: 'point',
            shape: drawn.shape,
            filled: true,
            color: drawn.color,
            size: small ? 20 : 52,
            opacity: 1,
            stroke: COLORS.paper,
            strokeWidth: small ? 0.6 : 1,
          },
          encoding: { x, y: { ...y, field: 'value' } },
        },
      ]),
    },
    { width, height, margins },
    'Accuracy against severity',
  );
}
