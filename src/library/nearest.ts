/** The name that is meant by one that is nearly right. */

/** Changes that still look like a slip. */
const MOST = 3;

/** @returns the name that takes the fewest changes of letters, if these are few; capitals and dashes do not count */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_ ]/g, '');
  const ranked = names
    .map((name) => ({ name, changes: changesOf(plain(word), plain(name)) }))
    .sort((a, b) => a.changes - b.changes);
  const [best] = ranked;
  return best !== undefined && best.changes <= Math.min(MOST, Math.floor(word.length / 2))
    ? best.name
    : undefined;
}

/** Levenshtein's distance. */
function changesOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
