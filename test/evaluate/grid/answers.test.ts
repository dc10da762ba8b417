import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOf, enterAnswers, isAnswered, noAnswers } from '../../../src/evaluate/grid/answers.ts';
import { rankOfLabel } from '../../../src/train/score.ts';

const values = (...numbers: number[]) => Float32Array.from(numbers);

describe('answerOf', () => {
  it('gives the softmax of the largest logit', () => {
    // e^3 / (e^1 + e^2 + e^3), by NumPy.
    expect(answerOf(values(1, 3, 2))).toEqual({
      output: 1,
      confidence: expect.closeTo(0.6652409557748219, 15),
    });
    expect(answerOf(values(1001, 1003, 1002)).confidence).toBeCloseTo(0.6652409557748219, 15);
    expect(answerOf(values(0, 0, 0, 0))).toEqual({ output: 0, confidence: 0.25 });
  });

  it('gives back the probabilities whose logarithms it is given', () => {
    const [likely, less] = [0.5, 0.3].map(Math.log);
    expect(answerOf(Float64Array.of(less!, likely!, Math.log(0.2)))).toEqual({
      output: 1,
      confidence: expect.closeTo(0.5, 15),
    });
    // What remains of 0.5, 0.3 and 0.2 without the last.
    expect(answerOf(Float64Array.of(less!, likely!)).confidence).toBeCloseTo(0.625, 15);
  });

  it('takes NaN for no answer and stands infinity', () => {
    expect(answerOf(values(1, Number.NaN))).toEqual({ output: -1, confidence: 0 });
    expect(answerOf(values(1, Number.POSITIVE_INFINITY))).toEqual({ output: 1, confidence: 1 });
    const low = Number.NEGATIVE_INFINITY;
    expect(answerOf(values(low, low))).toEqual({ output: 0, confidence: 0.5 });
  });

  it('is right exactly where the label has rank 0', () => {
    const row = fc.array(fc.constantFrom(0, 1, 2, Number.NaN), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(row, fc.nat(), (scores, pick) => {
        const label = pick % scores.length;
        const right = answerOf(Float32Array.from(scores)).output === label;
        expect(right).toBe(rankOfLabel(Float32Array.from(scores), label) === 0);
      }),
    );
  });
});

describe('enterAnswers', () => {
  it("keeps each answer in its place, as a class of the data's", () => {
    const answers = noAnswers(4);
    enterAnswers(answers, values(0, 0, 9, 9, 0, 0), [0, 2], 3);
    enterAnswers(answers, values(0, 9, 0), [3], 3);
    expect([...answers.predicted]).toEqual([2, -1, 0, 1]);
    expect([0, 1, 2, 3].map((image) => isAnswered(answers, image))).toEqual([true, false, true, true]);
  });
});
