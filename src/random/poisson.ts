/*
 * Poisson numbers: by inversion where the mean is small, by transformed rejection with squeeze (PTRS: Hörmann, "The
 * transformed rejection method for generating Poisson random variables", 1993) where it is not. Both are exact.
 */

/** PTRS is valid from here on; below, inversion takes about as many steps as the mean. */
const SMALLEST_PTRS_MEAN = 10;
/** From here on Stirling's series gives log k! to the last bits. */
const SMALLEST_SERIES = 16;
const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** log k! - log(√(2πk) (k/e)^k) for k below {@link SMALLEST_SERIES}; 0 for k = 0, which is not asked. */
const smallErrors = new Float64Array(SMALLEST_SERIES);
for (let k = 1, factorial = 1; k < SMALLEST_SERIES; k++) {
  factorial *= k;
  smallErrors[k] = Math.log(factorial) - (k + 0.5) * Math.log(k) + k - HALF_LOG_TWO_PI;
}

function stirlingError(k: number): number {
  if (k < SMALLEST_SERIES) return smallErrors[k];
  const square = k * k;
  return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / square) / square) / square) / k;
}

/** k log(k / mean) + mean - k, without the loss of digits where k is close to a large mean (Loader 2000). */
function deviance(k: number, mean: number): number {
  const difference = k - mean;
  const ratio = difference / (k + mean);
  if (Math.abs(ratio) >= 0.1) return k * Math.log(k / mean) - difference;
  // log(k / mean) = 2 atanh(ratio), as a series.
  let sum = difference * ratio;
  let term = 2 * k * ratio;
  for (let odd = 3; ; odd += 2) {
    term *= ratio * ratio;
    const next = sum + term / odd;
    if (next === sum) return sum;
    sum = next;
  }
}

/** The logarithm of the probability of `k`, of a mean above 0. */
export function logPoisson(k: number, mean: number): number {
  if (k === 0) return -mean;
  return -stirlingError(k) - deviance(k, mean) - HALF_LOG_TWO_PI - 0.5 * Math.log(k);
}

/**
 * One draw from the Poisson distribution.
 *
 * @param uniform uniform numbers in [0, 1)
 */
export function drawPoisson(mean: number, uniform: () => number): number {
  return mean < SMALLEST_PTRS_MEAN ? invert(mean, uniform()) : drawByRejection(mean, uniform);
}

/** The least k whose cumulative probability exceeds `u`. */
function invert(mean: number, u: number): number {
  let probability = Math.exp(-mean);
  let left = u - probability;
  let k = 0;
  while (left >= 0) {
    k++;
    probability *= mean / k;
    // Beyond the last probability that a sum of 53 bits can tell from nothing.
    if (probability < Number.EPSILON * 2 ** -10 && k > mean) break;
    left -= probability;
  }
  return k;
}

function drawByRejection(mean: number, uniform: () => number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = uniform() - 0.5;
    const v = uniform();
    const edge = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / edge + b) * u + mean + 0.43);
    if (edge >= 0.07 && v <= squeeze) return k;
    // At the very edge k is infinite; there and below 0 nothing is accepted.
    if (!(k >= 0 && k < Number.POSITIVE_INFINITY) || (edge < 0.013 && v > edge)) continue;
    if (Math.log((v * inverseAlpha) / (a / (edge * edge) + b)) <= logPoisson(k, mean)) return k;
  }
}
