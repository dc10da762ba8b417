/** Drawings as SVG text: one of components, several side by side or below each other, one inside another. */
import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { COLORS, FONT_STACK } from '../theme.ts';
import { Label } from './label.tsx';

/** A drawing with its size in CSS pixels. */
export interface Svg {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

/**
 * A drawing of its size, as text; what names it and what stands in it is escaped. On a page it shrinks with its
 * container but never grows beyond its own size.
 *
 * @param label What it shows, for screen readers.
 */
export function picture(
  width: number,
  height: number,
  label: string | undefined,
  content: ComponentChildren,
): Svg {
  const text = renderToString(
    <svg
      xmlns="http://www.w3.org/2000/svg"
      role="img"
      aria-label={label}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      font-family={FONT_STACK}
    >
      {content}
    </svg>,
  );
  return { text, width, height };
}

/** A drawing inside another. */
export function Place({
  svg,
  x = 0,
  y = 0,
}: {
  readonly svg: Svg;
  readonly x?: number;
  readonly y?: number;
}) {
  // The text of a drawing is markup already, which components have written.
  return <g transform={`translate(${x} ${y})`} dangerouslySetInnerHTML={{ __html: svg.text }} />;
}

export interface RasterProps {
  readonly href: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Enlarged pixels stay squares. */
  readonly crisp?: boolean;
  /** For browsers; resvg follows it in place of `crisp`. */
  readonly style?: string;
}

/** An image of pixels, fitted into its box. */
export function Raster({ crisp = false, ...image }: RasterProps) {
  return <image {...image} image-rendering={crisp ? 'optimizeSpeed' : undefined} />;
}

/** Paper under a drawing. */
export function Paper({ width, height }: { readonly width: number; readonly height: number }) {
  return <rect width={width} height={height} fill={COLORS.paper} />;
}

export interface Arrangement {
  readonly columns: number;
  readonly gap: number;
  /** For screen readers. */
  readonly label: string;
  readonly title?: string;
  /** Coloured names below the title, for panels without labels of their own. */
  readonly key?: readonly { readonly label: string; readonly color: string }[];
}

const TITLE_SIZE = 15;
const KEY_SIZE = 12.5;
/** Mean advance of a letter relative to the size of the type. */
const LETTER = 0.58;

/** Pictures side by side in rows of `columns`, each with an optional heading, as one picture. */
export function arrange(
  pictures: readonly { readonly svg: Svg; readonly heading?: string }[],
  { columns, gap, label, title, key = [] }: Arrangement,
): Svg {
  const headingHeight = pictures.some(({ heading }) => heading) ? 22 : 0;
  const keyTop = title ? 40 : 14;
  const top = (title ? 40 : 0) + (key.length > 0 ? 32 : 0);
  const cellWidth = Math.max(...pictures.map(({ svg }) => svg.width));
  const cellHeight = Math.max(...pictures.map(({ svg }) => svg.height)) + headingHeight;
  const used = Math.min(columns, pictures.length);
  const width = Math.max(used * cellWidth + (used - 1) * gap, (title?.length ?? 0) * TITLE_SIZE * LETTER);
  const rows = Math.ceil(pictures.length / columns);
  const height = top + rows * cellHeight + (rows - 1) * gap;
  const keyAt = (index: number) =>
    key.slice(0, index).reduce((x, entry) => x + entry.label.length * KEY_SIZE * LETTER + 44, 0);
  return picture(
    width,
    height,
    label,
    <>
      <Paper width={width} height={height} />
      {title && <Label x={0} y={18} size={TITLE_SIZE} bold text={title} />}
      {key.map((entry, index) => (
        <>
          <rect x={keyAt(index)} y={keyTop} width={10} height={10} fill={entry.color} />
          <Label x={keyAt(index) + 16} y={keyTop + 10} size={KEY_SIZE} bold text={entry.label} />
        </>
      ))}
      {pictures.map(({ svg, heading }, index) => {
        const x = (index % columns) * (cellWidth + gap);
        const y = top + Math.floor(index / columns) * (cellHeight + gap);
        return (
          <>
            {heading && <Label x={x} y={y + 14} size={13} bold text={heading} />}
            <Place svg={svg} x={x} y={y + headingHeight} />
          </>
        );
      })}
    </>,
  );
}

/** The same picture with a title above it, for a file that has no caption beside it. */
export function withTitle(svg: Svg, title: string): Svg {
  return arrange([{ svg }], { columns: 1, gap: 0, label: title, title });
}

/** Pictures below each other, from the left. */
export function stacked(pictures: readonly Svg[], gap: number, label: string): Svg {
  const width = Math.max(...pictures.map((svg) => svg.width));
  const topOf = (index: number) => pictures.slice(0, index).reduce((y, svg) => y + svg.height + gap, 0);
  return picture(
    width,
    topOf(pictures.length) - gap,
    label,
    pictures.map((svg, index) => <Place svg={svg} y={topOf(index)} />),
  );
}

/** White space around a picture that stands alone, CSS pixels. */
export const MARGIN = 16;

/** The picture on white with a margin, so that it can stand anywhere. */
export function framed(svg: Svg, margin = MARGIN): Svg {
  const [width, height] = [svg.width + 2 * margin, svg.height + 2 * margin];
  return picture(
    width,
    height,
    undefined,
    <>
      <Paper width={width} height={height} />
      <Place svg={svg} x={margin} y={margin} />
    </>,
  );
}
