import { UserError } from '../errors.ts';
import { randomStream } from '../random/random.ts';

/**
 * A selection in which every class keeps its share, drawn by the seed.
 *
 * Shares are rounded down; the images left over go to the classes that lost most by that, lower labels first.
 * A class's images are taken from the front of its own random order, so smaller selections lie within larger ones
 * as far as the shares allow.
 *
 * @param purpose Names the random streams: selections for different purposes are independent of each other.
 * @returns `count` indices, ascending
 */
export function stratifiedSubset(
  labels: Int32Array,
  classes: number,
  count: number,
  seed: number,
  purpose = 'subset',
): Uint32Array {
  const members: number[][] = Array.from({ length: classes }, () => []);
  labels.forEach((label, index) => {
    members[label].push(index);
  });
  const shares = members.map((list) => (list.length * count) / labels.length);
  const quotas = shares.map(Math.floor);
  const byLoss = shares
    .map((share, label) => ({ label, loss: share - quotas[label] }))
    .sort((a, b) => b.loss - a.loss || a.label - b.label);
  const rest = count - quotas.reduce((total, quota) => total + quota, 0);
  for (const { label } of byLoss.slice(0, rest)) quotas[label]++;
  const chosen = members.flatMap((list, label) => {
    const order = randomStream(purpose, seed, label).permutation(list.length);
    return Array.from(order.subarray(0, quotas[label]), (position) => list[position]);
  });
  return Uint32Array.from(chosen).sort();
}

/** The two sides of a training set of which a part is held out, as ascending indices. */
export interface HeldOutSplit {
  readonly training: Uint32Array;
  readonly validation: Uint32Array;
}

/**
 * Hold out a share of the images to validate on: every class in its share, drawn by the seed. The sides are disjoint
 * and hold all images together.
 *
 * @param fraction Share of the images that is held out, between 0 and 1.
 * @throws UserError when the fraction is none, or when a side would be empty or a class have no training image
 */
export function holdOut(labels: Int32Array, classes: number, fraction: number, seed: number): HeldOutSplit {
  if (!(fraction > 0 && fraction < 1)) {
    throw new UserError(`--validation: expected a share between 0 and 1 such as 0.1, found ${fraction}`);
  }
  const count = Math.round(labels.length * fraction);
  if (count === 0) {
    throw new UserError(
      `--validation ${fraction}: leaves no image of ${labels.length} training images to validate on; hold out more`,
    );
  }
  const validation = stratifiedSubset(labels, classes, count, seed, 'validation');
  const held = new Set(validation);
  const training = Uint32Array.from(labels.keys()).filter((index) => !held.has(index));
  const present = new Set(labels);
  for (const index of training) present.delete(labels[index]);
  if (present.size > 0) {
    throw new UserError(
      `--validation ${fraction}: leaves no training image of ${present.size} of ${classes} classes; ` +
        'hold out less, or add images to the smallest classes',
    );
  }
  return { training, validation };
}

/**
 * A seeded share of the training images, every class in its share. Smaller fractions lie within larger ones as far as
 * the shares allow.
 *
 * @param fraction Between 0 and 1.
 * @returns indices, ascending
 * @throws UserError when the fraction is none, or leaves no image of a class
 */
export function trainingFraction(
  labels: Int32Array,
  classes: number,
  fraction: number,
  seed: number,
): Uint32Array {
  if (!(fraction > 0 && fraction < 1)) {
    throw new UserError(`--fraction: expected a share between 0 and 1 such as 0.2, found ${fraction}`);
  }
  const chosen = stratifiedSubset(labels, classes, Math.round(labels.length * fraction), seed, 'fraction');
  const left = new Set(Array.from(chosen, (index) => labels[index])).size;
  const present = new Set(labels).size;
  if (left === present) return chosen;
  throw new UserError(
    `--fraction ${fraction}: leaves no training image of ${present - left} of ${present} classes; take more`,
  );
}
