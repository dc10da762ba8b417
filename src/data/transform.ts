import type { PlannedName } from '../augment/augment.ts';
import type { PrimeSet } from '../augment/prime/index.ts';
import type { CorruptionName, ParameterSet, Severity } from '../corrupt/names.ts';
import type { Geometry, Triple } from '../models/card.ts';

export type { Triple };

/** One step from a decoded image to what the network sees. Plain data, so that it can be sent to threads. */
export type Transform =
  /** Varied at random, at the image's own size; with another number of a view, otherwise. */
  | { readonly kind: 'augment'; readonly name: PlannedName; readonly view?: number }
  /** Short side to so many pixels, bilinear, antialiased; nothing when it has that length already. */
  | { readonly kind: 'resize'; readonly shortSide: number }
  | { readonly kind: 'resizeTo'; readonly width: number; readonly height: number }
  /** The square in the middle; black where the image is smaller. */
  | { readonly kind: 'centerCrop'; readonly size: number }
  /** To the size of a model from elsewhere, in the way that it wants. */
  | ({ readonly kind: 'fit' } & Geometry)
  /** A random square of the image inside a black frame of `padding` pixels. */
  | { readonly kind: 'randomCrop'; readonly size: number; readonly padding: number }
  /** Left and right exchanged with probability one half. */
  | { readonly kind: 'randomHorizontalFlip' }
  | {
      readonly kind: 'corrupt';
      readonly corruption: CorruptionName;
      readonly severity: Severity;
      readonly set: ParameterSet;
      readonly seed: number;
      /** Folder of frost textures; the generated ones where none is given. */
      readonly frostDir?: string;
    }
  /** PRIME on values in [0, 1], with the strengths for small images (`cifar`) or for large ones. */
  | { readonly kind: 'prime'; readonly set: PrimeSet }
  /** (value / 255 - mean) / std, a channel at a time. */
  | { readonly kind: 'normalize'; readonly mean: Triple; readonly std: Triple }
  /** Order of a batch's axes and its number type; uint8 cannot be normalised. Default: NCHW, float32. */
  | { readonly kind: 'layout'; readonly layout: 'NCHW' | 'NHWC'; readonly dtype: 'float32' | 'uint8' };
