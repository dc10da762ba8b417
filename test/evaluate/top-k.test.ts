import { describe, expect, it } from 'vitest';
import { countCorrect } from '../../src/evaluate/top-k.ts';

const count = (rows: number[][], labels: number[]) =>
  countCorrect(Float32Array.from(rows.flat()), labels, rows[0].length);

describe('countCorrect', () => {
  it('counts the largest logit and the five largest', () => {
    const row = [7, 6, 5, 4, 3, 2, 1];
    expect(count([row, row, row, row], [0, 1, 4, 5])).toEqual({ top1: 1, top5: 3 });
  });

  it('ranks ties by index, so that equal logits are right for the first class only', () => {
    expect(count([[1, 1, 1, 1, 1, 1]], [0])).toEqual({ top1: 1, top5: 1 });
    expect(count([[1, 1, 1, 1, 1, 1]], [1])).toEqual({ top1: 0, top5: 1 });
    expect(count([[1, 1, 1, 1, 1, 1]], [5])).toEqual({ top1: 0, top5: 0 });
  });

  it('takes a row with NaN as wrong, wherever the NaN stands', () => {
    expect(count([[Number.NaN, 2, 1]], [1])).toEqual({ top1: 0, top5: 0 });
    expect(count([[Number.NaN, 2, 1]], [0])).toEqual({ top1: 0, top5: 0 });
    expect(count([[3, 2, Number.NaN]], [0])).toEqual({ top1: 0, top5: 0 });
  });

  it('handles infinities and negative logits', () => {
    expect(count([[-5, Number.NEGATIVE_INFINITY, -1]], [2])).toEqual({ top1: 1, top5: 1 });
    expect(count([[Number.POSITIVE_INFINITY, 0]], [1])).toEqual({ top1: 0, top5: 1 });
  });

  it('refuses a label that the model has no output for', () => {
    expect(() => count([[1, 2]], [2])).toThrow(/class 2, the model has 2 outputs/);
    expect(() => countCorrect(new Float32Array(3), [0], 2)).toThrow(/expected 1 × 2 logits, found 3/);
  });
});
