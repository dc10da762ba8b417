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

/** A picture with a key above it, in rows as wide as the picture. */
export function withLineKey(svg: Svg, entries: readonly KeyEntry[]): Svg {
  let x = 0;
  let y = 8;
  const parts = entries.map(({ label: words, color, dash }) => {
    const needed = NAME_AT + words.length * 7.2 + 16;
    if (x > 0 && x + needed > svg.width) {
      x = 0;
      y += ROW;
    }
    const sample =
      dash === 'diamond'
        ? `<path d="M${x + SAMPLE / 2} ${y - 7}l5.5 7l-5.5 7l-5.5 -7z" fill="${color}"/>`
        : `<path d="M${x} ${y}h${SAMPLE}" stroke="${color}" stroke-width="2.5" stroke-dasharray="${dash}" stroke-linecap="round"/>`;
    const entry = sample + label(x + NAME_AT, y + 4, words);
    x += needed;
    return entry;
  });
  const top = y + 22;
  const height = svg.height + top;
  const placed = svg.text.replace('<svg ', `<svg x="0" y="${top}" `);
  return {
    text: `${openSvg(svg.width, height, 'Key and curves')}${parts.join('')}${placed}</svg>`,
    width: svg.width,
    height,
  };
}
