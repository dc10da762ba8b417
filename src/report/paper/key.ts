/** What lines and marks mean, above a picture. */
import { openSvg, type Svg } from '../charts/render.ts';
import { label } from './figure.ts';

export interface KeyEntry {
  readonly label: string;
  readonly color: string;
  /** Of the line, as SVG's `stroke-dasharray`; a diamond stands for a single point. */
  readonly dash: string | 'diamond';
}

/** Pixels of a sample of a line, and from its start to the name. */
const SAMPLE = 22;
const NAME_AT = 29;
const ROW = 20;

/** Mean advance of a letter of a name, pixels, and what stays free behind it. */
const LETTER = 6.6;
const BEHIND = 22;

/** A picture with a key above it, in columns of one width, as many as the picture has room for. */
export function withLineKey(svg: Svg, entries: readonly KeyEntry[]): Svg {
  const longest = Math.max(...entries.map((entry) => entry.label.length));
  const single = entries.map((entry) => NAME_AT + entry.label.length * LETTER + BEHIND);
  const inOneRow = single.reduce((sum, width) => sum + width, 0) <= svg.width;
  const column = NAME_AT + longest * LETTER + BEHIND;
  const columns = Math.max(1, Math.floor(svg.width / column));
  const placeOf = (index: number) =>
    inOneRow
      ? { x: single.slice(0, index).reduce((sum, width) => sum + width, 0), y: 8 }
      : { x: (index % columns) * column, y: 8 + Math.floor(index / columns) * ROW };
  const parts = entries.map(({ label: words, color, dash }, index) => {
    const { x, y } = placeOf(index);
    const sample =
      dash === 'diamond'
        ? `<path d="M${x + SAMPLE / 2} ${y - 7}l5.5 7l-5.5 7l-5.5 -7z" fill="${color}"/>`
        : `<path d="M${x} ${y}h${SAMPLE}" stroke="${color}" stroke-width="2.5" stroke-dasharray="${dash}" stroke-linecap="round"/>`;
    return sample + label(x + NAME_AT, y + 4, words);
  });
  const top = placeOf(entries.length - 1).y + 22;
  const height = svg.height + top;
  const placed = svg.text.replace('<svg ', `<svg x="0" y="${top}" `);
  return {
    text: `${openSvg(svg.width, height, 'Key and curves')}${parts.join('')}${placed}</svg>`,
    width: svg.width,
    height,
  };
}
