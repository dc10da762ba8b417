/** A model's answer to each image of a pass, kept by the image's place in the measured selection. */
import type { Logits } from '../../train/score.ts';

/** The answers to the images of one cell, or to the clean ones. */
export interface Answers {
  /**
   * `[N]` the class that the model takes an image for, as an index into the data's classes; -1 where its answer is
   * none of them, and where the image could not be read.
   */
  readonly predicted: Int32Array;
  /** `[N]` the probability that the model gives to its answer, in [0, 1]; NaN where the image could not be read. */
  readonly confidence: Float32Array;
}

/** Answers before any image was classified. */
export function noAnswers(images: number): Answers {
  return {
    predicted: new Int32Array(images).fill(-1),
    confidence: new Float32Array(images).fill(Number.NaN),
  };
}

/** Whether the image was read and classified; those that were not (`--skip-bad`) count nowhere. */
export function isAnswered({ confidence }: Answers, image: number): boolean {
  return !Number.isNaN(confidence[image]);
}

/**
 * Enters the answers of a batch.
 *
 * @param logits `[indices.length, classes]`
 * @param indices place of each image
 */
export function enterAnswers(
  answers: Answers,
  logits: Logits,
  indices: ArrayLike<number>,
  classes: number,
): void {
  for (let row = 0; row < indices.length; row++) {
    const { output, confidence } = answerOf(logits.subarray(row * classes, (row + 1) * classes));
    const image = indices[row]!;
    answers.predicted[image] = output;
    answers.confidence[image] = confidence;
  }
}

/**
 * The output with the largest logit, the first of equal ones, and its softmax. A NaN among the logits is no answer:
 * output -1 with confidence 0.
 */
export function answerOf(logits: Logits): { output: number; confidence: number } {
  let output = 0;
  for (let index = 0; index < logits.length; index++) {
    if (Number.isNaN(logits[index])) return { output: -1, confidence: 0 };
    if (logits[index]! > logits[output]!) output = index;
  }
  const largest = logits[output]!;
  let total = 0;
  // The largest apart: infinity less infinity is no number.
  for (const logit of logits) total += logit === largest ? 1 : Math.exp(logit - largest);
  return { output, confidence: 1 / total };
}

/**
 * Images of a batch whose logits are no plain numbers: one that is NaN is no answer, an infinite one (half precision
 * that overflows) leaves the others without a chance. The logarithm of a probability of 0 is neither.
 *
 * @param logits `[images, classes]`
 */
export function countNotFinite(logits: Logits, classes: number): { nan: number; infinite: number } {
  const counts = { nan: 0, infinite: 0 };
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    if (row.some(Number.isNaN)) counts.nan++;
    else if (row.includes(Number.POSITIVE_INFINITY)) counts.infinite++;
  }
  return counts;
}
