/** Names of numbered classes, from a text file beside the data. */
import type { Listing } from '../listing/listed-files.ts';
import { readListedText, titleOf } from './tables/table-files.ts';

const NAMES = ['classnames.txt', 'class_names.txt', 'classes.txt'];

/** A name a line, in the order of the labels; undefined where there is no such file. */
export async function readClassNames(
  listing: Listing,
): Promise<{ readonly names: readonly string[]; readonly from: string } | undefined> {
  const file = NAMES.map((name) => listing.files.indexOf(name)).find((index) => index >= 0);
  if (file === undefined) return undefined;
  const names = (await readListedText(listing, file))
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  // Numbered or repeated lines are a list of another kind.
  const isPlain = new Set(names).size === names.length && !names.every((line) => /^\d+[\s,]/.test(line));
  return isPlain && names.length > 0 ? { names, from: titleOf(listing.describe(file)) } : undefined;
}
