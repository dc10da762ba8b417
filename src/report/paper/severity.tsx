/** Accuracy against severity: the mean over the corruptions, and each corruption by itself. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import { mean } from '../../evaluate/result/metrics.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import { ErrorBar } from '../charts/error-bar.tsx';
import { axisPercent, multiples } from '../charts/layout.ts';
import type { Shape } from '../charts/mark.tsx';
import { arrange, type Svg, stacked } from '../charts/picture.tsx';
import { Line, Points, plot, XAxis, YAxis } from '../charts/plot.tsx';
import { longName } from '../format.ts';
import { captioned, type PaperFigure } from './figure.tsx';
import { withLineKey } from './key.tsx';
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
export function severityFigure(sets: readonly DrawnSet[]): PaperFigure | undefined {
  const panels: Svg[] = [];
  for (const set of sets) {
    const curves = severityCurves(set);
    if (curves[0]!.points.length < 2) continue;
    const chart = accuracyChart(curves, { width: 640, height: 380, title: set.dataset });
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
export function severityByCorruptionFigure(sets: readonly DrawnSet[]): PaperFigure | undefined {
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
    const drawn = panels.map(({ heading, curves }) => ({
      heading,
      svg: accuracyChart(curves, { width: 190, height: 140, small: true, lowest }),
    }));
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
    dash: DASHES[drawn.shape],
  }));
}

/** Families differ in their line as they differ in their mark elsewhere. */
const DASHES: Readonly<Record<Shape, string | undefined>> = {
  circle: undefined,
  square: '7 5',
  'triangle-up': '2 4',
  diamond: '9 4 2 4',
  'triangle-down': '12 4',
  cross: '4 3',
};

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

function accuracyChart(curves: readonly Curve[], options: ChartOptions): Svg {
  const { width, height, title, small = false } = options;
  const lowest = options.lowest ?? Math.min(...curves.flatMap(ends));
  const highest = Math.max(...curves.flatMap(({ points }) => points.map(({ value, high = value }) => high)));
  const step = small ? 0.25 : 0.1;
  const first = Math.max(0, Math.floor(lowest / step - 0.05));
  const last = Math.round((small ? 1 : Math.min(1, Math.ceil(highest / step + 0.05) * step)) / step);
  const ticks = multiples(step, first, last);
  const margins = small
    ? { top: 8, right: 8, bottom: 24, left: 46 }
    : { top: 30, right: 18, bottom: 46, left: 48 };
  const label = 'Accuracy against severity';
  return plot({ width, height, margins, label, x: [0, 5], y: [ticks[0]!, ticks.at(-1)!] }, () => (
    <>
      <YAxis ticks={ticks} format={axisPercent} title={small ? undefined : `top-1 accuracy, ${title}`} />
      <XAxis
        ticks={[0, 1, 2, 3, 4, 5]}
        format={(severity) => (severity === 0 && !small ? 'clean' : String(severity))}
        title={small ? undefined : 'severity'}
      />
      {curves.map(({ drawn, points: estimates }, index) => {
        const { color, shape } = drawn;
        const points = estimates.map(({ severity, value }) => ({ x: severity, y: value }));
        // Bars at one severity stand beside each other.
        const shift = (index - (curves.length - 1) / 2) * (small ? 2 : 4);
        return (
          <>
            {estimates.map(({ severity: x, ...estimate }) => (
              <ErrorBar
                estimate={estimate}
                at={(y) => ({ x, y })}
                color={color}
                weight={small ? 1 : 1.6}
                shift={shift}
              />
            ))}
            <Line points={points} color={color} weight={small ? 1.8 : 2.4} dash={DASHES[shape]} />
            <Points
              points={points}
              color={color}
              shape={shape}
              size={small ? 4.5 : 7}
              outline={small ? 0.6 : 1}
            />
          </>
        );
      })}
    </>
  ));
}
