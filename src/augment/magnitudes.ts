import type { OperationName } from './operations.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The magnitudes of an operation, evenly spaced from one end to the other. */
export interface MagnitudeRange {
  readonly from: number;
  readonly to: (size: Size) => number;
  /** The sign is drawn as well. */
  readonly signed: boolean;
  /** Rounded to whole numbers. */
  readonly whole?: boolean;
}

/** The operations that a policy chooses from, with their magnitudes; null where an operation has none. */
export interface MagnitudeSpace {
  /** Magnitudes of each range. */
  readonly bins: number;
  readonly ranges: Readonly<Partial<Record<OperationName, MagnitudeRange | null>>>;
}

const signed = (to: MagnitudeRange['to'] | number): MagnitudeRange => ({
  from: 0,
  to: typeof to === 'number' ? () => to : to,
  signed: true,
});

const between = (from: number, to: number, whole = false): MagnitudeRange => ({
  from,
  to: () => to,
  signed: false,
  whole,
});

/** AutoAugment's ranges: found on images of 331 pixels, of which 150 were the farthest translation. */
const USUAL = {
  ShearX: signed(0.3),
  ShearY: signed(0.3),
  TranslateX: signed(({ width }) => (150 / 331) * width),
  TranslateY: signed(({ height }) => (150 / 331) * height),
  Rotate: signed(30),
  Brightness: signed(0.9),
  Color: signed(0.9),
  Contrast: signed(0.9),
  Sharpness: signed(0.9),
  Posterize: between(8, 4, true),
  Solarize: between(255, 0),
  AutoContrast: null,
  Equalize: null,
} as const;

export const AUTOAUGMENT_SPACE: MagnitudeSpace = { bins: 10, ranges: { ...USUAL, Invert: null } };

export const RANDAUGMENT_SPACE: MagnitudeSpace = { bins: 31, ranges: { Identity: null, ...USUAL } };

/** The wide ranges of TrivialAugment (Müller & Hutter 2021). */
export const TRIVIALAUGMENT_SPACE: MagnitudeSpace = {
  bins: 31,
  ranges: {
    Identity: null,
    ShearX: signed(0.99),
    ShearY: signed(0.99),
    TranslateX: signed(32),
    TranslateY: signed(32),
    Rotate: signed(135),
    Brightness: signed(0.99),
    Color: signed(0.99),
    Contrast: signed(0.99),
    Sharpness: signed(0.99),
    Posterize: between(8, 2, true),
    Solarize: between(255, 0),
    AutoContrast: null,
    Equalize: null,
  },
};

/** AugMix's, of which a severity takes the first bins. */
export const AUGMIX_SPACE: MagnitudeSpace = {
  bins: 10,
  ranges: {
    ...USUAL,
    TranslateX: signed(({ width }) => width / 3),
    TranslateY: signed(({ height }) => height / 3),
    Posterize: between(4, 0, true),
  },
};

/** One operation as it was drawn. */
export interface Choice {
  readonly operation: OperationName;
  /** Which of the space's magnitudes, from 0; null for an operation without any. */
  readonly bin: number | null;
  readonly negative: boolean;
}

/** The magnitude of a choice for images of a size; 0 for an operation without any. */
export function magnitudeOf(space: MagnitudeSpace, { operation, bin, negative }: Choice, size: Size): number {
  const range = space.ranges[operation];
  if (!range || bin === null) return 0;
  const { from, to, whole } = range;
  if (whole) return from - Math.round(bin / ((space.bins - 1) / (from - to(size))));
  const magnitude = linspace(from, to(size), space.bins, bin);
  return negative ? -magnitude : magnitude;
}

/** One of `count` evenly spaced numbers in float32, reckoned from the nearer end as PyTorch's `linspace` does. */
function linspace(from: number, to: number, count: number, index: number): number {
  const { fround } = Math;
  const [first, last] = [fround(from), fround(to)];
  const step = fround(fround(last - first) / (count - 1));
  if (index < Math.floor(count / 2)) return fround(first + fround(step * index));
  return fround(last - fround(step * (count - index - 1)));
}
