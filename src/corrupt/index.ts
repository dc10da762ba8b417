/**
 * The 19 image corruptions of Hendrycks & Dietterich, "Benchmarking neural network robustness to common
 * corruptions and perturbations" (ICLR 2019), at 5 severities, with the strengths of CIFAR-10-C and of
 * ImageNet-C, for images of any size from 16 × 16 up.
 */

import { UserError } from '../errors.ts';
import type { Image } from '../image/image.ts';
import { jpegRoundTrip } from '../image/jpeg.ts';
import { randomStream } from '../random/random.ts';
import {
  CORRUPTIONS,
  type CorruptionName,
  PARAMETER_SETS,
  type ParameterSet,
  type Severity,
} from './names.ts';
import { type CorruptionParameters, PARAMETERS } from './parameters.ts';
import { REGISTRY } from './registry.ts';
import type { CorruptionContext, CorruptionFunction, Quirks } from './types.ts';

export { createImage, type Image } from '../image/image.ts';
export * from './names.ts';
export { type CorruptionParameters, PARAMETERS } from './parameters.ts';
export type { CorruptionContext, CorruptionFunction, Quirks } from './types.ts';

/** The smallest side of an image that can be corrupted, in pixels. */
export const SMALLEST_SIDE = 16;

/** Everything as the original code does it, and with it the published sets. */
export const COMPATIBLE_QUIRKS: Readonly<Quirks> = {
  glassCopies: true,
  glassHalfOpen: true,
  defocusUnnormalized: true,
  zoomArange: true,
  fogCorner: true,
  frostSkipsSixth: true,
  elastic244: true,
  jpeg85: true,
};

const JPEG85_QUALITY = 85;

export interface CorruptOptions {
  readonly corruption: CorruptionName;
  /** 1 is mild, 5 is worst. */
  readonly severity: Severity;
  /** Whose strengths. `imagenet` also stores the result as JPEG of quality 85, see {@link Quirks.jpeg85}. */
  readonly set: ParameterSet;
  readonly seed: number;
  /** Number of the image in its data set: every image gets random numbers of its own. */
  readonly index: number;
  /** Frost textures (five or six, any size); the project's own where none are given. */
  readonly frost?: readonly Image[];
  /** Switches that differ from {@link COMPATIBLE_QUIRKS}. */
  readonly quirks?: Partial<Quirks>;
}

/**
 * A corrupted copy of an image, of the same size.
 *
 * The result depends on the image and the options alone: random numbers are keyed by (seed, corruption,
 * severity, index), so neither the order of calls nor the number of threads matters.
 *
 * Throws a UserError for an unknown corruption, severity or set, and for an image below 16 × 16.
 */
export function corrupt(image: Image, options: CorruptOptions): Image {
  const { corruption, severity, set, seed, index } = options;
  checkOptions(image, options);
  const quirks = { ...COMPATIBLE_QUIRKS, ...options.quirks };
  const result = apply(corruption, image, {
    set,
    severity,
    random: randomStream('corrupt', seed, corruption, severity, index),
    quirks,
    frost: options.frost,
  });
  return set === 'imagenet' && quirks.jpeg85 ? jpegRoundTrip(result, JPEG85_QUALITY) : result;
}

function apply<N extends CorruptionName>(
  name: N,
  image: Image,
  context: Omit<CorruptionContext<N>, 'parameters'>,
): Image {
  const table: { readonly [M in CorruptionName]: readonly Readonly<CorruptionParameters[M]>[] } =
    PARAMETERS[context.set];
  const run: CorruptionFunction<N> = REGISTRY[name];
  return run(image, { ...context, parameters: table[name][context.severity - 1] });
}

function checkOptions(image: Image, { corruption, severity, set }: CorruptOptions): void {
  if (!CORRUPTIONS.includes(corruption)) {
    throw new UserError(`corruption '${corruption}' is unknown; choose one of ${CORRUPTIONS.join(', ')}`);
  }
  if (![1, 2, 3, 4, 5].includes(severity)) {
    throw new UserError(`severity must be 1, 2, 3, 4 or 5, found ${severity}`);
  }
  if (!PARAMETER_SETS.includes(set)) {
    throw new UserError(`parameter set must be ${PARAMETER_SETS.join(' or ')}, found '${set}'`);
  }
  if (image.width < SMALLEST_SIDE || image.height < SMALLEST_SIDE) {
    throw new UserError(
      `${corruption} needs an image of ${SMALLEST_SIDE} × ${SMALLEST_SIDE} pixels or more, ` +
        `found ${image.width} × ${image.height}; enlarge it first`,
    );
  }
}
