/** A few images of every class on one sheet: a row a class. */
import type { Dataset } from '../../data/contents.ts';
import { openSvg, toPng } from '../../report/charts/render.ts';
import { escapeHtml } from '../../report/format.ts';
import { COLORS } from '../../report/theme.ts';
import { svgPicture } from './svg-picture.ts';

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
  const parts = [`<rect width="${width}" height="${height}" fill="${COLORS.paper}"/>`];
  const filled = new Array<number>(names.length).fill(0);
  names.forEach((name, row) => {
    const y = GAP + row * (SIDE + GAP) + SIDE / 2 + 5;
    parts.push(`<text x="${GAP}" y="${y}" font-size="13" fill="${COLORS.ink}">${escapeHtml(name)}</text>`);
  });
  for (let index = 0; index < dataset.length; index++) {
    const row = dataset.label(index);
    if (row >= names.length || filled[row] >= COLUMNS) continue;
    const column = filled[row]++;
    const image = await dataset.read(index).catch(() => undefined);
    if (!image) continue;
    const x = LABEL_WIDTH + column * (SIDE + GAP);
    const y = GAP + row * (SIDE + GAP);
    parts.push(await svgPicture(image, { x, y, width: SIDE, height: SIDE }));
  }
  const label = `Images of ${dataset.displayName}, a row a class`;
  const text = `${openSvg(width, height, label)}${parts.join('')}</svg>`;
  return toPng({ text, width, height });
}
