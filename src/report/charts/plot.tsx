/** A plot: two scales, and axes, lines and marks that are drawn by them. */
import { type ScaleContinuousNumeric, scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { COLORS } from '../theme.ts';
import { Label } from './label.tsx';
import { axisNumber } from './layout.ts';
import { Mark, type MarkStyle } from './mark.tsx';
import { Paper, picture, type Svg } from './picture.tsx';

/** The margins of a plot in pixels: drawing area plus margins give the exact size of the picture. */
export interface Margins {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

type Scale = ScaleContinuousNumeric<number, number>;

export interface PlotOptions {
  /** Of the whole picture, margins included: text is never measured, as widths differ between machines. */
  readonly width: number;
  readonly height: number;
  readonly margins: Margins;
  /** What the plot shows, for screen readers. */
  readonly label: string;
  /** The ends of a linear scale, or a scale with its domain. */
  readonly x: readonly [number, number] | Scale;
  readonly y: readonly [number, number] | Scale;
}

/** The drawing area: its size, and where values lie in it. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly margins: Margins;
  readonly x: Scale;
  readonly y: Scale;
}

const FrameContext = createContext<Frame | undefined>(undefined);

function useFrame(): Frame {
  const frame = useContext(FrameContext);
  if (!frame) throw new Error('axes and marks are drawn inside a plot');
  return frame;
}

/** Draws what `content` makes of the drawing area; the origin is its upper left corner. */
export function plot(options: PlotOptions, content: (frame: Frame) => ComponentChildren): Svg {
  const { margins } = options;
  const width = options.width - margins.left - margins.right;
  const height = options.height - margins.top - margins.bottom;
  const frame = { width, height, margins, x: onto(options.x, [0, width]), y: onto(options.y, [height, 0]) };
  return picture(
    options.width,
    options.height,
    options.label,
    <>
      <Paper width={options.width} height={options.height} />
      <g transform={`translate(${margins.left} ${margins.top})`}>
        <FrameContext.Provider value={frame}>{content(frame)}</FrameContext.Provider>
      </g>
    </>,
  );
}

function onto(scale: PlotOptions['x'], range: readonly [number, number]): Scale {
  return typeof scale === 'function' ? scale.copy().range(range) : scaleLinear(scale, range);
}

/** In the middle of a pixel, where thin lines are sharp. */
const sharp = (pixels: number): number => Math.round(pixels) + 0.5;

export interface AxisProps {
  /** Values that are labelled. */
  readonly ticks: readonly number[];
  readonly format?: (value: number) => string;
  readonly title?: string;
  readonly grid?: boolean;
}

/** The axis below the plot, or above it and then without a line. */
export function XAxis({
  ticks,
  format = axisNumber,
  title,
  grid = false,
  above = false,
}: AxisProps & { readonly above?: boolean }) {
  const { x, width, height } = useFrame();
  return (
    <g>
      {grid && ticks.map((value) => <path d={`M${sharp(x(value))} 0V${height}`} stroke={COLORS.rule} />)}
      {!above && <path d={`M0 ${height + 0.5}H${width}`} stroke={COLORS.faint} />}
      {ticks.map((value, index) => {
        // Above, nothing may stick out at the right, where another column has its head.
        const anchor = above && index === ticks.length - 1 ? 'end' : 'middle';
        const y = above ? -9 : height + 17;
        return <Label x={x(value)} y={y} color={COLORS.muted} anchor={anchor} text={format(value)} />;
      })}
      {title && <Label x={width / 2} y={height + 38} color={COLORS.muted} anchor="middle" text={title} />}
    </g>
  );
}

/** The axis at the left; its title stands over its numbers, where it can be read without tilting the head. */
export function YAxis({ ticks, format = axisNumber, title }: AxisProps) {
  const { y, width, margins } = useFrame();
  return (
    <g>
      {ticks.map((value) => (
        <path d={`M0 ${sharp(y(value))}H${width}`} stroke={COLORS.rule} />
      ))}
      {ticks.map((value) => (
        <Label x={-8} y={y(value) + 4.5} color={COLORS.muted} anchor="end" text={format(value)} />
      ))}
      {title && <Label x={-margins.left} y={-18.5} color={COLORS.muted} text={title} />}
    </g>
  );
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface LineProps {
  readonly points: readonly Point[];
  readonly color: string;
  readonly weight?: number;
  /** SVG's `stroke-dasharray`. */
  readonly dash?: string;
  readonly cap?: 'round';
  readonly opacity?: number;
  /** Pixels to the right. */
  readonly shift?: number;
}

/** A line through points, of which two make a rule or an error bar. */
export function Line({ points, color, weight = 2, dash, cap, opacity, shift = 0 }: LineProps) {
  const { x, y } = useFrame();
  const path = line<Point>(
    (point) => x(point.x) + shift,
    (point) => y(point.y),
  );
  return (
    <path
      d={path(points) ?? ''}
      fill="none"
      stroke={color}
      stroke-width={weight}
      stroke-dasharray={dash}
      stroke-linecap={cap}
      stroke-linejoin="round"
      opacity={opacity}
    />
  );
}

/** A mark at each point. */
export function Points({ points, ...style }: MarkStyle & { readonly points: readonly Point[] }) {
  const { x, y } = useFrame();
  return points.map((point) => <Mark {...style} x={x(point.x)} y={y(point.y)} />);
}
