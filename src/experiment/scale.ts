/** Rehearsals: the same experiment with narrower networks, fewer epochs and fewer images. */
import { z } from 'zod';
import { UserError } from '../errors.ts';

/** What a rehearsal shrinks. */
export const SCALE_AXES = ['width', 'epochs', 'train', 'test'] as const;
export type ScaleAxis = (typeof SCALE_AXES)[number];

/** One factor for everything, or a largest value for some of it. */
export const scaleSchema = z.union([
  z.strictObject({ factor: z.number().positive().max(1) }),
  z.strictObject({
    width: z.number().int().positive().optional(),
    epochs: z.number().int().positive().optional(),
    train: z.number().int().positive().optional(),
    test: z.number().int().positive().optional(),
  }),
]);
export type Scale = z.infer<typeof scaleSchema>;

/** Narrowest first stage that a factor leads to, channels. */
const LEAST_WIDTH = 4;

/** What is shrunk of one row. */
export interface Extent {
  /** Channels of the first stage. */
  readonly width: number;
  readonly epochs: number;
  /** Training images. */
  readonly train: number;
  /** Test images. */
  readonly test: number;
}

/**
 * Read `0.1` or `width=8,epochs=6,train=5000,test=1000`.
 *
 * @throws UserError when it is neither
 */
export function parseScale(text: string): Scale {
  const factor = Number(text);
  if (text.trim() !== '' && Number.isFinite(factor)) {
    if (factor > 0 && factor <= 1) return { factor };
    throw new UserError(`--scale: expected a factor above 0, up to 1, found "${text}"`);
  }
  const scale: Partial<Record<ScaleAxis, number>> = {};
  for (const part of text.split(',')) {
    const [, axis, value] = /^\s*(\w+)=([1-9]\d*)\s*$/.exec(part) ?? [];
    const known = SCALE_AXES.find((name) => name === axis);
    if (known === undefined || scale[known] !== undefined) {
      throw new UserError(
        `--scale: expected a factor such as 0.1, or largest values such as width=8,epochs=6,train=5000,test=1000, found "${text}"`,
      );
    }
    scale[known] = Number(value);
  }
  return scale;
}

/** As `parseScale` reads it. */
export function scaleWord(scale: Scale): string {
  if ('factor' in scale) return String(scale.factor);
  return SCALE_AXES.flatMap((axis) => (scale[axis] === undefined ? [] : [`${axis}=${scale[axis]}`])).join(
    ',',
  );
}

/**
 * The extent of a rehearsal. With a factor: each value times the factor, rounded to the nearest whole number (a half up),
 * but at least 4 channels, 1 epoch and one image of each class; with named values: the smaller of the two. Nothing grows.
 */
export function scaled(full: Extent, scale: Scale | undefined, classes: number): Extent {
  if (scale === undefined) return full;
  const least: Extent = { width: LEAST_WIDTH, epochs: 1, train: classes, test: classes };
  const shrink = (axis: ScaleAxis): number => {
    const wanted =
      'factor' in scale
        ? Math.max(Math.round(full[axis] * scale.factor), least[axis])
        : (scale[axis] ?? full[axis]);
    return Math.min(full[axis], wanted);
  };
  return { width: shrink('width'), epochs: shrink('epochs'), train: shrink('train'), test: shrink('test') };
}

const WORDS: Readonly<Record<ScaleAxis, (count: string) => string>> = {
  width: (count) => `width ${count}`,
  epochs: (count) => `${count} ${count === '1' ? 'epoch' : 'epochs'}`,
  train: (count) => `${count} training images`,
  test: (count) => `${count} test images`,
};

/**
 * How a rehearsal is smaller, in words: `width 8 instead of 64, 6 epochs instead of 30`. Undefined where it is not.
 *
 * @param extents of each row, whole and scaled; rows of other extents are told with theirs
 */
export function describeScale(
  extents: readonly { readonly full: Extent; readonly scaled: Extent }[],
): string | undefined {
  const parts = SCALE_AXES.flatMap((axis) => {
    const changed = extents.filter((extent) => extent.full[axis] !== extent.scaled[axis]);
    const pairs = new Set(
      changed.map(
        (extent) => `${WORDS[axis](count(extent.scaled[axis]))} instead of ${count(extent.full[axis])}`,
      ),
    );
    return [...pairs];
  });
  return parts.length === 0 ? undefined : parts.join(', ');
}

function count(value: number): string {
  return value.toLocaleString('en');
}
