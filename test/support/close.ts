import { expect } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.ts';
import { floats } from '../../src/graph/tensor.ts';

/** Largest absolute difference of two arrays, and where; not-a-number counts as infinitely far. */
export function largestDifference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): { difference: number; index: number } {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values, not ${expected.length}`);
  let [difference, index] = [0, -1];
  for (let i = 0; i < actual.length; i++) {
    let here = Math.abs(actual[i] - expected[i]);
    if (Number.isNaN(here)) here = Number.POSITIVE_INFINITY;
    if (here > difference) [difference, index] = [here, i];
  }
  return { difference, index };
}

/**
 * Compare whole float32 tensors.
 *
 * @param tolerance allowed difference, as a share of the largest expected magnitude where that exceeds 1
 */
export function expectClose(actual: Tensor, expected: Tensor, tolerance: number, what: string): void {
  expect(actual.shape, `shape of ${what}`).toEqual(expected.shape);
  const values = floats(expected);
  const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  const { difference, index } = largestDifference(floats(actual), values);
  const at = index < 0 ? '' : ` at ${index}: ${floats(actual)[index]} instead of ${values[index]}`;
  expect(difference, `${what}${at}`).toBeLessThanOrEqual(tolerance * scale);
}
