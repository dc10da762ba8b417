import * as F from '../../graph/functional.ts';
import type { Value } from '../../graph/value.ts';

/**
 * Mean cross-entropy over a batch, natural logarithm.
 *
 * @param logits `[N, C]`
 * @param targets `[N, C]` probabilities; one-hot rows for plain labels
 */
export function crossEntropy(logits: Value, targets: Value): Value {
  const [n] = logits.shape;
  const sum = F.reduceSum(F.mul(F.logSoftmax(logits), targets), [0, 1]);
  return F.mul(sum, F.constant(logits, -1 / n));
}

/** What a mixture of probabilities is at least, before its logarithm is taken. */
const LEAST_MIXTURE = 1e-7;

/**
 * Jensen–Shannon divergence of the answers to several views of each image, mean over the images: the mean over the
 * views of the Kullback–Leibler divergence from their mixture (AugMix, Hendrycks et al. 2020, eq. 2).
 *
 * @param views Logits `[N, C]` each.
 */
export function jensenShannon(views: readonly Value[]): Value {
  const [first] = views;
  const [n] = first.shape;
  const logs = views.map((logits) => F.logSoftmax(logits));
  const probabilities = logs.map((log) => F.exp(log));
  const mean = F.mul(probabilities.reduce(F.add), F.constant(first, 1 / views.length));
  const least = F.constant(first, LEAST_MIXTURE);
  const mixture = F.log(F.add(F.relu(F.sub(mean, least)), least));
  const divergences = logs.map((log, i) => F.mul(probabilities[i], F.sub(log, mixture)));
  const sum = F.reduceSum(divergences.reduce(F.add), [0, 1]);
  return F.mul(sum, F.constant(first, 1 / (n * views.length)));
}

/**
 * How many of a batch have their class among the `k` largest logits, for each `k`.
 *
 * Equal logits are ranked by index, the lower class first, so that a network that answers the same for
 * every class is not counted as right. Not-a-number counts as wrong.
 *
 * @param logits `[N, C]`
 * @param targets `[N, C]`, one-hot
 */
export function topKCorrect(logits: Value, targets: Value, ks: readonly number[]): Value[] {
  const [, classes] = logits.shape;
  const float = (mask: Value): Value => F.cast(mask, 'float32');
  const own = F.reduceSum(F.mul(logits, targets), [1], true);
  const indices = F.constant(
    logits,
    Array.from({ length: classes }, (_, i) => i),
    [1, classes],
  );
  const label = F.reduceSum(F.mul(targets, indices), [1], true);
  const above = float(F.greater(logits, own));
  const tiedBefore = F.mul(float(F.equal(logits, own)), float(F.greater(label, indices)));
  const rank = F.reduceSum(F.add(above, tiedBefore), [1]);
  const valid = F.reduceMin(float(F.equal(logits, logits)), [1]);
  return ks.map((k) => {
    const hit = float(F.greater(F.constant(logits, k), rank));
    return F.reduceSum(F.mul(hit, valid), [0]);
  });
}
