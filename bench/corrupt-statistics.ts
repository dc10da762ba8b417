/**
 * Compares what the random corruptions do to 500 pictures with what the original's do (statistics.json, made by
 * test/fixtures/corrupt/make_statistics.py), and the original with itself under another seed; prints a table of the
 * worst deviations, over severities and statistics. Some minutes, most of them for 224 x 224.
 *
 *   npx tsx bench/corrupt-statistics.ts [cifar|imagenet] [corruption,...]
 */

import { PARAMETER_SETS, SEVERITIES } from '../src/corrupt/index.ts';
import {
  deviations,
  FIRST,
  RANDOM_CORRUPTIONS,
  SIDES,
  statisticNames,
  statistics,
  storedStatistics,
} from '../test/corrupt/change.ts';
import { generated } from '../test/corrupt/generated.ts';

/** The largest of the deviations that it was told, and where it was. */
class Worst {
  #share = 0;
  #where = '';

  note(shares: readonly number[], names: readonly string[], severity: number): void {
    for (const [i, share] of shares.entries()) {
      if (share <= this.#share) continue;
      this.#share = share;
      this.#where = `${names[i]}, severity ${severity}`;
    }
  }

  toString(): string {
    return `${(100 * this.#share).toFixed(2)} % (${this.#where})`;
  }
}

const [onlySet, onlyCorruptions] = process.argv.slice(2);
console.log('| set | corruption | pictures × draws | ours | original, another seed | its pictures × draws |');
console.log('|---|---|---|---|---|---|');
for (const set of PARAMETER_SETS.filter((name) => !onlySet || name === onlySet)) {
  const names = statisticNames(set);
  for (const corruption of RANDOM_CORRUPTIONS) {
    if (onlyCorruptions && !onlyCorruptions.split(',').includes(corruption)) continue;
    const ours = new Worst();
    const theirs = new Worst();
    let ourCount = '';
    let theirCount = '';
    for (const severity of SEVERITIES) {
      const [one, two] = storedStatistics(set, corruption, severity);
      const { images, draws } = one;
      const pictures = Array.from({ length: images }, (_, i) => generated(SIDES[set], SIDES[set], i));
      ours.note(deviations(statistics(corruption, pictures, set, severity, draws), one.all), names, severity);
      // The second seed is compared over the same pictures.
      const same = two.images === images;
      theirs.note(deviations(two[same ? 'all' : 'first'], one[same ? 'all' : 'first']), names, severity);
      ourCount = `${images} × ${draws}`;
      theirCount = same ? `${images} × ${two.draws}` : `${FIRST[set]} × 1`;
    }
    console.log(`| ${set} | ${corruption} | ${ourCount} | ${ours} | ${theirs} | ${theirCount} |`);
  }
}
