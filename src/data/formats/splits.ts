/** How the halves of data sets are called: as folders, in file names, in columns of tables. */
import { UserError } from '../../errors.ts';
import type { Split } from '../contents.ts';

/** Names of each split in lower case, the first before the others where a data set has several. */
export const SPLIT_NAMES: Readonly<Record<Split, readonly string[]>> = {
  train: ['train', 'training'],
  test: ['test', 'testing', 'val', 'valid', 'validation', 'eval', 'evaluation'],
};

/** Which split a folder or a word in a table means, in any case; undefined for other names. */
export function splitOf(name: string): Split | undefined {
  const word = name.trim().toLowerCase();
  if (SPLIT_NAMES.train.includes(word)) return 'train';
  return SPLIT_NAMES.test.includes(word) ? 'test' : undefined;
}

/** The split that is part of a file's name, such as `train-00000-of-00003.parquet` or `imagenet_val_7.tar`, as it is written there. */
export function splitWordIn(fileName: string): string | undefined {
  return fileName.split(/[^A-Za-z]+/).find((word) => splitOf(word) !== undefined);
}

/**
 * Of the names that a data set's parts have, the one that is wanted.
 *
 * @param asked what `--split` says; it overrules `split` where that is `test`
 * @returns undefined when there is none for the split
 * @throws UserError when none is called as asked
 */
export function chooseSplit(
  names: readonly string[],
  split: Split,
  asked: string | undefined,
  place: string,
): string | undefined {
  if (asked !== undefined && split === 'test') return askedName(names, asked, place);
  const rank = (name: string) => SPLIT_NAMES[split].indexOf(name.toLowerCase());
  const [first] = names
    .filter((name) => splitOf(name) === split)
    // Of `Train` and `train` the one in lower case.
    .sort((a, b) => rank(a) - rank(b) || (a > b ? -1 : 1));
  return first;
}

function askedName(names: readonly string[], asked: string, place: string): string {
  const same = (name: string) => name.toLowerCase() === asked.toLowerCase();
  const found = names.find((name) => name === asked) ?? names.find(same);
  if (found !== undefined) return found;
  const there = names.length > 0 ? [...new Set(names)].join(', ') : 'no splits';
  throw new UserError(
    `${place}: --split: expected ${asked}, found ${there}; name one of them, or leave it out`,
  );
}
