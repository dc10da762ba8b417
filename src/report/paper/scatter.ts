/** Figures 7 and 8: clean error against mCE, and where the two together are a gain. */
import { titleAbove } from '../charts/layout.ts';
import { arrange, openSvg, renderChart, type Svg } from '../charts/render.ts';
import { formatFraction } from '../format.ts';
import { COLORS } from '../theme.ts';
import { captioned, label, type PaperFigure, stacked } from './figure.ts';
import { barNote, type DrawnRow, type DrawnSet, type Estimate, estimate } from './rows.ts';

/** A row in the plane of the two errors. */
export interface ErrorPoint {
  readonly drawn: DrawnRow;
  /** Clean top-1 error. */
  readonly clean: Estimate;
  /** Absolute mCE (Eq. 9). */
  readonly mce: Estimate;
}

/** Rows that have both errors, and those that have not. */
export function errorPoints({ rows }: DrawnSet): { points: ErrorPoint[]; missing: DrawnRow[] } {
  const points: ErrorPoint[] = [];
  const missing: DrawnRow[] = [];
  for (const drawn of rows) {
    const [clean, mce] = (['error.clean', 'mce.absolute'] as const).map((name) =>
      estimate(
        drawn.row,
        ({ metrics }) => metrics[name],
        ({ intervals }) => intervals?.[name],
      ),
    );
    if (clean && mce) points.push({ drawn, clean, mce });
    else missing.push(drawn);
  }
  return { points, missing };
}

/** A straight line in the plane: `mce = at + slope · (clean - from)`. */
export interface ErrorLine {
  readonly beta: number;
  readonly slope: number;
  readonly from: number;
  readonly at: number;
}

/**
 * The line `R_net = 0` of a baseline: `(E0 - E)/E0 + beta · (mCE0 - mCE)/mCE0 = 0` (Eq. 11-13) solved for mCE,
 *
 *     mCE = mCE0 - mCE0 / (beta · E0) · (E - E0).
 *
 * It goes through the baseline. Below it, what is lost on clean images is won on corrupted ones, weighed by beta; with
 * beta = mCE0/E0 its slope is -1: one point of either error counts the same.
 */
export function breakEven(e0: number, mce0: number, beta: number): ErrorLine {
  return { beta, slope: -mce0 / (beta * e0), from: e0, at: mce0 };
}

/** The mCE on a line at a clean error. */
export function onLine({ slope, from, at }: ErrorLine, clean: number): number {
  return at + slope * (clean - from);
}

const NOTE =
  'mCE is the mean error over 15 corruptions and 5 severities (Eq. 9), not divided by anybody else’s. Both axes begin ' +
  'where the numbers do.';

/** Clean error against mCE, a panel a data set. */
export async function errorFigure(sets: readonly DrawnSet[]): Promise<PaperFigure | undefined> {
  const panels: Svg[] = [];
  for (const set of sets) {
    const { points } = errorPoints(set);
    if (points.length > 0) panels.push(await scatter(points, set.dataset, []));
  }
  if (panels.length === 0) return undefined;
  return {
    name: 'figure-7-errors',
    svg: captioned(stacked(panels, 26, 'Clean error against mCE'), 'Clean error against mCE', [
      notesOf(sets),
    ]),
  };
}

/** The same with the lines `R_net = 0` of each baseline, a panel a baseline. */
export async function gainFigure(sets: readonly DrawnSet[]): Promise<PaperFigure | undefined> {
  const panels: Svg[] = [];
  for (const set of sets) {
    const { points } = errorPoints(set);
    for (const family of new Set(points.map(({ drawn }) => drawn.family))) {
      const members = points.filter(({ drawn }) => drawn.family === family);
      const baseline = members.find(({ drawn }) => drawn.row.isBaseline);
      if (!baseline || members.length < 2 || baseline.clean.value === 0) continue;
      const [e0, mce0] = [baseline.clean.value, baseline.mce.value];
      const lines = [breakEven(e0, mce0, 1), breakEven(e0, mce0, mce0 / e0)];
      panels.push(await scatter(members, set.dataset, lines));
    }
  }
  if (panels.length === 0) return undefined;
  return {
    name: 'figure-8-gain',
    svg: captioned(
      stacked(panels, 26, 'Clean error against mCE'),
      'Clean error against mCE, with the lines R_net = 0',
      [
        'R_net = (R_E + β R_mCE) / 2, the relative gains in clean error and in mCE over the baseline (Eq. 11 to 13). Below a line ' +
          'a network gains more on corrupted images than it loses on clean ones, weighed by β; above it loses.',
        notesOf(sets),
      ],
    ),
  };
}

function notesOf(sets: readonly DrawnSet[]): string {
  const several = sets.some(({ rows }) => rows.some(({ row }) => row.results.length > 1));
  return `${NOTE}${several ? ' Numbers of seeds in brackets.' : ''}${barNote(sets, ({ intervals }) => intervals !== undefined)}`;
}

const SIZE = { width: 470, height: 400 } as const;
const MARGINS = { top: 30, right: 26, bottom: 46, left: 56 } as const;

async function scatter(
  points: readonly ErrorPoint[],
  dataset: string,
  lines: readonly ErrorLine[],
): Promise<Svg> {
  const xAxis = roundAxis(points.map(({ clean }) => clean));
  const yAxis = roundAxis(points.map(({ mce }) => mce));
  const x = {
    type: 'quantitative',
    title: `clean top-1 error, ${dataset}`,
    scale: { domain: [xAxis[0], xAxis.at(-1)], nice: false, zero: false },
    axis: { ...AXIS, values: xAxis, domain: true, domainColor: COLORS.faint, titlePadding: 10 },
  };
  const y = {
    type: 'quantitative',
    title: 'mCE, absolute',
    scale: { domain: [yAxis[0], yAxis.at(-1)], nice: false, zero: false },
    axis: {
      ...AXIS,
      values: yAxis,
      ...titleAbove(MARGINS.left),
    },
  };
  const chart = await renderChart(
    {
      layer: [
        ...lines.map((line, index) => ({
          data: { values: clipped(line, xAxis, yAxis) },
          mark: { type: 'line', color: COLORS.ink, strokeWidth: 1.4, strokeDash: LINE_DASHES[index % 2] },
          encoding: { x: { ...x, field: 'clean' }, y: { ...y, field: 'mce' } },
        })),
        ...points.flatMap(({ drawn: { color }, clean, mce }) =>
          [
            ...bar(clean, (from, to) => ({ x: from, x2: to, y: mce.value, y2: mce.value })),
            ...bar(mce, (from, to) => ({ x: clean.value, x2: clean.value, y: from, y2: to })),
          ].map((values) => ({
            data: { values: [values] },
            mark: { type: 'rule', color, strokeWidth: 1.4, opacity: 0.75 },
            encoding: {
              x: { ...x, field: 'x' },
              x2: { field: 'x2' },
              y: { ...y, field: 'y' },
              y2: { field: 'y2' },
            },
          })),
        ),
        ...points.map(({ drawn: { color, shape }, clean, mce }) => ({
          data: { values: [{ clean: clean.value, mce: mce.value }] },
          mark: {
            type: 'point',
            shape,
            filled: true,
            color,
            size: MARK_SIZE[shape] ?? 130,
            opacity: 1,
            stroke: COLORS.paper,
            strokeWidth: 1.2,
          },
          encoding: { x: { ...x, field: 'clean' }, y: { ...y, field: 'mce' } },
        })),
      ],
    },
    { ...SIZE, margins: MARGINS },
    `Clean error against mCE on ${dataset}`,
  );
  return beside(chart, legend(points, lines));
}

const AXIS = {
  grid: true,
  labelExpr: "format(datum.value, '~g')",
  labelOverlap: false,
  labelFlush: false,
} as const;
/** Of marks that look small at the size of a circle. */
const MARK_SIZE: Readonly<Record<string, number>> = {
  'triangle-up': 190,
  'triangle-down': 190,
  diamond: 190,
  cross: 170,
};
const LINE_DASHES = [
  [1, 0],
  [5, 4],
];

function bar<T>({ low, high }: Estimate, place: (from: number, to: number) => T): T[] {
  return low === undefined || high === undefined ? [] : [place(low, high)];
}

/** The ends of a line where it enters and leaves the plot. */
function clipped(
  line: ErrorLine,
  xAxis: readonly number[],
  yAxis: readonly number[],
): { clean: number; mce: number }[] {
  const [left, right, low, high] = [xAxis[0]!, xAxis.at(-1)!, yAxis[0]!, yAxis.at(-1)!];
  const cleanAt = (mce: number) => line.from + (mce - line.at) / line.slope;
  const ends = [Math.max(left, cleanAt(high)), Math.min(right, cleanAt(low))];
  return ends.map((clean) => ({ clean, mce: onLine(line, clean) }));
}

/** Round values around all estimates and their bars, with some room. */
function roundAxis(estimates: readonly Estimate[]): number[] {
  const low = Math.min(...estimates.map(({ value, low: end = value }) => end));
  const high = Math.max(...estimates.map(({ value, high: end = value }) => end));
  const room = Math.max((high - low) * 0.14, high * 0.02, 0.002);
  const rough = (high - low + 2 * room) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const first = Math.max(0, Math.floor((low - room) / step));
  const last = Math.ceil((high + room) / step);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)));
}

// An SVG is set in whatever type is there: `advance` is the mean of DejaVu Sans Bold, the widest of those.
const LEGEND = { row: 38, name: 13, text: 11.5, gap: 24, advance: 0.67 } as const;
/** Names below each other; more make another column. */
const LEGEND_ROWS = 11;

/** Names beside the plot, each with its mark and its numbers: points may lie on each other, names never do. */
function legend(points: readonly ErrorPoint[], lines: readonly ErrorLine[]): Svg {
  const names = points.map(({ drawn }) => {
    const seeds = drawn.row.results.length;
    return seeds > 1 ? `${drawn.name} (${seeds})` : drawn.name;
  });
  const columns = Math.ceil(points.length / LEGEND_ROWS);
  const rows = Math.ceil(points.length / columns);
  const longest = Math.max(...names.map((name) => name.length));
  const column = Math.max(216, Math.ceil(26 + longest * LEGEND.name * LEGEND.advance));
  const width = columns * (column + LEGEND.gap) - LEGEND.gap;
  const parts = points.map(({ drawn, clean, mce }, index) => {
    const x = Math.floor(index / rows) * (column + LEGEND.gap);
    const y = 14 + (index % rows) * LEGEND.row;
    return (
      mark(drawn, x + 8, y - 4) +
      label(x + 24, y, names[index]!, { size: LEGEND.name, weight: 600 }) +
      label(x + 24, y + 16, `E ${formatFraction(clean.value)} · mCE ${formatFraction(mce.value, 4)}`, {
        size: LEGEND.text,
        color: COLORS.muted,
      })
    );
  });
  for (const [index, { beta }] of lines.entries()) {
    const y = 14 + rows * LEGEND.row + 12 + index * 22;
    const words =
      index === 0 ? 'R_net = 0, β = 1' : `R_net = 0, β = mCE₀/E₀ = ${Number(beta.toPrecision(3))}`;
    parts.push(
      `<path d="M0 ${y - 4}h18" stroke="${COLORS.ink}" stroke-width="1.4" stroke-dasharray="${LINE_DASHES[index % 2]!.join(' ')}"/>`,
      label(24, y, words, { size: LEGEND.text }),
    );
  }
  const height = 14 + rows * LEGEND.row + lines.length * 22;
  return { text: `${openSvg(width, height, 'Names')}${parts.join('')}</svg>`, width, height };
}

/** A row's mark as in the plot. */
function mark({ color, shape }: DrawnRow, x: number, y: number): string {
  const paths: Readonly<Record<string, string>> = {
    square: `M${x - 5} ${y - 5}h10v10h-10z`,
    'triangle-up': `M${x} ${y - 6}l6 11h-12z`,
    'triangle-down': `M${x} ${y + 6}l6 -11h-12z`,
    diamond: `M${x} ${y - 7}l5.5 7l-5.5 7l-5.5 -7z`,
    cross: `M${x - 2} ${y - 6}h4v4h4v4h-4v4h-4v-4h-4v-4h4z`,
  };
  const outline = paths[shape];
  return outline
    ? `<path d="${outline}" fill="${color}"/>`
    : `<circle cx="${x}" cy="${y}" r="5.8" fill="${color}"/>`;
}

function beside(chart: Svg, names: Svg): Svg {
  const row = arrange([{ svg: chart }], { columns: 1, gap: 0, label: 'Clean error against mCE' });
  const width = row.width + 20 + names.width;
  const height = Math.max(row.height, MARGINS.top + names.height);
  return {
    text:
      `${openSvg(width, height, 'Clean error against mCE')}${row.text}` +
      `${names.text.replace('<svg ', `<svg x="${row.width + 20}" y="${MARGINS.top}" `)}</svg>`,
    width,
    height,
  };
}
