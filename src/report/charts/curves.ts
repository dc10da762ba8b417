/** Line charts: error against severity, and the course of the training. */
import { mean } from '../../evaluate/metrics.ts';
import { type ComparedModel, type Comparison, commonCorruptions } from '../comparison.ts';
import { formatPercent } from '../format.ts';
import { COLORS } from '../theme.ts';
import { tip } from '../tips.ts';
import { AXIS_LABEL, fitText, niceAxis, spread, titleAbove, within } from './layout.ts';
import { type Margins, renderChart, type Svg } from './render.ts';

export interface CurveOptions {
  /** Of the whole picture, pixels. */
  readonly width: number;
  readonly height: number;
  /** One of several panels that share a caption and a key: no names, neither of lines nor of axes. */
  readonly small?: boolean;
  /** Values alone at the line ends; a key nearby has the names. */
  readonly values?: boolean;
}

interface Line {
  readonly label: string;
  readonly color: string;
  readonly dashed: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/**
 * Mean top-1 error against severity, one line a model; severity 0 is the clean images, where all measured some. A severity is drawn when all
 * models have measured at least one corruption in common at it, over those corruptions.
 *
 * @param only Corruptions to take the mean over; default: the 15 of the benchmark
 * @returns undefined when fewer than two points would remain
 */
export async function severityChart(
  { models }: Comparison,
  options: CurveOptions & { only?: readonly string[]; max?: number },
): Promise<Svg | undefined> {
  const { only } = options;
  const lines = severityLines(models, only);
  if ((lines[0]?.points.length ?? 0) < 2) return undefined;
  return lineChart(lines, {
    ...options,
    label: `Top-1 error against severity for ${models.map((model) => model.label).join(', ')}`,
    x: {
      title: 'severity',
      values: [0, 1, 2, 3, 4, 5],
      format: "datum.value === 0 ? 'clean' : datum.value",
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

function severityLines(models: readonly ComparedModel[], only?: readonly string[]): Line[] {
  const measured = [1, 2, 3, 4, 5].map((severity) => ({
    severity,
    corruptions: commonCorruptions(models, severity).filter((name) => !only || only.includes(name)),
  }));
  const withClean = models.every(({ result }) => result.clean);
  return models.map((model) => ({
    label: model.label,
    color: model.color,
    dashed: false,
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
export async function trainingChart(
  { models }: Comparison,
  measure: TrainingMeasure,
  options: CurveOptions,
): Promise<Svg | undefined> {
  const lines = models.flatMap((model): Line[] => {
    const epochs = model.run?.epochs ?? [];
    if (epochs.length < 2) return [];
    const points = epochs.map(({ epoch, train, test }) => ({
      x: epoch,
      y: measure === 'testError' ? 1 - test.top1 : train.loss,
    }));
    return [{ label: model.label, color: model.color, dashed: false, points }];
  });
  if (lines.length === 0) return undefined;
  const last = Math.max(...lines.flatMap(({ points }) => points.map(({ x }) => x)));
  const images = measuredImages(models);
  const name = measure === 'testError' ? `Top-1 error on the ${images} images` : 'Training loss';
  return lineChart(lines, {
    ...options,
    label: `${name} by epoch`,
    x: { title: 'epoch', values: epochTicks(last), format: 'datum.value' },
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
    readonly format: string;
    /** Words for some values. */
    readonly names?: Readonly<Record<number, string>>;
  };
  readonly y: { readonly title: string; readonly percent: boolean; readonly max?: number };
}

const LABEL_SIZE = 12;
const LABEL_GAP = 16;

function lineChart(lines: readonly Line[], options: LineChartOptions): Promise<Svg> {
  const { width, height, small = false, values: valuesOnly = false } = options;
  const longest = Math.max(...lines.map(({ label }) => label.length));
  const labelWidth = small ? 10 : valuesOnly ? 58 : Math.min(width * 0.34, longest * LABEL_SIZE * 0.58 + 64);
  const margins: Margins = small
    ? { top: 12, right: labelWidth, bottom: 26, left: 42 }
    : { top: 30, right: labelWidth, bottom: 44, left: 44 };
  const plotHeight = height - margins.top - margins.bottom;

  const largest = Math.max(...lines.flatMap(({ points }) => points.map(({ y }) => y)));
  const axis = niceAxis(options.y.max ?? largest);
  const values = lines.flatMap(({ label, points }) => points.map((point) => ({ ...point, label })));
  const slices = [...new Set(values.map(({ x }) => x))].map((x) => ({ x, tip: sliceTip(lines, x, options) }));
  const ends = lines.map(({ points }) => points.at(-1)!);
  const places = within(
    spread(
      ends.map(({ y }) => (y / axis.max) * plotHeight),
      LABEL_GAP,
    ),
    { from: -margins.bottom / 2, to: plotHeight + margins.top / 2, gap: LABEL_GAP },
  ).map((pixels) => (pixels / plotHeight) * axis.max);
  const endLabels = lines.map(({ label, color }, index) => ({
    x: ends[index]!.x,
    y: places[index],
    text: valuesOnly
      ? endValue(ends[index]!.y, options.y.percent)
      : `${endValue(ends[index]!.y, options.y.percent)}  ${fitText(label, labelWidth - 54, LABEL_SIZE)}`,
    color,
  }));

  const x = {
    field: 'x',
    type: 'quantitative',
    title: small ? null : options.x.title,
    scale: { domain: [options.x.values[0], options.x.values.at(-1)], nice: false },
    axis: {
      values: options.x.values,
      labelExpr: options.x.format,
      labelOverlap: false,
      labelFlush: false,
      titlePadding: 10,
      ticks: false,
      domain: true,
      domainColor: COLORS.faint,
    },
  };
  const y = {
    field: 'y',
    type: 'quantitative',
    title: small ? null : options.y.title,
    scale: { domain: [0, axis.max], nice: false },
    axis: {
      grid: true,
      values: axis.values,
      labelExpr: options.y.percent ? AXIS_LABEL.percent : AXIS_LABEL.number,
      labelOverlap: false,
      ...titleAbove(margins.left),
      labelPadding: 8,
    },
  };
  const color = {
    field: 'label',
    type: 'nominal',
    legend: null,
    scale: { domain: lines.map(({ label }) => label), range: lines.map((line) => line.color) },
  };
  return renderChart(
    {
      layer: [
        {
          data: { values },
          mark: { type: 'line', strokeWidth: 2.5, strokeCap: 'round', strokeJoin: 'round' },
          encoding: { x, y, color },
        },
        ...(values.length <= lines.length * 12
          ? [
              {
                data: { values },
                mark: {
                  type: 'point',
                  filled: true,
                  size: 44,
                  opacity: 1,
                  stroke: COLORS.paper,
                  strokeWidth: 1.2,
                },
                encoding: { x, y, color },
              },
            ]
          : []),
        {
          data: { values: slices },
          // Not seen until it is pointed at: it says what all lines are at its place.
          mark: { type: 'rule', color: COLORS.ink, strokeOpacity: 0, aria: true },
          encoding: { x, y: { value: 0 }, y2: { value: plotHeight }, description: { field: 'tip' } },
        },
        ...(!small
          ? [
              {
                data: { values: endLabels },
                mark: {
                  type: 'text',
                  align: 'left',
                  baseline: 'middle',
                  dx: 12,
                  fontSize: LABEL_SIZE,
                  fontWeight: 600,
                },
                encoding: {
                  x,
                  y,
                  text: { field: 'text' },
                  color: { field: 'color', type: 'nominal', scale: null },
                },
              },
            ]
          : []),
      ],
    },
    { width, height, margins },
    options.label,
  );
}

/** What all lines say at one place of the horizontal axis. */
function sliceTip(lines: readonly Line[], x: number, { x: axis, y }: LineChartOptions): string {
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
