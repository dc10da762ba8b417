import { describe, expect, it } from 'vitest';
import {
  AUGMENTATION_NAMES,
  augment,
  drawPlan,
  type PlannedName,
  resolveAugmentation,
} from '../../src/augment/augment.ts';
import { CIFAR10_POLICY, IMAGENET_POLICY, type SubPolicy } from '../../src/augment/autoaugment-policies.ts';
import {
  AUGMIX_SPACE,
  type Choice,
  type MagnitudeSpace,
  RANDAUGMENT_SPACE,
  TRIVIALAUGMENT_SPACE,
} from '../../src/augment/magnitudes.ts';
import { describePlan, type Plan } from '../../src/augment/plan.ts';
import { createImage } from '../../src/image/image.ts';
import { randomStream } from '../../src/random/random.ts';

const DRAWS = 10_000;

function plans<K extends Plan['kind']>(name: PlannedName, kind: K): Extract<Plan, { kind: K }>[] {
  return Array.from({ length: DRAWS }, (_, index) => {
    const plan = drawPlan(name, randomStream('test', 1, index));
    if (plan.kind !== kind) throw new Error(`${name} drew a ${plan.kind}`);
    return plan as Extract<Plan, { kind: K }>;
  });
}

/**
 * Whether counts may come from the given shares of all: chi-square below its 99.99 % quantile (Wilson and Hilferty's
 * approximation). The draws are the same in every run of the tests.
 */
function expectShares(counts: ReadonlyMap<string, number>, shares: ReadonlyMap<string, number>): void {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  for (const name of counts.keys()) expect(shares.get(name), name).toBeGreaterThan(0);
  let chiSquare = 0;
  let degrees = -1;
  for (const [name, share] of shares) {
    if (share === 0) continue;
    chiSquare += ((counts.get(name) ?? 0) - total * share) ** 2 / (total * share);
    degrees++;
  }
  const spread = 2 / (9 * degrees);
  expect(chiSquare).toBeLessThan(degrees * (1 - spread + 3.72 * Math.sqrt(spread)) ** 3);
}

function count(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

const keyOf = ({ operation, bin, negative }: Choice): string => `${operation} ${bin} ${negative ? '-' : '+'}`;

/** Operations equally likely, then those of `bins` equally likely, then both signs. */
function uniformShares(space: MagnitudeSpace, bins: readonly number[]): Map<string, number> {
  const shares = new Map<string, number>();
  const entries = Object.entries(space.ranges);
  for (const [operation, range] of entries) {
    for (const bin of range ? bins : [null]) {
      for (const sign of range?.signed ? ['+', '-'] : ['+']) {
        const parts = entries.length * (range ? bins.length : 1) * (range?.signed ? 2 : 1);
        shares.set(`${operation} ${bin} ${sign}`, 1 / parts);
      }
    }
  }
  return shares;
}

describe('what is drawn has the distribution of the papers', () => {
  it('TrivialAugmentWide: one of 14 operations, 31 magnitudes, both signs', () => {
    const drawn = plans('trivialaugment', 'chain').map(({ chain }) => {
      expect(chain).toHaveLength(1);
      return keyOf(chain[0]);
    });
    const bins = Array.from({ length: 31 }, (_, bin) => bin);
    expectShares(count(drawn), uniformShares(TRIVIALAUGMENT_SPACE, bins));
  });

  it('RandAugment: two of 14 operations, independent of each other, magnitude 9', () => {
    const drawn = plans('randaugment', 'chain').map(({ chain }) => {
      expect(chain).toHaveLength(2);
      return chain;
    });
    expectShares(count(drawn.flat().map(keyOf)), uniformShares(RANDAUGMENT_SPACE, [9]));
    const names = Object.keys(RANDAUGMENT_SPACE.ranges);
    const pairs = names.flatMap((a) => names.map((b) => [`${a} ${b}`, 1 / 196] as const));
    expectShares(count(drawn.map(([a, b]) => `${a.operation} ${b.operation}`)), new Map(pairs));
  });

  /** Of each possible chain of a policy; some pairs are in it twice, and some chains come from several. */
  function policyShares(policy: readonly SubPolicy[]): Map<string, number> {
    const shares = new Map([['', 0]]);
    const signs = (operation: string) =>
      /^(Shear|Translate|Rotate|Color|Brightness|Contrast|Sharpness)/.test(operation) ? ['+', '-'] : ['+'];
    for (const pair of policy) {
      const ends = pair.map(([operation, probability, bin]) => [
        { key: [] as string[], share: 1 - probability },
        ...signs(operation).map((sign, _, all) => ({
          key: [`${operation} ${bin} ${sign}`],
          share: probability / all.length,
        })),
      ]);
      for (const first of ends[0]) {
        for (const second of ends[1]) {
          const key = [...first.key, ...second.key].join(', ');
          shares.set(key, (shares.get(key) ?? 0) + (first.share * second.share) / policy.length);
        }
      }
    }
    return shares;
  }

  it.each([
    ['autoaugment-cifar10', CIFAR10_POLICY],
    ['autoaugment-imagenet', IMAGENET_POLICY],
  ] as const)('%s: one of 25 pairs, each half by its probability, both signs', (name, policy) => {
    const drawn = plans(name, 'chain').map(({ chain }) => chain.map(keyOf).join(', '));
    expectShares(count(drawn), policyShares(policy));
  });

  it('AugMix: three chains of one to three operations, the three mildest magnitudes, uniform weights', () => {
    const drawn = plans('augmix', 'mix');
    const chains = drawn.flatMap((plan) => plan.chains);
    expect(chains).toHaveLength(3 * DRAWS);
    const thirds = new Map(['1', '2', '3'].map((depth) => [depth, 1 / 3]));
    expectShares(count(chains.map(({ chain }) => String(chain.length))), thirds);
    const choices = chains.flatMap(({ chain }) => chain.map(keyOf));
    expectShares(count(choices), uniformShares(AUGMIX_SPACE, [0, 1, 2]));

    const tenths = new Map(Array.from({ length: 10 }, (_, i) => [String(i), 0.1]));
    const tenth = (value: number) => String(Math.floor(value * 10));
    // Beta(1, 1) is uniform; a share s of Dirichlet(1, 1, 1) is below x with probability 1 - (1 - x)².
    expectShares(count(drawn.map(({ imageWeight }) => tenth(imageWeight))), tenths);
    for (const position of [0, 1, 2]) {
      const uniform = drawn.map(({ imageWeight, chains: mixed }) => {
        const total = mixed.reduce((sum, { weight }) => sum + weight, imageWeight);
        expect(total).toBeCloseTo(1, 12);
        return 1 - (1 - mixed[position].weight / (1 - imageWeight)) ** 2;
      });
      expectShares(count(uniform.map(tenth)), tenths);
    }
  });
});

describe('augmenting', () => {
  const image = createImage(
    24,
    18,
    Uint8Array.from({ length: 24 * 18 * 3 }, (_, i) => (i * 37) % 251),
  );

  it.each(AUGMENTATION_NAMES)('%s: the stream alone decides, and the input is left alone', (name) => {
    const before = image.data.slice();
    const of = (index: number) => augment(image, name, randomStream('test', 7, index));
    const results = Array.from({ length: 20 }, (_, index) => of(index));
    expect(Array.from({ length: 20 }, (_, index) => of(index))).toEqual(results);
    expect(image.data).toEqual(before);
    for (const result of results) expect([result.width, result.height]).toEqual([24, 18]);
    const different = new Set(results.map(({ data }) => data.join())).size;
    if (name === 'none') expect(different).toBe(1);
    else expect(different).toBeGreaterThan(8);
  });

  it('autoaugment and prime stand for what suits the images', () => {
    expect(resolveAugmentation('autoaugment', 'cifar')).toBe('autoaugment-cifar10');
    expect(resolveAugmentation('autoaugment', 'imagenet')).toBe('autoaugment-imagenet');
    expect(resolveAugmentation('prime', 'cifar')).toBe('prime-cifar10');
    expect(resolveAugmentation('prime', 'imagenet')).toBe('prime-imagenet');
    expect(resolveAugmentation('augmix', 'imagenet')).toBe('augmix');
  });

  it('says what was drawn', () => {
    const chain: Choice[] = [
      { operation: 'Rotate', bin: 10, negative: true },
      { operation: 'Posterize', bin: 30, negative: false },
      { operation: 'Equalize', bin: null, negative: false },
      { operation: 'Contrast', bin: 15, negative: false },
      { operation: 'TranslateX', bin: 7, negative: true },
      { operation: 'Solarize', bin: 10, negative: false },
    ];
    const words = [
      'Rotate -45.0',
      'Posterize 2',
      'Equalize',
      'Contrast 0.50',
      'TranslateX -7',
      'Solarize 170',
    ];
    const space = TRIVIALAUGMENT_SPACE;
    expect(describePlan({ kind: 'chain', space, chain }, image)).toEqual(words);
    expect(describePlan({ kind: 'chain', space, chain: [] }, image)).toEqual(['unchanged']);
    const chains = [
      { weight: 0.25, chain: chain.slice(0, 2) },
      { weight: 0.5, chain: chain.slice(2, 3) },
    ];
    const mixed = ['0.25 unchanged', '0.25 Rotate -45.0, Posterize 2', '0.50 Equalize'];
    expect(describePlan({ kind: 'mix', space, imageWeight: 0.25, chains }, image)).toEqual(mixed);
  });
});
