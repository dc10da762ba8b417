/** The standard normal distribution. */

/** P(Z ≤ x), by Marsaglia's series (2004, "Evaluating the Normal Distribution", J. Stat. Softw. 11(4)); for |x| below 7. */
export function normalProbability(x: number): number {
  let [term, sum] = [x, x];
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + sum * density(x);
}

/** The x with P(Z ≤ x) = p, by Newton's method. @param p in (1e-6, 1 - 1e-6) */
export function normalQuantile(p: number): number {
  let x = 0;
  for (let step = 1; Math.abs(step) > 1e-13; ) {
    // From far below the density is so small that a step would leap over the root.
    step = Math.min(1, Math.max(-1, (normalProbability(x) - p) / density(x)));
    x -= step;
  }
  return x;
}

function density(x: number): number {
  return Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI);
}
