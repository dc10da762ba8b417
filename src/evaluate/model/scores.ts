/** What a model's outputs are, and what they say of the data's classes. */
import type { NodeProto } from '../../onnx/model.ts';
import { plural } from '../../words.ts';
import type { ClassOutputs } from './labels/class-outputs.ts';
import type { ScoreKind } from './preprocessing.ts';

export interface ScoreReading {
  readonly kind: ScoreKind;
  /** How that is known, for people. */
  readonly why: string;
  /** What speaks against it, in words. */
  readonly doubt?: string;
}

/** Sums of probabilities are this close to 1 in float32, and in formats of few digits. */
const CLOSE = 1e-3;
const ROUGH = 0.1;

/**
 * Tells logits from probabilities: by what was said; by a Softmax or Sigmoid that ends the graph, if the values agree;
 * by the values alone, whose rows lie in [0, 1] and sum to 1.
 *
 * @param rows `[count, classes]`, what the model says of some images
 * @param last the node that computes the scores
 */
export function readScores(
  rows: Float32Array,
  classes: number,
  last: NodeProto | undefined,
  told: ScoreKind | undefined,
): ScoreReading {
  if (told) return { kind: told, why: '--scores' };
  const count = rows.length / classes;
  const images = plural(count, 'image');
  const within = rows.every((value) => value >= -CLOSE && value <= 1 + CLOSE);
  const totals = sums(rows, classes);
  const farthest = Math.max(...totals.map((sum) => Math.abs(sum - 1)));
  if (last?.opType === 'Softmax' && within && farthest <= ROUGH) {
    return { kind: 'probabilities', why: 'the graph ends with Softmax' };
  }
  if (last?.opType === 'Sigmoid' && within) {
    return {
      kind: 'probabilities',
      why:
        classes === 1
          ? 'the graph ends with Sigmoid: the probability of the second class'
          : 'the graph ends with Sigmoid: one probability a class, which are brought to a sum of 1',
    };
  }
  if (classes > 1 && within && farthest <= CLOSE) {
    return {
      kind: 'probabilities',
      why: `the scores of ${images} lie between 0 and 1 and sum to 1`,
    };
  }
  const whole = wholeOf(rows, totals);
  if (classes > 1 && count > 1 && whole !== undefined) {
    const shown = Number(whole.toPrecision(4));
    return {
      kind: 'probabilities',
      why: `the scores of ${images} lie between 0 and ${shown} and sum to ${shown}`,
    };
  }
  if (last?.opType === 'LogSoftmax') return { kind: 'logits', why: 'the graph ends with LogSoftmax' };
  const why = `the scores of ${images} are no probabilities`;
  if (classes === 1 || !within || rows.some(Number.isNaN)) return { kind: 'logits', why };
  return {
    kind: 'logits',
    why,
    doubt:
      `the scores of ${images} all lie between 0 and 1 but do not sum to 1, and are read as logits: the answers are the ` +
      'same, the confidences are not if these are probabilities of their own; --scores probabilities or logits says which',
  };
}

/** What the rows sum to where they are shares of it, such as 100 of percentages; more than what passes for 1. */
function wholeOf(rows: Float32Array, totals: readonly number[]): number | undefined {
  const whole = totals[0];
  const same = totals.every((sum) => Math.abs(sum - whole) <= CLOSE * whole);
  const among = rows.every((value) => value >= -CLOSE * whole && value <= whole * (1 + CLOSE));
  return whole >= 2 && same && among ? whole : undefined;
}

function sums(rows: Float32Array, classes: number): number[] {
  return Array.from({ length: rows.length / classes }, (_, row) =>
    rows.subarray(row * classes, (row + 1) * classes).reduce((sum, value) => sum + value, 0),
  );
}

/** Makes logits of the data's classes from a model's outputs. */
export type ClassScorer = (raw: Float32Array) => Float32Array | Float64Array;

/**
 * Brings a model's outputs, `[count, K]`, to logits of the data's classes, `[count, C]`: their softmax is the
 * probability of each class, given that it is one of the data's. Outputs that stand for none of these are masked, those
 * that share a class are added as probabilities. Double precision, so that taking logarithms makes no two scores equal.
 *
 * A row is NaN throughout where a score is NaN, or where all classes of the data have the probability 0: then the model
 * has no opinion.
 */
export function classScorer(
  count: number,
  kind: ScoreKind,
  { outputs }: Pick<ClassOutputs, 'outputs'>,
): ClassScorer {
  const inOrder = outputs.length === count && outputs.every((own, at) => own.length === 1 && own[0] === at);
  if (kind === 'logits' && inOrder) return (raw) => raw;
  const toLogit = kind === 'probabilities' ? (value: number) => Math.log(Math.max(value, 0)) : Number;
  return (raw) => {
    const images = raw.length / count;
    const logits = new Float64Array(images * outputs.length);
    for (let image = 0; image < images; image++) {
      const row = raw.subarray(image * count, (image + 1) * count);
      const out = logits.subarray(image * outputs.length, (image + 1) * outputs.length);
      for (const [at, own] of outputs.entries()) {
        out[at] =
          own.length === 1 ? toLogit(row[own[0]]) : logSumExp(own.map((output) => toLogit(row[output])));
      }
      const silent = out.every((value) => value === Number.NEGATIVE_INFINITY);
      if (silent || row.some(Number.isNaN)) out.fill(Number.NaN);
    }
    return logits;
  };
}

function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  if (!Number.isFinite(most)) return most;
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

/**
 * The two classes of a model with one output, the score of the second: `[count, 2]`.
 *
 * @param raw `[count, 1]`
 */
export function bothClasses(raw: Float32Array, kind: ScoreKind): Float32Array {
  const both = new Float32Array(2 * raw.length);
  for (const [image, value] of raw.entries()) {
    both[2 * image] = kind === 'probabilities' ? 1 - value : 0;
    both[2 * image + 1] = value;
  }
  return both;
}
