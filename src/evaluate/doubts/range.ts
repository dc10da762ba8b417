/** Ranges of pixel values that cannot be meant. */
import type { PreprocessingFlags } from '../model/preprocessing.ts';

/**
 * Takes mean and standard deviation for those of values in 0 to 255 where they can be none of values in 0 to 1, whose
 * mean is at most 1 and whose standard deviation at most a half, and `--scale` says nothing.
 *
 * @returns the options with what they imply, and what was done, in words
 */
export function impliedScale(flags: PreprocessingFlags): {
  readonly flags: PreprocessingFlags;
  readonly adopted: readonly string[];
} {
  const found = flags.scale === undefined ? beyond(flags) : undefined;
  if (found === undefined) return { flags, adopted: [] };
  return {
    flags: { ...flags, scale: '0-255' },
    adopted: [
      `--mean and --std refer to pixel values of 0 to 255, because ${found} is none of values in 0 to 1; ` +
        '--scale 0-1 or 0-255 says which',
    ],
  };
}

/** What looks wrong with mean and standard deviation as they were told. */
export function rangeDoubts(flags: PreprocessingFlags): string[] {
  const { mean, std, scale } = flags;
  const found = beyond(flags);
  if (scale === '0-1' && found !== undefined) {
    return [
      `${found} is none of values in 0 to 1, as --scale 0-1 has them; --scale 0-255 takes it for one of pixel values`,
    ];
  }
  if (mean?.some((value) => value > 1) && std?.every((value) => value <= 0.5)) {
    return [
      `--mean ${mean.join(',')} is of pixel values of 0 to 255, --std ${std.join(',')} of values in 0 to 1; give both in one range`,
    ];
  }
  if (mean?.some((value) => value < 0)) {
    return [
      `--mean ${mean.join(',')} is negative, pixel values are not: it is subtracted, give it with the other sign`,
    ];
  }
  return [];
}

function beyond({ mean, std }: PreprocessingFlags): string | undefined {
  if (mean?.some((value) => value > 1)) return `a mean of ${Math.max(...mean)}`;
  if (std?.some((value) => value > 1)) return `a standard deviation of ${Math.max(...std)}`;
  return undefined;
}
