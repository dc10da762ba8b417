/**
 * A symmetric 1-D filter: `sum[i]` becomes the weighted sum of `values[start + i]` (weight 0) and of its
 * neighbours at d·step on both sides (weight d).
 *
 * Four distances a sweep keep the traffic on `sum` low; past the last distance the weight is 0.
 */
export function symmetricSums(
  values: Float64Array,
  start: number,
  step: number,
  weights: Float64Array,
  sum: Float64Array,
): void {
  const radius = weights.length - 1;
  let middle = weights[0];
  sum.fill(0);
  for (let d = 1; d <= radius || d === 1; d += 4) {
    const rest = radius - d;
    const w1 = rest >= 0 ? weights[d] : 0;
    const w2 = rest >= 1 ? weights[d + 1] : 0;
    const w3 = rest >= 2 ? weights[d + 2] : 0;
    const w4 = rest >= 3 ? weights[d + 3] : 0;
    const reach1 = rest >= 0 ? d * step : 0;
    const reach2 = rest >= 1 ? reach1 + step : reach1;
    if (rest >= 2) {
      const reach3 = reach2 + step;
      const reach4 = rest >= 3 ? reach3 + step : reach3;
      sweep4(values, start, middle, w1, w2, w3, w4, reach1, reach2, reach3, reach4, sum);
    } else {
      sweep2(values, start, middle, w1, w2, reach1, reach2, sum);
    }
    middle = 0;
  }
}

function sweep2(
  values: Float64Array,
  start: number,
  middle: number,
  w1: number,
  w2: number,
  reach1: number,
  reach2: number,
  sum: Float64Array,
): void {
  const a1 = start - reach1;
  const b1 = start + reach1;
  const a2 = start - reach2;
  const b2 = start + reach2;
  for (let i = 0; i < sum.length; i++) {
    sum[i] +=
      middle * values[start + i] +
      w1 * (values[a1 + i] + values[b1 + i]) +
      w2 * (values[a2 + i] + values[b2 + i]);
  }
}

function sweep4(
  values: Float64Array,
  start: number,
  middle: number,
  w1: number,
  w2: number,
  w3: number,
  w4: number,
  reach1: number,
  reach2: number,
  reach3: number,
  reach4: number,
  sum: Float64Array,
): void {
  const a1 = start - reach1;
  const b1 = start + reach1;
  const a2 = start - reach2;
  const b2 = start + reach2;
  const a3 = start - reach3;
  const b3 = start + reach3;
  const a4 = start - reach4;
  const b4 = start + reach4;
  for (let i = 0; i < sum.length; i++) {
    sum[i] +=
      middle * values[start + i] +
      w1 * (values[a1 + i] + values[b1 + i]) +
      w2 * (values[a2 + i] + values[b2 + i]) +
      w3 * (values[a3 + i] + values[b3 + i]) +
      w4 * (values[a4 + i] + values[b4 + i]);
  }
}
