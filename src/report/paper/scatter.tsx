/** Figures 7 and 8: clean error against mCE, and where the two together are a gain. */

import { ErrorBar } from '../charts/error-bar.tsx';
import { Label } from '../charts/label.tsx';
import { multiples, roundStep } from '../charts/layout.ts';
import { Mark } from '../charts/mark.tsx';
import { Place, picture, type Svg, stacked } from '../charts/picture.tsx';
import { Line, type Point, Points, plot, XAxis, YAxis } from '../charts/plot.tsx';
import { formatFraction } from '../format.ts';
import { COLORS } from '../theme.ts';
import { breakEven, type ErrorLine, type ErrorPoint, errorPoints, onLine } from './error-plane.ts';
import { captioned, type PaperFigure } from './figure.tsx';
import { barNote, type DrawnSet, type Estimate } from './rows.ts';

const NOTE =
  'mCE is the mean error over 15 corruptions and 5 severities (Eq. 9), not divided by anybody else’s. Both axes begin ' +
  'where the numbers do.';

/** Clean error against mCE, a panel a data set. */
export function errorFigure(sets: readonly DrawnSet[]): PaperFigure | undefined {
  const panels = sets.flatMap((set) => {
    const { points } = errorPoints(set);
    return points.length > 0 ? [scatter(points, set.dataset, [])] : [];
  });
  if (panels.length === 0) return undefined;
  return {
    name: 'figure-7-errors',
    svg: captioned(stacked(panels, 26, TITLE), TITLE, [notesOf(sets)]),
  };
}

/** The same with the lines `R_net = 0` of each baseline, a panel a baseline. */
export function gainFigure(sets: readonly DrawnSet[]): PaperFigure | undefined {
  const panels: Svg[] = [];
  for (const set of sets) {
    const { points } = errorPoints(set);
    for (const family of new Set(points.map(({ drawn }) => drawn.family))) {
      const members = points.filter(({ drawn }) => drawn.family === family);
      const baseline = members.find(({ drawn }) => drawn.row.isBaseline);
      if (!baseline || members.length < 2 || baseline.clean.value === 0) continue;
      const [e0, mce0] = [baseline.clean.value, baseline.mce.value];
      const lines = [breakEven(e0, mce0, 1), breakEven(e0, mce0, mce0 / e0)];
      panels.push(scatter(members, set.dataset, lines));
    }
  }
  if (panels.length === 0) return undefined;
  return {
    name: 'figure-8-gain',
    svg: captioned(stacked(panels, 26, TITLE), `${TITLE}, with the lines R_net = 0`, [
      'R_net = (R_E + β R_mCE) / 2, the relative gains in clean error and in mCE over the baseline (Eq. 11 to 13). Below a line ' +
        'a network gains more on corrupted images than it loses on clean ones, weighed by β; above it loses.',
      notesOf(sets),
    ]),
  };
}

const TITLE = 'Clean error against mCE';

function notesOf(sets: readonly DrawnSet[]): string {
  const several = sets.some(({ rows }) => rows.some(({ row }) => row.results.length > 1));
  return `${NOTE}${several ? ' Numbers of seeds in brackets.' : ''}${barNote(sets, ({ intervals }) => intervals !== undefined)}`;
}

const SIZE = { width: 470, height: 400 } as const;
const MARGINS = { top: 30, right: 26, bottom: 46, left: 56 } as const;
/** Between the plot and the names beside it. */
const GAP = 20;
const LINE_DASHES = [undefined, '5 4'];

function scatter(points: readonly ErrorPoint[], dataset: string, lines: readonly ErrorLine[]): Svg {
  const xTicks = roundAxis(points.map(({ clean }) => clean));
  const yTicks = roundAxis(points.map(({ mce }) => mce));
  const x = [xTicks[0]!, xTicks.at(-1)!] as const;
  const y = [yTicks[0]!, yTicks.at(-1)!] as const;
  const chart = plot({ ...SIZE, margins: MARGINS, label: `${TITLE} on ${dataset}`, x, y }, () => (
    <>
      <YAxis ticks={yTicks} title="mCE, absolute" />
      <XAxis ticks={xTicks} title={`clean top-1 error, ${dataset}`} grid />
      {lines.map((line, index) => (
        <Line points={clipped(line, x, y)} color={COLORS.ink} weight={1.4} dash={LINE_DASHES[index]} />
      ))}
      {points.map(({ drawn, clean, mce }) => {
        const style = { color: drawn.color, weight: 1.4, opacity: 0.75 };
        return (
          <>
            <ErrorBar estimate={clean} at={(value) => ({ x: value, y: mce.value })} {...style} />
            <ErrorBar estimate={mce} at={(value) => ({ x: clean.value, y: value })} {...style} />
          </>
        );
      })}
      {points.map(({ drawn: { color, shape }, clean, mce }) => (
        <Points
          points={[{ x: clean.value, y: mce.value }]}
          color={color}
          shape={shape}
          size={11.4}
          outline={1.2}
        />
      ))}
    </>
  ));
  const names = legend(points, lines);
  return picture(
    chart.width + GAP + names.width,
    Math.max(chart.height, MARGINS.top + names.height),
    TITLE,
    <>
      <Place svg={chart} />
      <Place svg={names} x={chart.width + GAP} y={MARGINS.top} />
    </>,
  );
}

/** The ends of a line where it enters and leaves the plot. */
function clipped(
  line: ErrorLine,
  [left, right]: readonly [number, number],
  [low, high]: readonly [number, number],
): Point[] {
  const cleanAt = (mce: number) => line.from + (mce - line.at) / line.slope;
  const ends = [Math.max(left, cleanAt(high)), Math.min(right, cleanAt(low))];
  return ends.map((clean) => ({ x: clean, y: onLine(line, clean) }));
}

/** Round values around all estimates and their bars, with some room. */
function roundAxis(estimates: readonly Estimate[]): number[] {
  const low = Math.min(...estimates.map(({ value, low: end = value }) => end));
  const high = Math.max(...estimates.map(({ value, high: end = value }) => end));
  const room = Math.max((high - low) * 0.14, high * 0.02, 0.002);
  const step = roundStep((high - low + 2 * room) / 4);
  return multiples(step, Math.max(0, Math.floor((low - room) / step)), Math.ceil((high + room) / step));
}

// An SVG is set in whatever type is there: `advance` is the mean of DejaVu Sans Bold, the widest of those.
const LEGEND = { row: 38, name: 13, text: 11.5, gap: 24, advance: 0.67 } as const;
/** Names below each other; more make another column. */
const LEGEND_ROWS = 11;

/** Names beside the plot, each with its mark and its numbers: points may lie on each other, names never do. */
function legend(points: readonly ErrorPoint[], lines: readonly ErrorLine[]): Svg {
  const names = points.map(({ drawn: { name, row } }) =>
    row.results.length > 1 ? `${name} (${row.results.length})` : name,
  );
  const columns = Math.ceil(points.length / LEGEND_ROWS);
  const rows = Math.ceil(points.length / columns);
  const longest = Math.max(...names.map((name) => name.length));
  const column = Math.max(216, Math.ceil(26 + longest * LEGEND.name * LEGEND.advance));
  const below = 14 + rows * LEGEND.row;
  return picture(
    columns * (column + LEGEND.gap) - LEGEND.gap,
    below + lines.length * 22,
    'Names',
    <>
      {points.map(({ drawn: { color, shape }, clean, mce }, index) => {
        const x = Math.floor(index / rows) * (column + LEGEND.gap);
        const y = 14 + (index % rows) * LEGEND.row;
        return (
          <>
            <Mark x={x + 8} y={y - 4} color={color} shape={shape} size={11.4} />
            <Label x={x + 24} y={y} size={LEGEND.name} bold text={names[index]!} />
            <Label
              x={x + 24}
              y={y + 16}
              size={LEGEND.text}
              color={COLORS.muted}
              text={`E ${formatFraction(clean.value)} · mCE ${formatFraction(mce.value, 4)}`}
            />
          </>
        );
      })}
      {lines.map(({ beta }, index) => {
        const y = below + 12 + index * 22;
        return (
          <>
            <path
              d={`M0 ${y - 4}h18`}
              stroke={COLORS.ink}
              stroke-width={1.4}
              stroke-dasharray={LINE_DASHES[index]}
            />
            <Label
              x={24}
              y={y}
              size={LEGEND.text}
              text={`R_net = 0, β = ${index === 0 ? 1 : `mCE₀/E₀ = ${Number(beta.toPrecision(3))}`}`}
            />
          </>
        );
      })}
    </>,
  );
}
