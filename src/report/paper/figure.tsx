/** A figure of the paper, from its drawing to its files. */
import path from 'node:path';
import { writeFileAtomic } from '../../files/files.ts';
import { mkdir } from '../../files/fs.ts';
import { Lines } from '../charts/label.tsx';
import { framed, Paper, Place, picture, type Svg, stacked } from '../charts/picture.tsx';
import { toPng } from '../charts/png.ts';
import { wrapText } from '../format.ts';
import { COLORS } from '../theme.ts';

/** Figures of the paper that show one model; 7 and 8 compare several. */
export const MODEL_FIGURES = [3, 4, 5, 6, 9] as const;
export type ModelFigure = (typeof MODEL_FIGURES)[number];

export const FIGURE_FORMATS = ['svg', 'png'] as const;
export type FigureFormat = (typeof FIGURE_FORMATS)[number];

/** A drawing with its title and its notes inside. */
export interface PaperFigure {
  /** Name of its files without their ending: `figure-5-spectra`. */
  readonly name: string;
  readonly svg: Svg;
}

/**
 * Writes each figure in each format.
 *
 * @param conditions sentences that stand under every figure: that an experiment was scaled down, say
 * @returns the paths of the files
 * @throws UserError when the folder cannot be written
 */
export async function writeFigures(
  figures: readonly PaperFigure[],
  out: string,
  formats: readonly FigureFormat[] = FIGURE_FORMATS,
  conditions: readonly string[] = [],
): Promise<string[]> {
  const files: string[] = [];
  await mkdir(out, { recursive: true });
  for (const { name, svg: drawn } of figures) {
    const svg = conditions.length === 0 ? drawn : underlined(drawn, conditions);
    for (const format of formats) {
      const file = path.join(out, `${name}.${format}`);
      await writeFileAtomic(file, format === 'png' ? toPng(svg) : `${framed(svg).text}\n`);
      files.push(file);
    }
  }
  return files;
}

const TITLE_SIZE = 15;
const NOTE_SIZE = 11.5;
const NOTE_LINE = 16;
/** Mean advance of a letter relative to the size of the type. */
const LETTER = 0.505;

/** A drawing with a title above and notes below it, as one picture. */
export function captioned(svg: Svg, title: string, notes: readonly string[]): Svg {
  const width = Math.max(svg.width, 560);
  const titles = wrapped(title, width, TITLE_SIZE * 1.07);
  const lines = notes.flatMap((note) => wrapped(note, width, NOTE_SIZE));
  const top = titles.length * 20 + 14;
  const height = top + svg.height + (lines.length === 0 ? 0 : 18 + lines.length * NOTE_LINE);
  return picture(
    width,
    height,
    title,
    <>
      <Paper width={width} height={height} />
      <Lines x={0} y={16} lines={titles} leading={20} size={TITLE_SIZE} bold />
      <Place svg={svg} y={top} />
      <Notes y={top + svg.height + 24} lines={lines} />
    </>,
  );
}

/** A picture with notes below it. */
function underlined(svg: Svg, notes: readonly string[]): Svg {
  const lines = notes.flatMap((note) => wrapped(note, svg.width, NOTE_SIZE));
  const label = notes.join(' ');
  const below = picture(svg.width, lines.length * NOTE_LINE + 4, label, <Notes y={12} lines={lines} />);
  return stacked([svg, below], 6, label);
}

function Notes(place: { readonly y: number; readonly lines: readonly string[] }) {
  return <Lines x={0} {...place} leading={NOTE_LINE} size={NOTE_SIZE} color={COLORS.muted} />;
}

/** Words in lines that are about so wide in pixels. */
function wrapped(text: string, width: number, size: number): string[] {
  return wrapText(text, Math.max(12, Math.floor(width / (size * LETTER))));
}
