/** From a vega-lite specification to SVG text, and from SVG to PNG, both without a browser. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { TopLevelSpec } from 'vega-lite';
import type { Config } from 'vega-lite/build/src/config.js';
import { escapeHtml } from '../format.ts';
import { COLORS, FONT_FAMILY, FONT_STACK } from '../theme.ts';

/** A drawing with its size in CSS pixels. */
export interface Svg {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

/** What every chart looks like. */
const CONFIG: Config = {
  background: COLORS.paper,
  font: FONT_STACK,
  // Screen readers get the figure's caption and table; an aria label on every mark would drown both.
  aria: false,
  view: { stroke: null },
  axis: {
    domain: false,
    ticks: false,
    grid: false,
    gridColor: COLORS.rule,
    labelColor: COLORS.muted,
    labelFontSize: 12,
    labelPadding: 8,
    titleColor: COLORS.muted,
    titleFontSize: 12,
    titleFontWeight: 'normal',
  },
  text: { color: COLORS.ink, fontSize: 12 },
};

/** The margins of a chart in pixels: drawing area plus margins give its exact size. */
export interface Margins {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/**
 * Draws a single-view chart. Size is exact: `width` and `height` are those of the whole picture, margins included;
 * text is never measured, as widths differ between machines with and without the font.
 *
 * @param label What the chart shows, for screen readers.
 */
export async function renderChart(
  spec: Record<string, unknown>,
  size: { width: number; height: number; margins: Margins },
  label: string,
): Promise<Svg> {
  const { width, height, margins } = size;
  const complete = {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    width: width - margins.left - margins.right,
    height: height - margins.top - margins.bottom,
    padding: margins,
    autosize: { type: 'none' },
    ...spec,
  } as unknown as TopLevelSpec;
  // Half a second to load: only where a chart is drawn.
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new vega.View(vega.parse(compile(complete, { config: CONFIG }).spec), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    // The opening tag names the font once, for every text.
    const inner = svg.slice(svg.indexOf('>') + 1).replaceAll(` font-family="${FONT_STACK}"`, '');
    return { text: openSvg(width, height, label) + describedMarks(inner), width, height };
  } finally {
    view.finalize();
  }
}

/**
 * Marks with a `description` get it as a `<title>`, which browsers show on hover. vega writes it as an aria label,
 * which nobody would hear: to screen readers the chart is one picture, and the tables have its figures.
 */
function describedMarks(svg: string): string {
  return svg
    .replace(/ role="graphics-object" aria-roledescription="[^"]*"/g, '')
    .replace(
      /<(path|rect|line) aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="[^"]*"([^>]*?)\/?>(<\/\1>)?/g,
      '<$1$3><title>$2</title></$1>',
    );
}

/** The opening tag of a picture that scales with its container but never beyond its own size. */
export function openSvg(width: number, height: number, label: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" ` +
    `aria-label="${escapeHtml(label)}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="${escapeHtml(FONT_STACK)}">`
  );
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

/** Pictures side by side in rows of `columns`, each with an optional heading, as one picture. */
export function arrange(
  pictures: readonly { readonly svg: Svg; readonly heading?: string }[],
  { columns, gap, label, title, key }: Arrangement,
): Svg {
  const headingHeight = pictures.some(({ heading }) => heading) ? 22 : 0;
  const keyTop = title ? 40 : 14;
  const top = (title ? 40 : 0) + (key ? 32 : 0);
  const cellWidth = Math.max(...pictures.map(({ svg }) => svg.width));
  const cellHeight = Math.max(...pictures.map(({ svg }) => svg.height)) + headingHeight;
  const used = Math.min(columns, pictures.length);
  const width = Math.max(used * cellWidth + (used - 1) * gap, (title?.length ?? 0) * TITLE_SIZE * 0.58);
  const rows = Math.ceil(pictures.length / columns);
  const height = top + rows * cellHeight + (rows - 1) * gap;

  const parts = [`<rect width="${width}" height="${height}" fill="${COLORS.paper}"/>`];
  if (title) parts.push(heading(0, 18, title, TITLE_SIZE));
  let x = 0;
  for (const entry of key ?? []) {
    parts.push(`<rect x="${x}" y="${keyTop}" width="10" height="10" fill="${entry.color}"/>`);
    parts.push(heading(x + 16, keyTop + 10, entry.label, 12.5));
    x += entry.label.length * 12.5 * 0.58 + 44;
  }
  for (const [index, picture] of pictures.entries()) {
    const left = (index % columns) * (cellWidth + gap);
    const y = top + Math.floor(index / columns) * (cellHeight + gap);
    if (picture.heading) parts.push(heading(left, y + 14, picture.heading, 13));
    parts.push(picture.svg.text.replace('<svg ', `<svg x="${left}" y="${y + headingHeight}" `));
  }
  return { text: `${openSvg(width, height, label)}${parts.join('')}</svg>`, width, height };
}

/** The same picture with a title above it, for a file that has no caption beside it. */
export function withTitle(svg: Svg, title: string): Svg {
  return arrange([{ svg }], { columns: 1, gap: 0, label: title, title });
}

const TITLE_SIZE = 15;

function heading(x: number, y: number, text: string, size: number): string {
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="600" fill="${COLORS.ink}">${escapeHtml(text)}</text>`;
}

/** Fonts come with the package, so that charts have text on a machine without any. */
const FONT_FILES = ['Inter-Regular.ttf', 'Inter-SemiBold.ttf'].map((file) =>
  fileURLToPath(new URL(`../../../assets/fonts/${file}`, import.meta.url)),
);

/** Pixels of a PNG for each CSS pixel: sharp on dense screens and in print. */
export const PNG_SCALE = 2;

/** White space around a picture that stands alone, CSS pixels. */
const MARGIN = 16;

/** The picture on white with a margin, so that it can stand anywhere. */
export function framed(svg: Svg, margin = MARGIN): Svg {
  const width = svg.width + 2 * margin;
  const height = svg.height + 2 * margin;
  const text =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
    `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escapeHtml(FONT_STACK)}">` +
    `<rect width="${width}" height="${height}" fill="${COLORS.paper}"/>` +
    `${svg.text.replace('<svg ', `<svg x="${margin}" y="${margin}" `)}</svg>`;
  return { text, width, height };
}

/** Rasterizes a picture at twice its size on white, with a margin. */
export function toPng(svg: Svg, margin = MARGIN): Uint8Array {
  // Its native library is wanted by nothing else, and may be missing.
  const { Resvg } = createRequire(import.meta.url)('@resvg/resvg-js') as typeof import('@resvg/resvg-js');
  const resvg = new Resvg(framed(svg, margin).text, {
    fitTo: { mode: 'zoom', value: PNG_SCALE },
    background: COLORS.paper,
    font: { loadSystemFonts: false, fontFiles: FONT_FILES, defaultFontFamily: FONT_FAMILY },
  });
  return new Uint8Array(resvg.render().asPng());
}
