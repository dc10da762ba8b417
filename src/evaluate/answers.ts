/** A model's answer to each image of a pass, kept by the image's place in the measured selection. */

/** What the numbers are that a model gives for each class. */
export type Scores = 'logits' | 'probabilities';

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

export interface AnswerOptions {
  /** Outputs of the model, K. */
  readonly classes: number;
  readonly scores: Scores;
  /** The data's class of each output, -1 for none; left out when they are in the same order. */
  readonly classOfOutput?: Int32Array;
}

/**
 * Enters the answers of a batch.
 *
 * @param values `[indices.length, K]`
 * @param indices place of each image
 */
export function enterAnswers(
  answers: Answers,
  values: Float32Array,
  indices: ArrayLike<number>,
  { classes, scores, classOfOutput }: AnswerOptions,
): void {
  for (let row = 0; row < indices.length; row++) {
    const { output, confidence } = answerOf(values.subarray(row * classes, (row + 1) * classes), scores);
    const image = indices[row]!;
    answers.predicted[image] = output < 0 || !classOfOutput ? output : classOfOutput[output]!;
    answers.confidence[image] = confidence;
  }
}

/**
 * The output with the largest value, the first of equal ones, and its probability: softmax of logits, share of the sum
 * of probabilities (which sum to 1 unless the model's classes are only partly those of the data). A NaN among the
 * values is no answer: output -1 with confidence 0.
 */
export function answerOf(values: Float32Array, scores: Scores): { output: number; confidence: number } {
  let output = 0;
  for (let index = 0; index < values.length; index++) {
    if (Number.isNaN(values[index])) return { output: -1, confidence: 0 };
    if (values[index]! > values[output]!) output = index;
  }
  const largest = values[output]!;
  let total = 0;
  for (const value of values) {
    // The largest apart: infinity less infinity is no number.
    if (scores === 'probabilities') total += value;
    else total += value === largest ? 1 : Math.exp(value - largest);
  }
  if (scores === 'logits') return { output, confidence: 1 / total };
  return { output, confidence: total > 0 ? Math.min(1, largest / total) : 0 };
}
