/** What lines and marks mean, above a picture. */
import { Label } from '../charts/label.tsx';
import { Mark } from '../charts/mark.tsx';
import { Place, picture, type Svg } from '../charts/picture.tsx';

export interface KeyEntry {
  readonly label: string;
  readonly color: string;
  /** Of the line, as SVG's `stroke-dasharray`; a diamond stands for a single point. Default: a whole line. */
  readonly dash?: string | 'diamond';
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
  const widths = entries.map(({ label }) => NAME_AT + label.length * LETTER + BEHIND);
  const startOf = (index: number) => widths.slice(0, index).reduce((sum, width) => sum + width, 0);
  const inOneRow = startOf(entries.length) <= svg.width;
  const column = Math.max(...widths);
  const columns = Math.max(1, Math.floor(svg.width / column));
  const placeOf = (index: number) =>
    inOneRow
      ? { x: startOf(index), y: 8 }
      : { x: (index % columns) * column, y: 8 + Math.floor(index / columns) * ROW };
  const top = placeOf(entries.length - 1).y + 22;
  return picture(
    svg.width,
    svg.height + top,
    'Key and curves',
    <>
      {entries.map((entry, index) => (
        <Entry {...entry} {...placeOf(index)} />
      ))}
      <Place svg={svg} y={top} />
    </>,
  );
}

function Entry({ label, color, dash, x, y }: KeyEntry & { readonly x: number; readonly y: number }) {
  return (
    <>
      {dash === 'diamond' ? (
        <Mark x={x + SAMPLE / 2} y={y} color={color} shape="diamond" size={10} />
      ) : (
        <path
          d={`M${x} ${y}h${SAMPLE}`}
          stroke={color}
          stroke-width={2.5}
          stroke-dasharray={dash}
          stroke-linecap="round"
        />
      )}
      <Label x={x + NAME_AT} y={y + 4} text={label} />
    </>
  );
}
