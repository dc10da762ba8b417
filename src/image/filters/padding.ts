import { bytesAt, floatsAt, kernels, take } from '../kernels.ts';

/** Pixels added on each side. */
export interface Margin {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A picture in the kernels' memory, float32, rows from the top. */
export interface Padded {
  readonly at: number;
  /** Bytes a row. */
  readonly stride: number;
}

export const evenMargin = (size: number): Margin => ({ left: size, right: size, top: size, bottom: size });

/** Index of the nearest of `size` samples: a a | a b c | c c. */
export const nearest = (index: number, size: number): number => Math.max(0, Math.min(size - 1, index));

/**
 * Places an interleaved picture [height, width, channels] in the kernels' memory with a margin about it.
 *
 * @param source Which of `size` samples stands at an index outside of them; see border.ts.
 */
export function placePadded(
  data: Uint8Array | Float32Array,
  width: number,
  height: number,
  channels: number,
  { left, right, top, bottom }: Margin,
  source: (index: number, size: number) => number,
): Padded {
  const row = width * channels;
  const start = left * channels;
  const wide = row + start + right * channels;
  const bytes = data instanceof Uint8Array ? take(data.length) : 0;
  const at = take(wide * (top + height + bottom) * 4);
  if (data instanceof Uint8Array) bytesAt(bytes, data.length).set(data);
  const padded = floatsAt(at, wide * (top + height + bottom));
  for (let y = 0; y < height; y++) {
    const to = (top + y) * wide + start;
    if (data instanceof Uint8Array) kernels.widen(bytes + y * row, at + to * 4, row);
    else padded.set(data.subarray(y * row, (y + 1) * row), to);
  }
  const beside = (x: number) => Array.from({ length: channels }, (_, c) => source(x, width) * channels + c);
  const before = Array.from({ length: left }, (_, x) => beside(x - left)).flat();
  const after = Array.from({ length: right }, (_, x) => beside(width + x)).flat();
  for (let y = top; y < top + height; y++) {
    const from = y * wide + start;
    for (let i = 0; i < before.length; i++) padded[y * wide + i] = padded[from + before[i]];
    for (let i = 0; i < after.length; i++) padded[from + row + i] = padded[from + after[i]];
  }
  const copyRow = (y: number) => {
    const from = (top + source(y, height)) * wide;
    padded.copyWithin((top + y) * wide, from, from + wide);
  };
  for (let y = -top; y < 0; y++) copyRow(y);
  for (let y = height; y < height + bottom; y++) copyRow(y);
  return { at, stride: wide * 4 };
}
