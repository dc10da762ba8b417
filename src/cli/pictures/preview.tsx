/** A few images of every class on one sheet: a row a class. */
import type { Dataset } from '../../data/contents.ts';
import { Label } from '../../report/charts/label.tsx';
import { Paper, picture } from '../../report/charts/picture.tsx';
import { toPng } from '../../report/charts/png.ts';
import { svgPicture } from './svg-picture.tsx';

/** Rows; a data set may have a thousand classes. */
const MOST_CLASSES = 40;
const COLUMNS = 10;
/** Side of the square that a picture is fitted into, in CSS pixels. */
const SIDE = 64;
const GAP = 4;
const LABEL_WIDTH = 120;

/** The sheet as a PNG file. Unreadable images leave their place empty. */
export async function previewSheet(dataset: Dataset): Promise<Uint8Array> {
  const names = dataset.classes.slice(0, MOST_CLASSES);
  const width = LABEL_WIDTH + COLUMNS * (SIDE + GAP);
  const height = names.length * (SIDE + GAP) + GAP;
  const pictures: Awaited<ReturnType<typeof svgPicture>>[] = [];
  const filled = new Array<number>(names.length).fill(0);
  for (let index = 0; index < dataset.length; index++) {
    const row = dataset.label(index);
    if (row >= names.length || filled[row] >= COLUMNS) continue;
    const column = filled[row]++;
    const image = await dataset.read(index).catch(() => undefined);
    if (!image) continue;
    const x = LABEL_WIDTH + column * (SIDE + GAP);
    const y = GAP + row * (SIDE + GAP);
    pictures.push(await svgPicture(image, { x, y, width: SIDE, height: SIDE }));
  }
  const sheet = picture(
    width,
    height,
    `Images of ${dataset.displayName}, a row a class`,
    <>
      <Paper width={width} height={height} />
      {names.map((name, row) => (
        <Label x={GAP} y={GAP + row * (SIDE + GAP) + SIDE / 2 + 5} size={13} text={name} />
      ))}
      {pictures}
    </>,
  );
  return toPng(sheet);
}
