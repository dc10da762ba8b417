/** What an augmentation makes of one picture: the original with a heading, then the results with captions. */
import type { Image } from '../../image/image.ts';
import { resize } from '../../image/resize.ts';
import { openSvg, PNG_SCALE, type Svg } from '../../report/charts/render.ts';
import { escapeHtml } from '../../report/format.ts';
import { COLORS } from '../../report/theme.ts';
import { svgPicture } from './svg-picture.ts';

/** Longest side of a picture on the sheet, in CSS pixels. */
const LONGEST = 144;
/** Narrowest column; captions need it. */
const NARROWEST = 144;
const GAP = 12;
const TITLE_SIZE = 15;
const CAPTION_SIZE = 10.5;
const CAPTION_LINE = 14;
/** Of a letter, relative to the size of the type. */
const LETTER_WIDTH = 0.54;
const HEADING_WIDTH = 380;

export interface SheetPicture {
  readonly image: Image;
  readonly caption: readonly string[];
}

export interface Heading {
  readonly title: string;
  readonly lines: readonly string[];
}

/** An image as large as a sheet can show it. */
export function thumbnail(image: Image): Image {
  const scale = (LONGEST * PNG_SCALE) / Math.max(image.width, image.height);
  if (scale >= 1) return image;
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  return resize(image, side(image.width), side(image.height), 'bilinear');
}

/** The sheet as SVG, the pictures inside it as PNG. All have the size of the original. */
export async function augmentSheet(
  original: Image,
  pictures: readonly SheetPicture[],
  heading: Heading,
): Promise<Svg> {
  const scale = LONGEST / Math.max(original.width, original.height);
  const width = original.width * scale;
  const height = original.height * scale;
  const columnWidth = Math.max(width, NARROWEST);
  const captions = pictures.map(({ caption }) => caption.flatMap((line) => wrapped(line, columnWidth)));
  const columns = Math.ceil(Math.sqrt(pictures.length));
  const sheetWidth = Math.max(columns * (columnWidth + GAP) - GAP, columnWidth + GAP + HEADING_WIDTH);
  const headingLines = heading.lines.flatMap((line) => wrapped(line, sheetWidth - columnWidth - GAP));
  const top = Math.max(height, TITLE_SIZE + headingLines.length * CAPTION_LINE + 8) + CAPTION_LINE + GAP;
  const rowTops = [top];
  for (let first = 0; first < pictures.length; first += columns) {
    const lines = Math.max(...captions.slice(first, first + columns).map(({ length }) => length));
    rowTops.push(rowTops[rowTops.length - 1] + height + lines * CAPTION_LINE + GAP);
  }
  const sheetHeight = rowTops[rowTops.length - 1] - GAP;

  const text = (x: number, y: number, words: string, size: number, weight: number, color: string) =>
    `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${color}">${escapeHtml(words)}</text>`;
  const caption = (x: number, y: number, lines: readonly string[]) =>
    lines.map((line, i) => text(x, y + i * CAPTION_LINE, line, CAPTION_SIZE, 400, COLORS.muted));
  const beside = columnWidth + GAP;
  const parts = [
    `<rect width="${sheetWidth}" height="${sheetHeight}" fill="${COLORS.paper}"/>`,
    await svgPicture(original, { x: 0, y: 0, width, height }),
    ...caption(0, height + CAPTION_LINE - 2, ['Original']),
    text(beside, TITLE_SIZE, heading.title, TITLE_SIZE, 600, COLORS.ink),
    ...caption(beside, TITLE_SIZE + CAPTION_LINE + 6, headingLines),
  ];
  for (const [index, { image }] of pictures.entries()) {
    const x = (index % columns) * (columnWidth + GAP);
    const y = rowTops[Math.floor(index / columns)];
    parts.push(await svgPicture(image, { x, y, width, height }));
    parts.push(...caption(x, y + height + CAPTION_LINE - 2, captions[index]));
  }
  return {
    text: `${openSvg(sheetWidth, sheetHeight, heading.title)}${parts.join('')}</svg>`,
    width: sheetWidth,
    height: sheetHeight,
  };
}

/** Words in lines that are about so wide in the type of captions. */
function wrapped(line: string, width: number): string[] {
  const most = Math.floor(width / (CAPTION_SIZE * LETTER_WIDTH));
  const lines = [''];
  // A number stays with the name before it.
  for (const part of line.split(/(?<=,) | (?=[A-Za-z(])/)) {
    const last = lines[lines.length - 1];
    if (last !== '' && last.length + 1 + part.length > most) lines.push(part);
    else lines[lines.length - 1] = last === '' ? part : `${last} ${part}`;
  }
  return lines;
}
