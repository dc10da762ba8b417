import { randomStream } from '../random/random.ts';

/**
 * A selection in which every class keeps its share, drawn by the seed.
 *
 * Shares are rounded down; the images left over go to the classes that lost most by that, lower labels first.
 * A class's images are taken from the front of its own random order, so smaller selections lie within larger ones
 * as far as the shares allow.
 *
 * @returns `count` indices, ascending
 */
export function stratifiedSubset(
  labels: Int32Array,
  classes: number,
  count: number,
  seed: number,
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
    const order = randomStream('subset', seed, label).permutation(list.length);
    return Array.from(order.subarray(0, quotas[label]), (position) => list[position]);
  });
  return Uint32Array.from(chosen).sort();
}
