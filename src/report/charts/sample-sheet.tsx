/** One image under every corruption, as one picture. */

import type { EncodedStrip } from '../evidence/samples.ts';
import { shortName } from '../format.ts';
import { COLORS } from '../theme.ts';
import { Label } from './label.tsx';
import { Paper, picture, Raster, type Svg } from './picture.tsx';

/** Side of a picture on the sheet, pixels. */
const SIDE = 64;
const GAP = 4;
const GROUP_GAP = 16;

/** A column a corruption, a row a severity, the original at the left. */
export function sampleSheet(strip: EncodedStrip, title?: string): Svg {
  const top = (title ? 34 : 0) + 18;
  const first = SIDE + GROUP_GAP + 12;
  const columns = strip.groups.flatMap(({ corruptions }, group) =>
    corruptions.map((corruption) => ({ ...corruption, group })),
  );
  const leftOf = (column: number) =>
    first + column * (SIDE + GAP) + (columns[column]?.group ?? strip.groups.length - 1) * (GROUP_GAP - GAP);
  const topOf = (row: number) => top + row * (SIDE + GAP);
  const width = leftOf(columns.length) - GAP;
  const height = topOf(strip.severities.length) - GAP;
  const words = { size: 11, color: COLORS.muted };
  const square = { width: SIDE, height: SIDE, crisp: strip.width < SIDE };
  return picture(
    width,
    height,
    strip.caption,
    <>
      <Paper width={width} height={height} />
      {title && <Label x={0} y={14} size={15} bold text={title} />}
      <Label x={SIDE / 2} y={top - 6} anchor="middle" {...words} text="Original" />
      <Raster href={strip.original} x={0} y={top} {...square} />
      {strip.severities.map((severity, row) => (
        <Label x={first - 8} y={topOf(row) + SIDE / 2 + 4} anchor="end" {...words} text={String(severity)} />
      ))}
      {columns.map(({ name, images }, column) => (
        <>
          <Label
            x={leftOf(column) + SIDE / 2}
            y={top - 6}
            anchor="middle"
            {...words}
            text={shortName(name)}
          />
          {images.map((href, row) => (
            <Raster href={href} x={leftOf(column)} y={topOf(row)} {...square} />
          ))}
        </>
      ))}
    </>,
  );
}
