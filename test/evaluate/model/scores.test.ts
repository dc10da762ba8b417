import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOf } from '../../../src/evaluate/grid/answers.ts';
import { bothClasses, classScorer, readScores } from '../../../src/evaluate/model/scores.ts';
import type { NodeProto } from '../../../src/onnx/model.ts';

const last = (opType: string): NodeProto => ({ opType, name: '', input: [], output: [], attribute: [] });
const kind = (rows: number[], classes: number, node?: string) =>
  readScores(Float32Array.from(rows), classes, node ? last(node) : undefined, undefined);

describe('readScores', () => {
  it('takes rows in [0, 1] that sum to 1 for probabilities, whatever computes them', () => {
    expect(kind([0.2, 0.8, 1, 0], 2)).toEqual({
      kind: 'probabilities',
      why: 'the scores of 2 images lie between 0 and 1 and sum to 1',
    });
    expect(kind([0.2, 0.8, 0.7, 0.7], 2).kind).toBe('logits');
    expect(kind([1.2, -0.2], 2).kind).toBe('logits');
    expect(kind([0.5, 0.4], 2).kind).toBe('logits');
  });

  it('believes a Softmax at the end where the values agree, roughly where they are coarse', () => {
    expect(kind([0.49, 0.49], 2, 'Softmax').why).toBe('the graph ends with Softmax');
    // Over another axis than the classes.
    expect(kind([0.5, 0.9], 2, 'Softmax').kind).toBe('logits');
    expect(kind([-0.7, -0.7], 2, 'LogSoftmax')).toEqual({
      kind: 'logits',
      why: 'the graph ends with LogSoftmax',
    });
    expect(kind([0.9, 0.9], 2, 'Sigmoid').kind).toBe('probabilities');
    expect(kind([0.9], 1, 'Sigmoid').why).toMatch(/the second class/);
    expect(kind([1], 1).kind).toBe('logits');
  });

  it('obeys', () => {
    expect(readScores(Float32Array.of(3, 4), 2, undefined, 'probabilities')).toEqual({
      kind: 'probabilities',
      why: '--scores',
    });
  });
});

describe('classScorer', () => {
  const inOrder = (count: number) => Array.from({ length: count }, (_, output) => [output]);

  it('hands logits on where outputs and classes are the same', () => {
    const raw = Float32Array.of(1, 2, 3, 4);
    expect(classScorer(2, 'logits', { outputs: inOrder(2) })(raw)).toBe(raw);
  });

  it('masks, orders and renormalises', () => {
    const score = classScorer(4, 'probabilities', { outputs: [[3], [1]] });
    const logits = score(Float32Array.of(0.6, 0.1, 0, 0.3));
    expect(answerOf(logits)).toEqual({ output: 0, confidence: expect.closeTo(0.75, 6) });
  });

  it('adds the probabilities of outputs that share a class, of logits too', () => {
    const outputs = [[0, 2], [1]];
    const p = answerOf(classScorer(3, 'probabilities', { outputs })(Float32Array.of(0.3, 0.45, 0.25)));
    expect(p).toEqual({ output: 0, confidence: expect.closeTo(0.55, 6) });
    // softmax(1, 2, 1.5) by NumPy: 0.18632372, 0.50648039, 0.30719589; the first and the last sum to 0.49351961.
    const z = answerOf(classScorer(3, 'logits', { outputs })(Float32Array.of(1, 2, 1.5)));
    expect(z).toEqual({ output: 1, confidence: expect.closeTo(0.50648039, 7) });
  });

  it('keeps the order of probabilities that differ in the last bit', () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(1e-30), max: 1, noNaN: true }), (value) => {
        const bits = new Uint32Array(Float32Array.of(value).buffer);
        const next = new Float32Array(Uint32Array.of(bits[0] + 1).buffer)[0];
        const [lower, upper] = classScorer(2, 'probabilities', { outputs: inOrder(2) })(
          Float32Array.of(value, next),
        );
        expect(upper).toBeGreaterThan(lower);
      }),
    );
  });

  it('has no opinion where a score is NaN, masked or not, or where nothing is left', () => {
    const score = classScorer(3, 'probabilities', { outputs: [[0], [1]] });
    const logits = score(Float32Array.of(0.5, 0.5, Number.NaN, 0, 0, 1, 0, 1e-8, 1));
    expect([0, 1, 2].map((image) => answerOf(logits.subarray(2 * image, 2 * image + 2)).output)).toEqual([
      -1, -1, 1,
    ]);
  });
});

describe('bothClasses', () => {
  it('makes two scores of the one of the second class', () => {
    expect([...bothClasses(Float32Array.of(0.25, 1), 'probabilities')]).toEqual([0.75, 0.25, 0, 1]);
    expect([...bothClasses(Float32Array.of(-3), 'logits')]).toEqual([0, -3]);
  });
});
