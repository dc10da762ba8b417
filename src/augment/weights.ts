import type { Random } from '../random/random.ts';

/** Numbers of sum 1, every combination equally likely: a Dirichlet draw of concentration 1; for two, a uniform one. */
export function drawWeights(count: number, random: Random): number[] {
  const gaps = Array.from({ length: count }, () => -Math.log1p(-random.uniform()));
  const sum = gaps.reduce((total, gap) => total + gap);
  return gaps.map((gap) => gap / sum);
}
