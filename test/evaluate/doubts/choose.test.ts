import { describe, expect, it } from 'vitest';
import { betterBy, chooseReading, type Trial } from '../../../src/evaluate/doubts/choose.ts';
import { byChance } from '../../../src/evaluate/doubts/unknown.ts';
import { randomStream } from '../../../src/random/random.ts';

const trial = (changes: Trial['changes'], right: string): Trial => ({
  changes,
  right: Array.from(right, (sign) => sign === '+'),
});
const labels = (count: number) => Array.from({ length: count }, (_, image) => image % 10);
const CLASSES = { classes: 'number' };
const CHANNELS = { channels: 'bgr' };

describe('betterBy', () => {
  it("is half of McNemar's two-sided p, 1 where the second is no better", () => {
    // scipy.stats.binomtest(1, 10).pvalue / 2 = 0.0107421875
    expect(betterBy(trial({}, '+---------'), trial({}, '-+++++++++'))).toBeCloseTo(0.0107421875, 15);
    expect(betterBy(trial({}, '+-'), trial({}, '-+'))).toBe(1);
  });
});

describe('byChance', () => {
  it('is the upper tail of a binomial distribution', () => {
    // scipy.stats.binom.sf(9, 64, 1 / 12)
    expect(byChance(64, 10, 1 / 12)).toBeCloseTo(0.0383500930824648, 12);
    expect(byChance(64, 0, 0.5)).toBeCloseTo(1, 12);
    expect(byChance(256, 3, 1e-3)).toBeCloseTo(0.0022885031779778264, 12);
  });
});

describe('chooseReading', () => {
  it('takes another reading that is certain, with no change more than it needs', () => {
    const right = `${'+'.repeat(30)}${'-'.repeat(10)}`;
    const trials = [
      trial({}, '-'.repeat(40)),
      trial(CHANNELS, '-'.repeat(40)),
      trial(CLASSES, right),
      trial({ ...CHANNELS, ...CLASSES }, right.replace('-', '+')),
    ];
    expect(chooseReading(trials, labels(40)).chosen).toBe(trials[2]);
  });

  it('takes two changes where neither alone does it', () => {
    const none = '-'.repeat(40);
    const trials = [trial({}, none), trial(CHANNELS, none), trial(CLASSES, none), trial({ ...CHANNELS, ...CLASSES }, '+'.repeat(40))]; // biome-ignore format: a row
    expect(chooseReading(trials, labels(40)).chosen).toBe(trials[3]);
  });

  it('only tells what is likely, and asks for more images where that could make it certain', () => {
    const trials = [trial({}, '-'.repeat(40)), trial(CLASSES, `${'+'.repeat(15)}${'-'.repeat(25)}`)];
    expect(chooseReading(trials, labels(40))).toEqual({ chosen: trials[0], likelier: trials[1], open: true });
    const few = [trial({}, '-'.repeat(40)), trial(CLASSES, `${'+'.repeat(6)}${'-'.repeat(34)}`)];
    expect(chooseReading(few, labels(40))).toEqual({ chosen: few[0], likelier: undefined, open: true });
  });

  it('does not choose between two that are alike, nor for one class alone', () => {
    const both = [trial({}, '-'.repeat(40)), trial({ classes: 'number' }, '+'.repeat(40)), trial({ classes: 'letters' }, '+'.repeat(40))]; // biome-ignore format: a row
    expect(chooseReading(both, labels(40)).chosen).toBe(both[0]);
    const one = [trial({}, '-'.repeat(40)), trial(CLASSES, '+'.repeat(40))];
    expect(chooseReading(one, new Array(40).fill(3)).chosen).toBe(one[0]);
    expect(chooseReading(one, labels(40)).chosen).toBe(one[1]);
  });

  it('leaves honest models as they are: of 900, right on 35 to 95 of 100 images, nothing is taken or told', () => {
    for (let seed = 0; seed < 900; seed++) {
      const random = randomStream('honest', seed);
      const accuracy = 0.35 + 0.6 * random.uniform();
      const count = seed % 2 === 0 ? 64 : 256;
      const of = labels(count);
      // Wrong answers crowd on one other class, as those of a model that confuses classes do.
      const predicted = of.map((label) => {
        if (random.uniform() < accuracy) return label;
        return random.uniform() < 0.5 ? (label + 1) % 10 : random.int(0, 10);
      });
      const orders = [1, 2, 3].map((shift) => ({
        changes: { classes: String(shift) },
        right: of.map((label, image) => predicted[image] === (label + shift) % 10),
      }));
      const trials = [
        { changes: {}, right: of.map((label, image) => predicted[image] === label) },
        ...orders,
      ];
      const { chosen, likelier } = chooseReading(trials, of);
      expect({ seed, taken: chosen.changes, told: likelier?.changes }).toEqual({
        seed,
        taken: {},
        told: undefined,
      });
    }
  });
});
