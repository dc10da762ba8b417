/** One picture under many corruptions on one sheet: a row a corruption, a column a severity. */
import type { CorruptionName, Severity } from '../../corrupt/index.ts';
import type { Image } from '../../image/image.ts';
import { openSvg, type Svg } from '../../report/charts/render.ts';
import { escapeHtml, shortName } from '../../report/format.ts';
import { COLORS } from '../../report/theme.ts';
import { svgPicture } from './svg-picture.ts';

/** Longest side of a picture on the sheet, in CSS pixels. */
const LONGEST = 112;
const GAP = 6;
const LABEL_WIDTH = 132;
const HEADING = 22;

export interface SheetRow {
  readonly corruption: CorruptionName;
  readonly images: readonly Image[];
}

/** The sheet as SVG, the pictures inside it as PNG. The first row shows the original. */
export async function contactSheet(
  original: Image,
  severities: readonly Severity[],
  rows: readonly SheetRow[],
): Promise<Svg> {
  const scale = LONGEST / Math.max(original.width, original.height);
  const width = Math.round(original.width * scale);
  const height = Math.round(original.height * scale);
  const sheetWidth = LABEL_WIDTH + severities.length * (width + GAP) - GAP;
  const sheetHeight = HEADING + (rows.length + 1) * (height + GAP) - GAP;
  const place = (image: Image, column: number, row: number) =>
    svgPicture(image, {
      x: LABEL_WIDTH + column * (width + GAP),
      y: HEADING + row * (height + GAP),
      width,
      height,
    });
  const text = (x: number, y: number, words: string, weight: number) =>
    `<text x="${x}" y="${y}" font-size="13" font-weight="${weight}" fill="${COLORS.ink}">${escapeHtml(words)}</text>`;
  const rowText = (row: number, words: string) =>
    text(0, HEADING + row * (height + GAP) + height / 2 + 5, words, 400);

  const parts = [`<rect width="${sheetWidth}" height="${sheetHeight}" fill="${COLORS.paper}"/>`];
  severities.forEach((severity, column) => {
    parts.push(text(LABEL_WIDTH + column * (width + GAP), 14, `Severity ${severity}`, 600));
  });
  parts.push(rowText(0, 'Original'), await place(original, 0, 0));
  for (const [index, { corruption, images }] of rows.entries()) {
    parts.push(rowText(index + 1, shortName(corruption)));
    parts.push(...(await Promise.all(images.map((image, column) => place(image, column, index + 1)))));
  }
  const label = 'One picture under corruptions of growing severity';
  return {
    text: `${openSvg(sheetWidth, sheetHeight, label)}${parts.join('')}</svg>`,
    width: sheetWidth,
    height: sheetHeight,
  };
}
