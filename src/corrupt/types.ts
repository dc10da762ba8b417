import type { Image } from '../image/image.ts';
import type { Random } from '../random/random.ts';
import type { CorruptionName, ParameterSet, Severity } from './names.ts';
import type { CorruptionParameters } from './parameters.ts';

/**
 * Peculiarities of the original code that the published sets carry. `true` does as the original does and
 * is the default; `false` does what its authors described.
 */
export interface Quirks {
  /** glass_blur copies the neighbour over the pixel, and the neighbour keeps its value: no swap. */
  glassCopies: boolean;
  /** glass_blur draws shifts from [-max, max) and scans rows and columns from size - max to max + 1 only. */
  glassHalfOpen: boolean;
  /** defocus_blur's kernel is not renormalised after its smoothing: radius 8 brightens by 1.3 %. */
  defocusUnnormalized: boolean;
  /** fog cuts the top left corner out of a map whose side is a power of two; `false` cuts anywhere. */
  fogCorner: boolean;
  /** zoom_blur counts its factors with rounding errors, so that some lists include their end. */
  zoomArange: boolean;
  /** frost never draws the last of six textures. */
  frostSkipsSixth: boolean;
  /** elastic_transform of the ImageNet set reckons with 244 pixels where 224 was meant. */
  elastic244: boolean;
  /** The ImageNet set was stored as JPEG of quality 85: every result goes through that once more. */
  jpeg85: boolean;
}

/** What a corruption works with besides the image. */
export interface CorruptionContext<N extends CorruptionName> {
  readonly set: ParameterSet;
  readonly severity: Severity;
  /** The strengths for this set and severity. */
  readonly parameters: Readonly<CorruptionParameters[N]>;
  /** The stream that belongs to (seed, corruption, severity, index). */
  readonly random: Random;
  readonly quirks: Readonly<Quirks>;
  /** Frost textures; the project's own are made where none are given. */
  readonly frost?: readonly Image[];
}

/** One corruption: returns a new image of the same size and leaves its input alone. */
export type CorruptionFunction<N extends CorruptionName> = (
  image: Image,
  context: CorruptionContext<N>,
) => Image;
