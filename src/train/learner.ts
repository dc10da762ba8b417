import type { Tensor } from '../graph/tensor.ts';
import type { StepResult, StepSettings, TrainingState } from './step.ts';

/** Images and their classes, as the data loader gives them. */
export interface LabelledBatch {
  /** `[count, C, H, W]`, row-major. */
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
  state(): Promise<TrainingState>;
  restore(state: TrainingState): Promise<void>;
  /** The network with these weights, in inference form. */
  classifier(weights: Map<string, Tensor>): Promise<Classifier>;
  /** The file that users deploy; `training` goes into its model card. */
  exportModel(weights: Map<string, Tensor>, training: Record<string, unknown>): Uint8Array;
  dispose(): Promise<void>;
}
