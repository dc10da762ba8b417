/** Small marks around points, placed in pixels. */
import { symbol, symbolCircle, symbolCross, symbolDiamond, symbolSquare, symbolTriangle } from 'd3-shape';
import { COLORS } from '../theme.ts';

const SYMBOLS = {
  circle: symbolCircle,
  square: symbolSquare,
  'triangle-up': symbolTriangle,
  diamond: symbolDiamond,
  'triangle-down': symbolTriangle,
  cross: symbolCross,
} as const;

export type Shape = keyof typeof SYMBOLS;

export interface MarkStyle {
  readonly color: string;
  /** Default: a circle. */
  readonly shape?: Shape;
  /** Diameter of a circle of the mark's area; marks of one size look equally large. */
  readonly size?: number;
  /** Width of a white line around it that keeps marks apart. */
  readonly outline?: number;
}

/** A small mark around a point. */
export function Mark({
  x,
  y,
  color,
  shape = 'circle',
  size = 7,
  outline,
}: MarkStyle & { readonly x: number; readonly y: number }) {
  const turned = shape === 'triangle-down' ? ' rotate(180)' : '';
  return (
    <path
      d={symbol(SYMBOLS[shape], Math.PI * (size / 2) ** 2)() ?? ''}
      transform={`translate(${x} ${y})${turned}`}
      fill={color}
      stroke={outline ? COLORS.paper : undefined}
      stroke-width={outline}
    />
  );
}
