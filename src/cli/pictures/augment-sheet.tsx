/** What an augmentation makes of one picture: the original with a heading, then the results with captions. */
import type { Image } from '../../image/image.ts';
import { resize } from '../../image/resize.ts';
import { Label, Lines } from '../../report/charts/label.tsx';
import { Paper, picture, type Svg } from '../../report/charts/picture.tsx';
import { PNG_SCALE } from '../../report/charts/png.ts';
import { COLORS } from '../../report/theme.ts';
import { svgPicture } from './svg-picture.tsx';

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

  const beside = columnWidth + GAP;
  const places = pictures.map(({ image }, index) => ({
    image,
    x: (index % columns) * (columnWidth + GAP),
    y: rowTops[Math.floor(index / columns)],
  }));
  const drawn = await Promise.all(
    [{ image: original, x: 0, y: 0 }, ...places].map(({ image, x, y }) =>
      svgPicture(image, { x, y, width, height }),
    ),
  );
  return picture(
    sheetWidth,
    sheetHeight,
    heading.title,
    <>
      <Paper width={sheetWidth} height={sheetHeight} />
      {drawn}
      <Caption x={0} y={height + CAPTION_LINE - 2} lines={['Original']} />
      <Label x={beside} y={TITLE_SIZE} size={TITLE_SIZE} bold text={heading.title} />
      <Caption x={beside} y={TITLE_SIZE + CAPTION_LINE + 6} lines={headingLines} />
      {places.map(({ x, y }, index) => (
        <Caption x={x} y={y + height + CAPTION_LINE - 2} lines={captions[index]} />
      ))}
    </>,
  );
}

function Caption(place: { readonly x: number; readonly y: number; readonly lines: readonly string[] }) {
  return <Lines {...place} leading={CAPTION_LINE} size={CAPTION_SIZE} color={COLORS.muted} />;
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
