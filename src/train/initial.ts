/** Starting from given weights: what comes between loading them and the first step. */
import type { InitialWeights } from '../run/config.ts';
import type { Scores } from '../run/history.ts';
import type { LabelledBatch, Learner } from './step/learner.ts';
import type { TrainingData } from './training-data.ts';

export type InitialEvent =
  /** Batches over which the batch norms' statistics were measured, of `batches`. */
  | { readonly kind: 'reestimate'; readonly batch: number; readonly batches: number }
  /** Scores of the first weights: as they were loaded, and after the statistics were measured anew. */
  | { readonly kind: 'initial'; readonly stage: 'loaded' | 'reestimated'; readonly scores: Scores };

export interface PrepareOptions {
  readonly learner: Learner;
  readonly data: TrainingData;
  readonly initial: InitialWeights;
  /** Scores of the learner's weights as they are; undefined when it was stopped. */
  readonly evaluate: () => Promise<Scores | undefined>;
  readonly aborted: () => boolean;
  readonly onEvent?: (event: InitialEvent) => void;
}

/**
 * Score the weights as they were loaded; where that is asked for, measure the batch norms' statistics over the first
 * batches of the first epoch, as they will be trained on, and score them again. Returns false when it was stopped on
 * the way; nothing is changed then that doing it again would not change in the same way.
 */
export async function prepareInitial(options: PrepareOptions): Promise<boolean> {
  const { learner, data, initial, evaluate, aborted, onEvent = () => {} } = options;
  const loaded = await evaluate();
  if (loaded === undefined) return false;
  onEvent({ kind: 'initial', stage: 'loaded', scores: loaded });
  const batches = initial.reestimateBatches;
  if (batches === 0) return true;
  await learner.reestimate(firstOf(data.training(0, 0), batches), (batch) => {
    onEvent({ kind: 'reestimate', batch, batches });
    return !aborted();
  });
  if (aborted()) return false;
  const scores = await evaluate();
  if (scores === undefined) return false;
  onEvent({ kind: 'initial', stage: 'reestimated', scores });
  return true;
}

async function* firstOf(source: AsyncIterable<LabelledBatch>, count: number): AsyncGenerator<LabelledBatch> {
  let taken = 0;
  for await (const batch of source) {
    yield batch;
    if (++taken >= count) return;
  }
}
