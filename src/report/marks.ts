/**
 * What the marks of every table mean, on a terminal, on a page and in a paper: one place decides, so that a star or bold
 * never says one thing here and another there.
 */

/** Below this p value a difference is called more than chance; of many corruptions the one adjusted by Holm's method. */
export const SIGNIFICANT = 0.05;

/**
 * How a figure stands to the baseline's. `better` and `worse`: by more than chance. `ahead` and `behind`: so the figures say,
 * but chance alone may do that, or nothing tells. `same`: equal as printed.
 */
export type Mark = 'better' | 'ahead' | 'same' | 'behind' | 'worse';

/** A test of a difference from the baseline. */
export interface Test {
  /** Error less the baseline's: below zero is better. */
  readonly difference: number;
  readonly p: number;
}

/**
 * @param difference of the figures, error less the baseline's; what is printed equal is given as 0
 * @param test of that difference, where there is one; one that points the other way proves nothing
 */
export function markOf(difference: number, test?: Test): Mark {
  if (difference === 0) return 'same';
  const proven = test !== undefined && test.p < SIGNIFICANT && test.difference < 0 === difference < 0;
  if (difference < 0) return proven ? 'better' : 'ahead';
  return proven ? 'worse' : 'behind';
}

const SIGNS: Readonly<Record<Mark, string>> = { better: '*', ahead: '°', same: '', behind: '', worse: '‡' };

/** The sign behind a figure: `*` better, `‡` worse, `°` ahead; none for the others. */
export function signOf(mark: Mark | undefined): string {
  return mark ? SIGNS[mark] : '';
}

/**
 * What the signs mean, of those that were used.
 *
 * @param bold whether the format prints `better` in bold in place of the star
 * @param how what decides: `by a test of the answers to each image`; nothing was tested where absent
 */
export function legend(
  marks: Iterable<Mark | undefined>,
  options: { readonly bold?: boolean; readonly how?: string } = {},
): string | undefined {
  const used = new Set(marks);
  const { bold = false, how } = options;
  const parts = [
    ...(used.has('better') ? [`${bold ? 'bold:' : '*'} better than the baseline by more than chance`] : []),
    ...(used.has('worse') ? ['‡ worse by more than chance'] : []),
    ...(used.has('ahead') ? [`° better, ${how ? 'but within chance or untested' : 'untested'}`] : []),
  ];
  if (parts.length === 0) return undefined;
  const text = `${parts.join('; ')}.${how ? ` More than chance: ${how}.` : ''}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Of the tests of one pair of networks, image by image. */
export const BY_IMAGES =
  'p < .05: McNemar’s test of clean images, sign-flip test of corrupted ones, each corruption by Holm';
