/** Line charts: error against severity, and the course of the training. */
import { mean } from '../../evaluate/result/metrics.ts';
import { type ComparedModel, type Comparison, commonCorruptions } from '../comparison.ts';
import { formatPercent } from '../format.ts';
import { COLORS } from '../theme.ts';
import { tip } from '../tips.ts';
import { Label } from './label.tsx';
import { axisNumber, axisPercent, fitText, niceAxis, spread, within } from './layout.ts';
import type { Svg } from './picture.tsx';
import { Line, type Margins, Points, plot, XAxis, YAxis } from './plot.tsx';

export interface CurveOptions {
  /** Of the whole picture, pixels. */
  readonly width: number;
  readonly height: number;
  /** One of several panels that share a caption and a key: no names, neither of lines nor of axes. */
  readonly small?: boolean;
  /** Values alone at the line ends; a key nearby has the names. */
  readonly values?: boolean;
}

interface Curve {
  readonly label: string;
  readonly color: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/**
 * Mean top-1 error against severity, one line a model; severity 0 is the clean images, where all measured some. A severity is drawn when all
 * models have measured at least one corruption in common at it, over those corruptions.
 *
 * @param only Corruptions to take the mean over; default: the 15 of the benchmark
 * @returns undefined when fewer than two points would remain
 */
export function severityChart(
  { models }: Comparison,
  options: CurveOptions & { only?: readonly string[]; max?: number },
): Svg | undefined {
  const { only } = options;
  const lines = severityLines(models, only);
  if ((lines[0]?.points.length ?? 0) < 2) return undefined;
  return lineChart(lines, {
    ...options,
    label: `Top-1 error against severity for ${models.map((model) => model.label).join(', ')}`,
    x: {
      title: 'severity',
      values: [0, 1, 2, 3, 4, 5],
      format: (severity) => (severity === 0 ? 'clean' : String(severity)),
      names: { 0: '0 (clean)' },
    },
    y: { title: 'top-1 error', percent: true, max: options.max },
  });
}

/** The largest error that `severityChart` would draw, so that several panels can share one axis. */
export function severityMaximum({ models }: Comparison, groups: readonly (readonly string[])[]): number {
  return Math.max(
    ...groups
      .flatMap((only) => severityLines(models, only))
      .flatMap(({ points }) => points.map(({ y }) => y)),
  );
}

function severityLines(models: readonly ComparedModel[], only?: readonly string[]): Curve[] {
  const measured = [1, 2, 3, 4, 5].map((severity) => ({
    severity,
    corruptions: commonCorruptions(models, severity).filter((name) => !only || only.includes(name)),
  }));
  const withClean = models.every(({ result }) => result.clean);
  return models.map((model) => ({
    label: model.label,
    color: model.color,
    points: [
      ...(withClean ? [{ x: 0, y: model.result.clean!.top1 }] : []),
      ...measured
        .filter(({ corruptions }) => corruptions.length > 0)
        .map(({ severity, corruptions }) => ({
          x: severity,
          y: mean(corruptions.map((name) => model.result.errors[name]![severity - 1]!)),
        })),
    ],
  }));
}

/** Which figure of an epoch is drawn. */
export type TrainingMeasure = 'testError' | 'trainLoss';

/** A line a model over the epochs of its training; undefined when no model has a log of two epochs. */
export function trainingChart(
  { models }: Comparison,
  measure: TrainingMeasure,
  options: CurveOptions,
): Svg | undefined {
  const lines = models.flatMap((model): Curve[] => {
    const epochs = model.run?.epochs ?? [];
    if (epochs.length < 2) return [];
    const points = epochs.map(({ epoch, train, test }) => ({
      x: epoch,
      y: measure === 'testError' ? 1 - test.top1 : train.loss,
    }));
    return [{ label: model.label, color: model.color, points }];
  });
  if (lines.length === 0) return undefined;
  const last = Math.max(...lines.flatMap(({ points }) => points.map(({ x }) => x)));
  const images = measuredImages(models);
  const name = measure === 'testError' ? `Top-1 error on the ${images} images` : 'Training loss';
  return lineChart(lines, {
    ...options,
    label: `${name} by epoch`,
    x: { title: 'epoch', values: epochTicks(last), format: String },
    y: {
      title: measure === 'testError' ? `top-1 error, ${images}` : 'loss, training',
      percent: measure === 'testError',
    },
  });
}

/** What the errors in the training logs were measured on: some runs hold out training images to validate on. */
export function measuredImages(models: readonly ComparedModel[]): string {
  const drawn = models.filter(({ run }) => run?.epochs?.length);
  const heldOut = drawn.filter(({ run }) => run?.config?.data.validation).length;
  if (heldOut === 0) return 'test';
  return heldOut === drawn.length ? 'validation' : 'test or validation';
}

function epochTicks(last: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100].find((size) => last / size <= 8) ?? Math.ceil(last / 8);
  const ticks = Array.from({ length: Math.floor(last / step) }, (_, index) => (index + 1) * step);
  return ticks[0] === 1 ? ticks : [1, ...ticks];
}

interface LineChartOptions extends CurveOptions {
  readonly label: string;
  readonly x: {
    readonly title: string;
    readonly values: readonly number[];
    readonly format: (value: number) => string;
    /** Words for some values. */
    readonly names?: Readonly<Record<number, string>>;
  };
  readonly y: { readonly title: string; readonly percent: boolean; readonly max?: number };
}

const LABEL_SIZE = 12;
const LABEL_GAP = 16;

/** Charts with more points than so many a line have no marks at them. */
const MOST_MARKS = 12;

function lineChart(lines: readonly Curve[], options: LineChartOptions): Svg {
  const { width, height, label, small = false, values: valuesOnly = false } = options;
  const longest = Math.max(...lines.map((line) => line.label.length));
  const labelWidth = small ? 10 : valuesOnly ? 58 : Math.min(width * 0.34, longest * LABEL_SIZE * 0.58 + 64);
  const margins: Margins = small
    ? { top: 12, right: labelWidth, bottom: 26, left: 42 }
    : { top: 30, right: labelWidth, bottom: 44, left: 44 };
  const points = lines.flatMap((line) => line.points);
  const axis = niceAxis(options.y.max ?? Math.max(...points.map(({ y }) => y)));
  const ends = lines.map((line) => line.points.at(-1)!);
  const ticks = options.x.values;
  return plot(
    { width, height, margins, label, x: [ticks[0]!, ticks.at(-1)!], y: [0, axis.max] },
    ({ x, y, height }) => {
      const wanted = ends.map((end) => y(end.y));
      const range = { from: -margins.top / 2, to: height + margins.bottom / 2, gap: LABEL_GAP };
      const places = within(spread(wanted, LABEL_GAP), range);
      return (
        <>
          <YAxis
            ticks={axis.values}
            format={options.y.percent ? axisPercent : axisNumber}
            title={small ? undefined : options.y.title}
          />
          <XAxis ticks={ticks} format={options.x.format} title={small ? undefined : options.x.title} />
          {lines.map(({ color, points }) => (
            <Line points={points} color={color} weight={2.5} cap="round" />
          ))}
          {points.length <= lines.length * MOST_MARKS &&
            lines.map(({ color, points }) => (
              <Points points={points} color={color} size={6.6} outline={1.2} />
            ))}
          {[...new Set(points.map((point) => point.x))].map((place) => (
            // Not seen until it is pointed at: it says what all lines are at its place.
            <path d={`M${x(place)} 0V${height}`} stroke={COLORS.ink} stroke-opacity={0}>
              <title>{sliceTip(lines, place, options)}</title>
            </path>
          ))}
          {!small &&
            lines.map(({ label, color }, index) => (
              <Label
                x={x(ends[index]!.x) + 12}
                y={places[index]! + 4}
                size={LABEL_SIZE}
                bold
                color={color}
                text={
                  endValue(ends[index]!.y, options.y.percent) +
                  (valuesOnly ? '' : `  ${fitText(label, labelWidth - 54, LABEL_SIZE)}`)
                }
              />
            ))}
        </>
      );
    },
  );
}

/** What all lines say at one place of the horizontal axis. */
function sliceTip(lines: readonly Curve[], x: number, { x: axis, y }: LineChartOptions): string {
  const heading = `${axis.title.charAt(0).toUpperCase()}${axis.title.slice(1)} ${axis.names?.[x] ?? x}`;
  return tip(
    heading,
    lines.map(({ label, points }) => {
      const value = points.find((point) => point.x === x)?.y;
      if (value === undefined) return undefined;
      return [label, y.percent ? formatPercent(value, 2) : value.toFixed(4)];
    }),
  );
}

function endValue(value: number, percent: boolean): string {
  return percent ? formatPercent(value) : value.toFixed(2);
}
