/** What `pushpull corrupt` is asked, understood. */
import type { CorruptionName, ParameterSet, Quirks, Severity } from '../../corrupt/index.ts';
import type { BadLimit } from '../../data/bad-images.ts';
import type { Image } from '../../image/image.ts';
import type { DataFlags } from '../shared/data-options.ts';
import type { CorruptFormat } from './formats.ts';

export interface CorruptFlags extends Omit<DataFlags, 'split'> {
  data: string;
  corruption: string;
  severity: string;
  out: string;
  set?: ParameterSet;
  format?: CorruptFormat;
  seed: number;
  size?: number;
  limit?: number;
  split: string;
  frostDir?: string;
  without?: string;
  workers?: number;
  cache?: string;
  skipBad?: boolean;
  maxBad?: BadLimit;
}

export interface CorruptTask {
  readonly flags: CorruptFlags;
  readonly corruptions: readonly CorruptionName[];
  readonly severities: readonly Severity[];
  readonly quirks: Partial<Quirks>;
  readonly frost?: readonly Image[];
}

/** Largest side of a picture for which CIFAR's strengths are the default. */
const SMALL_IMAGE = 64;

export function defaultSet({ width, height }: { width: number; height: number }): ParameterSet {
  return Math.max(width, height) <= SMALL_IMAGE ? 'cifar' : 'imagenet';
}
