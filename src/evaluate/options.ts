import type { CorruptionName, ParameterSet, Severity } from '../corrupt/index.ts';
import type { BadLimit, Unreadable } from '../data/bad-images.ts';
import type { ClassSelection } from '../data/class-selection.ts';
import type { DatasetReading } from '../data/contents.ts';
import type { EngineOptions } from '../engine/engine.ts';
import type { MeasuredCell } from './grid/measure.ts';
import type { ProgressEvent } from './grid/progress.ts';
import type { AskedLimits } from './model/model-demands.ts';
import type { PreprocessingFlags } from './model/preprocessing.ts';
import type { Result, ResultData, ResultModel } from './result/schema.ts';

/** What an evaluation is given, and what it tells on its way. */
/** On ONNX Runtime and the CPU unless told otherwise; another engine takes the folder of a run, and no ONNX file. */
export interface EvaluateOptions extends Partial<EngineOptions>, AskedLimits {
  /** An ONNX file of any image classifier, or the folder of a run. */
  readonly model: string;
  /**
   * `cifar10`, `mnist`, an image folder or an archive of one, `npy:IMAGES.npy,LABELS.npy`; or a corrupted set,
   * `cifar10-c:PATH` or `imagenet-c:PATH`, whose images then stand for those that are otherwise corrupted in memory.
   */
  readonly data: string;
  /** Clean images to measure beside a corrupted set; without them the clean error is left out. */
  readonly clean?: string;
  /** Result file; written after each finished cell, and continued when it holds a part of the same evaluation. */
  readonly out?: string;
  /**
   * Whether the answers to single images are written beside `out` (see predictions.ts). `true` also measures the cells
   * again that an earlier part measured without. Default: of what is measured now.
   */
  readonly predictions?: boolean;
  /** Result file of the network to compare with. */
  readonly baseline?: string;
  /**
   * Only some of the data's classes, in their order. Default: those of the model's card, where it has fewer than the
   * data, else all.
   */
  readonly classes?: ClassSelection;
  /** Default: the 15 of the benchmark, and of a corrupted set the others that it holds. */
  readonly corruptions?: readonly CorruptionName[];
  /** Default: all five. */
  readonly severities?: readonly Severity[];
  /** Strengths of the corruptions. Default: `cifar` for images up to 64 pixels, else `imagenet`. */
  readonly set?: ParameterSet;
  /** Measure a seeded, stratified selection of so many images. Default: all. */
  readonly limit?: number;
  /** Seed of the selection and of the corruptions. Default 0. */
  readonly seed?: number;
  /** Default 64. */
  readonly batchSize?: number;
  /** Threads that decode and corrupt images. Default: what the machine offers. */
  readonly workers?: number;
  /** Where downloaded data sets are. */
  readonly cacheDir?: string;
  /** Folder of frost textures to use in place of the generated ones. */
  readonly frostDir?: string;
  /** Leave unreadable images out (and count them) instead of refusing the data. */
  readonly skipBad?: boolean;
  /** Stop when more of them cannot be read. Default: 1 % of all, but at least 10. */
  readonly maxBad?: BadLimit;
  /** How images are prepared, where the model's card does not say or shall be overruled. */
  readonly preprocessing?: PreprocessingFlags;
  /** Aborting it ends the evaluation; what was finished stays in `out`. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: EvaluationEvent) => void;
}

export type EvaluationEvent =
  | {
      readonly kind: 'start';
      readonly model: ResultModel;
      readonly data: ResultData;
      readonly environment: Result['environment'];
      /** How the images were understood that are corrupted in memory, or that are clean beside a corrupted set. */
      readonly reading?: DatasetReading;
      /** Clean data included. */
      readonly cells: number;
      /** Whether clean data is among them. */
      readonly clean: boolean;
      /** Cells that an earlier, interrupted evaluation left in `out`. */
      readonly finished: number;
    }
  | ProgressEvent
  /** At the end, where images were left out: all of them, and the file beside the result that lists them. */
  | { readonly kind: 'badImages'; readonly images: readonly Unreadable[]; readonly file: string | undefined }
  | ({ readonly kind: 'cell' } & MeasuredCell);
