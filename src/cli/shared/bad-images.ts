/** The options for images that cannot be read, and what the terminal tells of them. */
import type { Command } from 'commander';
import { BAD_LIMIT_HELP, type BadLimit, parseBadLimit, type Unreadable } from '../../data/bad-images.ts';
import { UserError } from '../../errors.ts';
import { plural } from '../../words.ts';

/** So many are named; all of them stand in a file. */
export const NAMED_BAD_IMAGES = 5;

/** Their number, the first of them with the reason, and where all are listed; nothing where there are none. */
export function badImagesFacts(images: readonly Unreadable[], file: string): [name: string, text: string][] {
  if (images.length === 0) return [];
  const named = images.slice(0, NAMED_BAD_IMAGES).map(({ path, reason }) => `${path}: ${reason}`);
  const texts = [
    `${plural(images.length, 'image')} that could not be read, listed in ${file}`,
    ...named,
    ...(images.length > NAMED_BAD_IMAGES ? [`and ${images.length - NAMED_BAD_IMAGES} more`] : []),
  ];
  return texts.map((text, line) => [line === 0 ? 'left out' : '', text]);
}

/**
 * `--skip-bad` and `--max-bad` of a command that otherwise refuses data with unreadable images.
 *
 * @param where The images that were left out are listed.
 */
export function addSkipBadOptions(command: Command, where: string): Command {
  return command
    .option(
      '--skip-bad',
      `leave unreadable images out instead of refusing the data; they are listed ${where}`,
    )
    .option('--max-bad <n>', `with --skip-bad, ${BAD_LIMIT_HELP}`, parseBadLimit);
}

/** @throws UserError for a limit of what is not left out in the first place */
export function checkMaxBad({
  skipBad,
  maxBad,
}: {
  readonly skipBad?: boolean;
  readonly maxBad?: BadLimit;
}): void {
  if (maxBad === undefined || skipBad) return;
  throw new UserError('--max-bad: expected --skip-bad with it, found none; add that, or leave --max-bad out');
}
