/** What a side of a comparison is asked, one JSON object a line; torch_peer.py and ours.ts answer the same. */
import type { Precision } from '../src/engine/engine.ts';
import type { Workload } from './network.ts';

export type Work = 'train' | 'infer';

/** How PyTorch is used. */
export interface TorchMode {
  readonly channelsLast: boolean;
  /** bfloat16 by autocast. */
  readonly precision: Precision;
  readonly tf32?: boolean;
  /** The mode of `torch.compile`; eager when left out. */
  readonly compile?: 'default' | 'reduce-overhead';
}

/** Make something ready under a name, and run it a little. */
export interface OpenRequest {
  readonly kind: 'open';
  readonly id: string;
  readonly work: Work;
  readonly workload: Workload;
  /** Of PyTorch; ours has its engine's options from the start. */
  readonly mode?: TorchMode;
}

/**
 * Take a turn. Steps do not count until a quarter of `seconds` has passed, and one at least; then steps are counted
 * until `seconds` have passed, and `leastSteps` of them at least.
 */
export interface TurnRequest {
  readonly kind: 'turn';
  readonly id: string;
  readonly seconds: number;
  readonly leastSteps: number;
}

export interface TurnAnswer {
  /** Steps that count, and their seconds. */
  readonly counted: number;
  readonly seconds: number;
  /** All steps. */
  readonly steps: number;
  /** Share of the seconds outside the runtime's kernels; ours alone. */
  readonly outside?: number;
}

export interface CloseRequest {
  readonly kind: 'close';
  readonly id: string;
}

/** Train some steps on batches from files, beginning with weights from files (see raw.ts), and tell each loss. */
export interface LossesRequest {
  readonly kind: 'losses';
  readonly workload: Workload;
  readonly mode?: TorchMode;
  /** Files of {@link writeRaw}, without their endings. */
  readonly weights: string;
  readonly batches: string;
  readonly steps: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

export interface LossesAnswer {
  readonly losses: readonly number[];
}

export interface AboutTorch {
  readonly torch: string;
  readonly python: string;
  /** Of torchvision, or how its networks are defined here without it. */
  readonly networks: string;
  /** Which of PyTorch's loops SGD takes by default. */
  readonly sgd: string;
  /** Instructions that its kernels use, or the GPU. */
  readonly device: string;
  readonly threads: number;
}

export interface AboutOurs {
  readonly engine: string;
  readonly version: string;
}
