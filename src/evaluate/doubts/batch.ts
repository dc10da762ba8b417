/** Whether a model's answer to an image depends on the images beside it, or on chance. */
import type { Logits } from '../../train/score.ts';
import { plural } from '../../words.ts';
import type { SampledImages } from '../images/samples.ts';
import type { Classifier } from '../model/model.ts';
import { picked } from './understand.ts';

/** Probabilities that move by more do not do so by rounding, in half precision either. */
const MOVED = 0.01;

/**
 * Classifies a sample as one batch and again as two, of every other image: nothing may change. What of the graph is known
 * to depend on the batch is named.
 *
 * @returns in words, what looks wrong
 */
export async function batchDoubts(classifier: Classifier, sample: SampledImages): Promise<string[]> {
  const { dependence, model, classes } = classifier;
  if (sample.count < 2 || (model.reading.input.batch === 1 && dependence.length === 0)) return [];
  const whole = probabilities(await classifier.classify(sample), classes);
  const moved = new Set<number>();
  for (const first of [0, 1]) {
    const places = Array.from({ length: sample.count }, (_, at) => at).filter((at) => at % 2 === first);
    const part = probabilities(await classifier.classify(picked(sample, places)), classes);
    for (const [at, place] of places.entries()) {
      for (let label = 0; label < classes; label++) {
        if (Math.abs(whole[place * classes + label] - part[at * classes + label]) > MOVED) moved.add(place);
      }
    }
  }
  const seen = `${moved.size} of ${plural(sample.count, 'sample image')}`;
  const named = dependence.filter(({ always }) => always || moved.size > 0);
  if (named.length > 0) {
    const effect =
      moved.size > 0
        ? `${seen} get other probabilities in another batch`
        : `of ${plural(sample.count, 'sample image')} none shows it`;
    return named.map(
      ({ what, cure }) =>
        `the answer to an image depends on more than the image, by ${what}: ${effect}; ${cure}`,
    );
  }
  if (moved.size === 0) return [];
  return [
    `the answer to an image depends on the images beside it: ${seen} get other probabilities in another batch; the ` +
      'figures are those of this --batch and this order of images alone',
  ];
}

/** Softmax by row; NaN where a row has one. */
function probabilities(logits: Logits, classes: number): Float64Array {
  const result = Float64Array.from(logits);
  for (let start = 0; start < result.length; start += classes) {
    const row = result.subarray(start, start + classes);
    const most = row.reduce((a, b) => Math.max(a, b));
    for (const [at, value] of row.entries()) row[at] = value === most ? 1 : Math.exp(value - most);
    const sum = row.reduce((a, b) => a + b);
    for (const [at, value] of row.entries()) row[at] = value / sum;
  }
  return result;
}
