/**
 * Compares what the random corruptions do to 500 pictures with what the original's do under both seeds taken together
 * (statistics.json, made by test/fixtures/corrupt/make_statistics.py), and the original's seeds with each other; prints
 * a table of the farthest deviations, over severities and statistics. Some twenty minutes.
 *
 *   npx tsx bench/corrupt-statistics.ts [cifar|imagenet] [corruption,...]
 */

import { PARAMETER_SETS, SEVERITIES } from '../src/corrupt/index.ts';
import {
  deviations,
  measurements,
  RANDOM_CORRUPTIONS,
  SIDES,
  type StoredStatistics,
  statisticNames,
  storedStatistics,
  summary,
} from '../test/corrupt/change.ts';
import { generated } from '../test/corrupt/generated.ts';

const PICTURES = 500;
/** What was asked of the random corruptions. */
const SHARE = 0.03;

/** The largest of the values that it was told, and where it was. */
class Largest {
  value = 0;
  where = '';

  note(values: readonly number[], names: readonly string[], severity: number): void {
    for (const [i, value] of values.entries()) {
      if (value <= this.value) continue;
      this.value = value;
      this.where = `${names[i]}, severity ${severity}`;
    }
  }
}

/** The largest deviation, and how many there were, and beyond {@link SHARE}. */
class Farthest extends Largest {
  #all = 0;
  #beyond = 0;

  override note(values: readonly number[], names: readonly string[], severity: number): void {
    super.note(values, names, severity);
    this.#all += values.length;
    this.#beyond += values.filter((value) => value > SHARE).length;
  }

  override toString(): string {
    return `${(100 * this.value).toFixed(1)} % (${this.where}) | ${this.#beyond} of ${this.#all}`;
  }
}

/** The original's means over both seeds, columns as {@link measurements} has them. */
function pooled(seeds: readonly StoredStatistics[]): number[] {
  const draws = seeds.reduce((sum, seed) => sum + seed.draws, 0);
  const columns = seeds.map(({ all: [mean, deviation, ...others], draws: count }) =>
    [mean, deviation ** 2 + mean ** 2, ...others].map((value) => (value * count) / draws),
  );
  return columns[0].map((_, i) => columns.reduce((sum, column) => sum + column[i], 0));
}

/**
 * How far the original's means are from ours, in standard errors of the difference. Pictures are the same on both
 * sides, so that chance is what separates draws for one picture; it is estimated from ours.
 */
function standardErrors(
  draws: readonly number[][][],
  theirs: readonly number[],
  theirDraws: number,
): number[] {
  return theirs.map((expected, column) => {
    let sum = 0;
    let variance = 0;
    for (let picture = 0; picture < PICTURES; picture++) {
      const values = draws.map((rows) => rows[picture][column]);
      const average = values.reduce((total, value) => total + value, 0) / values.length;
      sum += average;
      variance += values.reduce((total, value) => total + (value - average) ** 2, 0) / (values.length - 1);
    }
    const error = Math.sqrt(variance * (1 / draws.length + 1 / theirDraws)) / PICTURES;
    return Math.abs(sum / PICTURES - expected) / error;
  });
}

const [onlySet, onlyCorruptions] = process.argv.slice(2);
console.log(
  '| set | corruption | ours, farthest | beyond 3 % | in standard errors, farthest | original with another seed, farthest | beyond 3 % |',
);
console.log('|---|---|---|---|---|---|---|');
for (const set of PARAMETER_SETS.filter((name) => !onlySet || name === onlySet)) {
  const names = statisticNames(set);
  const pictures = Array.from({ length: PICTURES }, (_, i) => generated(SIDES[set], SIDES[set], i));
  for (const corruption of RANDOM_CORRUPTIONS) {
    if (onlyCorruptions && !onlyCorruptions.split(',').includes(corruption)) continue;
    const ours = new Farthest();
    const errors = new Largest();
    const theirs = new Farthest();
    for (const severity of SEVERITIES) {
      const [one, two] = storedStatistics(set, corruption, severity);
      if (one.images !== PICTURES || two.images !== PICTURES) {
        throw new Error(`${set} ${corruption} ${severity}: expected ${PICTURES} pictures`);
      }
      const draws = Array.from({ length: Math.max(2, one.draws, two.draws) }, (_, seed) =>
        measurements(corruption, pictures, set, severity, seed),
      );
      const expected = pooled([one, two]);
      ours.note(deviations(summary(draws.flat()), summary([expected])), names, severity);
      errors.note(standardErrors(draws, expected, one.draws + two.draws), names, severity);
      theirs.note(deviations(two.all, one.all), names, severity);
    }
    const inErrors = `${errors.value.toFixed(1)} (${errors.where})`;
    console.log(`| ${set} | ${corruption} | ${ours} | ${inErrors} | ${theirs} |`);
  }
}
