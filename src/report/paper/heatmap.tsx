/** Planes of numbers as pictures: colours that are read the same by everyone, and the scale that explains them. */
import { loadSharp } from '../../data/pictures/sharp.ts';
import { Label } from '../charts/label.tsx';
import { VIRIDIS_COLORS } from '../charts/viridis.ts';
import { formatNumber } from '../format.ts';
import { COLORS } from '../theme.ts';

/** A colour for a share from 0 to 1: `[red, green, blue]`, 0 to 255. */
export type ColorMap = (share: number) => readonly [number, number, number];

/** Even steps in lightness, and told apart with any colour vision. */
export const VIRIDIS: ColorMap = colorsOf(VIRIDIS_COLORS);

/** Black to white. */
export const GREYS: ColorMap = (share) => {
  const level = Math.round(255 * share);
  return [level, level, level];
};

function colorsOf(hex: string): ColorMap {
  const bytes = Buffer.from(hex, 'hex');
  const table = Array.from({ length: 256 }, (_, i) => {
    const [red, green, blue] = bytes.subarray(3 * i, 3 * i + 3);
    return [red!, green!, blue!] as const;
  });
  return (share) => table[Math.round(255 * share)]!;
}

/** CSS colour of a share. */
export function cssColor(map: ColorMap, share: number): string {
  return `rgb(${map(Math.min(1, Math.max(0, share))).join(',')})`;
}

/** From a value to a share of a scale's length, and back at the ends. */
export interface ValueScale {
  readonly low: number;
  readonly high: number;
  readonly kind: 'linear' | 'log';
}

/** Where a value lies on its scale, cut off at the ends. */
export function shareOf(value: number, { low, high, kind }: ValueScale): number {
  const share =
    kind === 'log'
      ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
      : (value - low) / (high - low);
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
}

/** A plane `[rows, columns]` of values as colours, in a data URI. */
export async function planeUri(
  values: Float64Array,
  columns: number,
  scale: ValueScale,
  colors: ColorMap,
): Promise<string> {
  const pixels = new Uint8Array(values.length * 3);
  for (const [i, value] of values.entries()) pixels.set(colors(shareOf(value, scale)), 3 * i);
  const raw = { width: columns, height: values.length / columns, channels: 3 as const };
  const png = await loadSharp()(pixels, { raw }).png({ compressionLevel: 9 }).toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}

export interface ColorBarProps {
  readonly scale: ValueScale;
  readonly colors: ColorMap;
  readonly x: number;
  readonly y: number;
  readonly height: number;
  /** Stands above. */
  readonly name: string;
}

/** A vertical bar of the scale's colours with round numbers beside it. */
export function ColorBar({ scale, colors, x, y, height, name }: ColorBarProps) {
  const width = 14;
  const steps = 64;
  const style = { size: 11, color: COLORS.muted };
  return (
    <g aria-label={name}>
      {Array.from({ length: steps }, (_, i) => (
        <rect
          x={x}
          y={y + (height * (steps - 1 - i)) / steps}
          width={width}
          height={height / steps + 0.6}
          fill={cssColor(colors, (i + 0.5) / steps)}
        />
      ))}
      {scaleTicks(scale).map((value) => {
        const at = y + height * (1 - shareOf(value, scale));
        return (
          <>
            <path d={`M${x + width} ${at}h4`} stroke={COLORS.faint} />
            <Label x={x + width + 8} y={at + 4} {...style} text={tickText(value)} />
          </>
        );
      })}
      <Label x={x} y={y - 10} {...style} text={name} />
    </g>
  );
}

/** Round values inside a scale: 1, 2, 5, 10 … on a logarithmic one. */
export function scaleTicks({ low, high, kind }: ValueScale): number[] {
  if (kind === 'linear') return [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * (high - low));
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++) {
    for (const step of [1, 2, 5]) ticks.push(step * 10 ** decade);
  }
  const inside = ticks.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  return inside.length <= 9 ? inside : inside.filter((value) => /^1(e|$)/.test(value.toExponential(0)));
}

function tickText(value: number): string {
  const text = Number(value.toPrecision(3));
  return Math.abs(text) >= 0.01 || text === 0 ? String(text) : formatNumber(text, 4);
}
