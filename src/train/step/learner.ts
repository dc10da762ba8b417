import type { Tensor } from '../../graph/tensor.ts';
import type { StepResult, StepSettings, TrainingState } from './step.ts';

/** Images and their classes, as the data loader gives them. */
export interface LabelledBatch {
  /** `[count, C, H, W]`, row-major; where images come in several views, those of the first, then the others. */
  readonly images: Float32Array | Uint8Array;
  /** `[count]` */
  readonly labels: Int32Array;
  readonly count: number;
}

/** A network ready to classify, as it will be deployed. */
export interface Classifier {
  /** Logits `[count, classes]`. */
  classify(batch: LabelledBatch): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/**
 * What the trainer needs of a network and its optimiser. The real one is `networkLearner` (network.ts); the
 * trainer's own rules (order, checkpoints, resuming, stopping) hold for any other, and are tested with a tiny one.
 */
export interface Learner {
  readonly classes: number;
  /** Names and shapes of what `state()` gives, to check a checkpoint against. */
  readonly shapes: {
    readonly weights: ReadonlyMap<string, { readonly shape: readonly number[] }>;
    readonly momentum: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  };
  step(batch: LabelledBatch, settings: StepSettings): Promise<StepResult>;
  /**
   * Measure the batch norms' statistics anew over batches.
   *
   * @param onBatch told how many are done; false ends it, and nothing is changed
   * @returns whether it was carried out
   */
  reestimate(batches: AsyncIterable<LabelledBatch>, onBatch: (done: number) => boolean): Promise<boolean>;
  state(): Promise<TrainingState>;
  restore(state: TrainingState): Promise<void>;
  /** The network with these weights, in inference form. */
  classifier(weights: Map<string, Tensor>): Promise<Classifier>;
  /** The file that users deploy; `training` goes into its model card. */
  exportModel(weights: Map<string, Tensor>, training: Record<string, unknown>): Uint8Array;
  /** What a file of weights shall say about the network, as text entries. */
  metadata(training: Record<string, unknown>): Readonly<Record<string, string>>;
  dispose(): Promise<void>;
}
