/** What a model's configuration says of its images, and what of that cannot be followed. */
import { UserError } from '../../../errors.ts';
import type { Preprocessing, Size } from '../../../models/card.ts';
import type { GeometryFlags } from '../geometry.ts';

/** How images are prepared, in so far as it is told; `mean` and `std` have red first. */
export interface KnownPreprocessing extends Partial<Omit<Preprocessing, 'layout' | 'dtype' | 'channels'>> {
  /** Undefined where nobody says that red is first. */
  readonly channels?: 'rgb' | 'bgr' | 'grey';
}

export interface DeclaredPreprocessing {
  readonly known: KnownPreprocessing;
  /** The file and what of it was read, for people. */
  readonly source: string;
  /** What was assumed where the file says nothing, and what of it is left out, in words. */
  readonly notes: readonly string[];
  /** What of the file cannot be followed: each must be overruled by an option. */
  readonly gaps: readonly Gap[];
  /** The geometry for a model of another size than the file's; without it there is none. */
  readonly at?: (size: Size) => KnownPreprocessing;
}

/** Something that a configuration asks for and that is not done here, or not told clearly. */
export interface Gap {
  /** Names the key: `"do_pad" true, …`. */
  readonly says: string;
  /** What of the preparation it is about; options for that replace it. */
  readonly about: keyof typeof INSTEAD;
}

/** What options say in its place; of those that are no geometry only whether they are given matters. */
export interface Overruling extends GeometryFlags {
  readonly inputSize?: unknown;
  readonly mean?: unknown;
  readonly std?: unknown;
  readonly scale?: unknown;
  readonly channels?: unknown;
}

type Option = 'fit' | 'resize' | 'resample' | 'mean' | 'std' | 'channels';

/** Of each list one option is enough. */
const INSTEAD = {
  size: { options: ['fit', 'resize'], all: false },
  filter: { options: ['resample'], all: false },
  values: { options: ['mean', 'std'], all: true },
  channels: { options: ['channels'], all: false },
} as const satisfies Record<string, { options: readonly Option[]; all: boolean }>;

const ADVICE: Readonly<Record<keyof typeof INSTEAD, string>> = {
  size:
    'pass --fit squeeze (width and height resized apart), --fit pad, or --resize 256 (the short side, then the centre crop); ' +
    '--fit none where the images have the size already',
  filter: 'pass --resample bilinear or another filter',
  values: 'pass --mean and --std',
  channels: 'pass --channels rgb or bgr',
};

/** Whether options say what a gap leaves open. A geometry without resizing needs no filter. */
function isFilled({ about }: Gap, flags: Overruling): boolean {
  if (about === 'filter' && (flags.fit === 'none' || flags.fit === 'crop-only')) return true;
  const { options, all } = INSTEAD[about];
  const given = (option: Option) => flags[option] !== undefined;
  return all ? options.every(given) : options.some(given);
}

/**
 * Refuses a configuration that would be followed in part only.
 *
 * @param pixels whether the model takes pixel values, and normalises them itself
 * @throws UserError that names the key and the options that replace it
 */
export function refuseGaps(
  file: string,
  { source, gaps }: DeclaredPreprocessing,
  flags: Overruling,
  pixels: boolean,
): void {
  const open = gaps.find((gap) => !isFilled(gap, flags) && !(pixels && gap.about === 'values'));
  if (!open) return;
  throw new UserError(`${file}: ${source} says ${open.says}; ${ADVICE[open.about]}`);
}

/** Where the preparation comes from, what options overrule of it and what is left out, in words. */
export function describeDeclared(
  { source, notes, known, gaps }: DeclaredPreprocessing,
  flags: Overruling,
  pixels: boolean,
): string {
  const given = (
    [
      ['--input-size', flags.inputSize],
      ['--resize', flags.resize],
      ['--fit', flags.fit],
      ['--resample', flags.resample],
      ['--crop-rounding', flags.cropRounding],
      ['--fill', flags.fill],
      ['--mean', flags.mean],
      ['--std', flags.std],
      ['--scale', flags.scale],
      ['--channels', flags.channels],
    ] as const
  ).flatMap(([option, value]) => (value === undefined ? [] : [option]));
  return [
    `${source}${given.length > 0 ? `, but ${given.join(', ')} as given` : ''}`,
    ...notes,
    ...gaps.map(({ says }) => `not followed: ${says}`),
    ...(pixels && (known.mean ?? known.std) ? ['its mean and std are left out: the model takes pixels'] : []),
  ].join('; ');
}

/** One channel's value for all three, or three values; undefined for another number of them. */
export function toTriple(value: unknown): readonly [number, number, number] | undefined {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (!values.every((each) => typeof each === 'number' && Number.isFinite(each))) return undefined;
  const [first, second = first, third = first] = values as number[];
  return values.length === 1 || values.length === 3 ? [first, second, third] : undefined;
}
