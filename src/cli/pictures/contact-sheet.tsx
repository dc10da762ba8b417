/** One picture under many corruptions on one sheet: a row a corruption, a column a severity. */
import type { CorruptionName, Severity } from '../../corrupt/index.ts';
import type { Image } from '../../image/image.ts';
import { Label } from '../../report/charts/label.tsx';
import { Paper, picture, type Svg } from '../../report/charts/picture.tsx';
import { shortName } from '../../report/format.ts';
import { svgPicture } from './svg-picture.tsx';

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
  const pictures = [
    await place(original, 0, 0),
    ...(await Promise.all(
      rows.flatMap(({ images }, row) => images.map((image, column) => place(image, column, row + 1))),
    )),
  ];
  return picture(
    sheetWidth,
    sheetHeight,
    'One picture under corruptions of growing severity',
    <>
      <Paper width={sheetWidth} height={sheetHeight} />
      {severities.map((severity, column) => (
        <Label x={LABEL_WIDTH + column * (width + GAP)} y={14} size={13} bold text={`Severity ${severity}`} />
      ))}
      {['Original', ...rows.map(({ corruption }) => shortName(corruption))].map((words, row) => (
        <Label x={0} y={HEADING + row * (height + GAP) + height / 2 + 5} size={13} text={words} />
      ))}
      {pictures}
    </>,
  );
}
