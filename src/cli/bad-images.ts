/** What the terminal tells of images that could not be read. */
import type { Unreadable } from '../data/bad-images.ts';
import { plural } from './progress.ts';

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
