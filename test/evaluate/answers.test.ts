import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOf, enterAnswers, isAnswered, noAnswers } from '../../src/evaluate/answers.ts';
import { rankOfLabel } from '../../src/train/score.ts';

const values = (...numbers: number[]) => Float32Array.from(numbers);

describe('answerOf', () => {
  it('gives the softmax of the largest logit', () => {
    // e^3 / (e^1 + e^2 + e^3), by NumPy.
    expect(answerOf(values(1, 3, 2), 'logits')).toEqual({
      output: 1,
      confidence: expect.closeTo(0.6652409557748219, 15),
    });
    expect(answerOf(values(1001, 1003, 1002), 'logits').confidence).toBeCloseTo(0.6652409557748219, 15);
    expect(answerOf(values(0, 0, 0, 0), 'logits')).toEqual({ output: 0, confidence: 0.25 });
  });

  it('gives probabilities as they are, as shares where classes were left out', () => {
    expect(answerOf(values(0.25, 0.5, 0.25), 'probabilities')).toEqual({ output: 1, confidence: 0.5 });
    expect(answerOf(values(0.125, 0.25, 0.125), 'probabilities').confidence).toBe(0.5);
    expect(answerOf(values(0, 0), 'probabilities')).toEqual({ output: 0, confidence: 0 });
  });

  it('is the same for logits and for their softmax', () => {
    const logits = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(logits, (row) => {
        const scores = Float32Array.from(row);
        const largest = Math.max(...scores);
        const exponentials = [...scores].map((score) => Math.exp(score - largest));
        const total = exponentials.reduce((sum, value) => sum + value, 0);
        const probabilities = Float32Array.from(exponentials, (value) => value / total);
        const [fromLogits, fromProbabilities] = [
          answerOf(scores, 'logits'),
          answerOf(probabilities, 'probabilities'),
        ];
        expect(fromLogits.confidence).toBeCloseTo(fromProbabilities.confidence, 6);
      }),
    );
  });

  it('takes NaN for no answer and stands infinity', () => {
    expect(answerOf(values(1, Number.NaN), 'logits')).toEqual({ output: -1, confidence: 0 });
    expect(answerOf(values(1, Number.POSITIVE_INFINITY), 'logits')).toEqual({ output: 1, confidence: 1 });
    const low = Number.NEGATIVE_INFINITY;
    expect(answerOf(values(low, low), 'logits')).toEqual({ output: 0, confidence: 0.5 });
  });

  it('is right exactly where the label has rank 0', () => {
    const row = fc.array(fc.constantFrom(0, 1, 2, Number.NaN), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(row, fc.nat(), (scores, pick) => {
        const label = pick % scores.length;
        const right = answerOf(Float32Array.from(scores), 'logits').output === label;
        expect(right).toBe(rankOfLabel(Float32Array.from(scores), label) === 0);
      }),
    );
  });
});

describe('enterAnswers', () => {
  it("keeps each answer in its place, as a class of the data's", () => {
    const answers = noAnswers(4);
    const options = { classes: 3, scores: 'logits', classOfOutput: Int32Array.of(1, -1, 0) } as const;
    enterAnswers(answers, values(0, 0, 9, 9, 0, 0), [0, 2], options);
    enterAnswers(answers, values(0, 9, 0), [3], options);
    expect([...answers.predicted]).toEqual([0, -1, 1, -1]);
    expect([0, 1, 2, 3].map((image) => isAnswered(answers, image))).toEqual([true, false, true, true]);
  });
});
