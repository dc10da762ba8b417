/** Words of charts, placed in pixels. */
import { COLORS } from '../theme.ts';

export interface LabelProps {
  readonly x: number;
  /** Of the baseline of the letters. */
  readonly y: number;
  /** Of the type; default: 12. */
  readonly size?: number;
  readonly bold?: boolean;
  readonly color?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly text: string;
}

/** A line of text. */
export function Label({ x, y, size = 12, bold = false, color = COLORS.ink, anchor, text }: LabelProps) {
  return (
    <text x={x} y={y} font-size={size} font-weight={bold ? 600 : undefined} text-anchor={anchor} fill={color}>
      {text}
    </text>
  );
}

/** Lines of text below each other. */
export function Lines({
  lines,
  y,
  leading,
  ...style
}: { readonly lines: readonly string[]; readonly leading: number } & Omit<LabelProps, 'text'>) {
  return lines.map((line, index) => <Label {...style} y={y + index * leading} text={line} />);
}
