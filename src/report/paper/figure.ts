/** A figure of the paper, from its drawing to its files. */

import path from 'node:path';
import { writeFileAtomic } from '../../data/files.ts';
import { mkdir } from '../../data/fs.ts';
import { framed, openSvg, type Svg, toPng } from '../charts/render.ts';
import { escapeHtml } from '../format.ts';
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
  const lines = notes.flatMap((note) => wrapped(note, width, NOTE_SIZE));
  const titles = wrapped(title, width, TITLE_SIZE * 1.07);
  const top = titles.length * 20 + 14;
  const bottom = lines.length === 0 ? 0 : 18 + lines.length * NOTE_LINE;
  const height = top + svg.height + bottom;
  const parts = [
    `<rect width="${width}" height="${height}" fill="${COLORS.paper}"/>`,
    ...titles.map((line, i) => label(0, 16 + i * 20, line, { size: TITLE_SIZE, weight: 600 })),
    svg.text.replace('<svg ', `<svg x="0" y="${top}" `),
    ...lines.map((line, i) =>
      label(0, top + svg.height + 24 + i * NOTE_LINE, line, { size: NOTE_SIZE, color: COLORS.muted }),
    ),
  ];
  return { text: `${openSvg(width, height, title)}${parts.join('')}</svg>`, width, height };
}

/** A picture with notes below it. */
function underlined(svg: Svg, notes: readonly string[]): Svg {
  const lines = notes.flatMap((note) => wrapped(note, svg.width, NOTE_SIZE));
  const height = lines.length * NOTE_LINE + 4;
  const text = lines.map((line, i) =>
    label(0, 12 + i * NOTE_LINE, line, { size: NOTE_SIZE, color: COLORS.muted }),
  );
  const below = {
    text: `${openSvg(svg.width, height, notes.join(' '))}${text.join('')}</svg>`,
    width: svg.width,
    height,
  };
  return stacked([svg, below], 6, notes.join(' '));
}

/** Pictures below each other, from the left. */
export function stacked(pictures: readonly Svg[], gap: number, words: string): Svg {
  const width = Math.max(...pictures.map((svg) => svg.width));
  let y = 0;
  const parts = pictures.map((svg) => {
    const placed = svg.text.replace('<svg ', `<svg x="0" y="${y}" `);
    y += svg.height + gap;
    return placed;
  });
  const height = y - gap;
  return { text: `${openSvg(width, height, words)}${parts.join('')}</svg>`, width, height };
}

export interface LabelStyle {
  readonly size?: number;
  readonly weight?: number;
  readonly color?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
}

/** A line of text as SVG. */
export function label(x: number, y: number, words: string, style: LabelStyle = {}): string {
  const { size = 12, weight = 400, color = COLORS.ink, anchor = 'start' } = style;
  return (
    `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" ` +
    `fill="${color}">${escapeHtml(words)}</text>`
  );
}

/** Words in lines that are about so wide in pixels. */
export function wrapped(text: string, width: number, size: number): string[] {
  const most = Math.max(12, Math.floor(width / (size * LETTER)));
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1]!;
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
