import { describe, expect, it } from 'vitest';
import { scoreBatch, scoreSplit } from '../../src/train/score.ts';

describe('scoreBatch', () => {
  it('gives the cross-entropy and the right answers', () => {
    // softmax([1, 2, 3]) = [0.0900, 0.2447, 0.6652], from torch.nn.functional.cross_entropy: 0.40760597 and 2.40760597.
    const scores = scoreBatch(Float32Array.of(1, 2, 3, 1, 2, 3), [2, 0], 3);
    expect(scores.loss).toBeCloseTo(0.40760597 + 2.40760597, 7);
    expect(scores).toMatchObject({ top1: 1, top5: 2, images: 2 });
  });

  it('ranks by logit: the fifth counts for top-5, the sixth does not', () => {
    const logits = Float32Array.of(6, 5, 4, 3, 2, 1, 0);
    for (const [label, top1, top5] of [
      [0, 1, 1],
      [4, 0, 1],
      [5, 0, 0],
    ]) {
      expect(scoreBatch(logits, [label], 7)).toMatchObject({ top1, top5 });
    }
  });

  it('gives a constant network the share of one class, not all of them', () => {
    const constant = new Float32Array(30).fill(0.5);
    expect(scoreBatch(constant, [0, 1, 2], 10)).toMatchObject({ top1: 1, top5: 3 });
    expect(scoreBatch(constant, [7, 8, 9], 10)).toMatchObject({ top1: 0, top5: 0 });
  });

  it('refuses a label that the network has no output for', () => {
    expect(() => scoreBatch(Float32Array.of(1, 2), [2], 2)).toThrow(/the label 2 is none of the 2 classes/);
  });

  it('stays finite for large logits, and takes NaN for wrong', () => {
    expect(scoreBatch(Float32Array.of(1e4, -1e4), [1], 2).loss).toBe(2e4);
    const broken = scoreBatch(Float32Array.of(Number.NaN, 1, 0), [1], 3);
    expect(broken).toMatchObject({ loss: Number.NaN, top1: 0, top5: 0 });
  });
});

it('scoreSplit averages over images, not over batches, and reads no further than a batch’s count', async () => {
  const batches = async function* () {
    yield { images: new Float32Array(0), labels: Int32Array.of(0, 0, 1), count: 3 };
    yield { images: new Float32Array(0), labels: Int32Array.of(1, 9, 9), count: 1 };
  };
  const classify = async ({ count }: { count: number }) =>
    Float32Array.from({ length: 2 * count }, (_, i) => 1 - (i % 2));
  const seen: number[] = [];
  const scores = await scoreSplit({ classify, dispose: async () => {} }, batches(), 2, (images) =>
    seen.push(images),
  );
  expect(scores).toMatchObject({ top1: 0.5, top5: 1, images: 4 });
  expect(scores.loss).toBeCloseTo((2 * Math.log(1 + Math.exp(-1)) + 2 * Math.log(1 + Math.E)) / 4, 12);
  expect(seen).toEqual([3, 4]);
});
