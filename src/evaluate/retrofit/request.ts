/** What a retrofit is given, what it tells on its way, and what comes of it. */
import type { BadLimit, Unreadable } from '../../data/bad-images.ts';
import type { Device } from '../../engine/engine.ts';
import type { RetrofitOptions } from '../../onnx/retrofit.ts';
import type { AskedLimits } from '../model/model-demands.ts';
import type { PreprocessingFlags } from '../model/preprocessing.ts';
import type { ModelReading, ResultModel } from '../result/schema.ts';

export interface RetrofitRequest extends AskedLimits {
  /** An ONNX file of any image classifier that begins with a convolution, or the folder of a run. */
  readonly model: string;
  /** The ONNX file to write. */
  readonly out: string;
  /** Size of the average pooling of the pull response, odd; 0 leaves it out. */
  readonly avg: number;
  /** Inhibition strength of all filters. */
  readonly alpha: number;
  /** Clean images on which scale and shift are estimated and errors measured. Default: neither is done. */
  readonly data?: string;
  /** Training images from which scale and shift are estimated, a seeded, stratified selection. Default 1000. */
  readonly images?: number;
  /** Measure errors on a seeded, stratified selection of so many test images. Default: all. */
  readonly limit?: number;
  /** Seed of both selections. Default 0. */
  readonly seed?: number;
  /** Default 64. */
  readonly batchSize?: number;
  /** Default `cpu`. */
  readonly device?: Device;
  /** Threads of ONNX Runtime. Default: what the machine offers. */
  readonly threads?: number;
  /** Threads that decode images. Default: what the machine offers. */
  readonly workers?: number;
  /** Where downloaded data sets are. */
  readonly cacheDir?: string;
  /** Leave unreadable images out instead of refusing the data. */
  readonly skipBad?: boolean;
  /** Stop when more of them cannot be read. Default: 1 % of all, but at least 10. */
  readonly maxBad?: BadLimit;
  /** How images are prepared, where the model's card does not say or shall be overruled. */
  readonly preprocessing?: PreprocessingFlags;
  /** Aborting it ends the work; nothing is written then. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RetrofitEvent) => void;
}

/** The parts of the work that take time, in their order. */
export type RetrofitStage = 'original' | 'estimating' | 'retrofitted' | 'not re-estimated';

export type RetrofitEvent =
  | { readonly kind: 'start'; readonly model: ResultModel; readonly layer: RetrofittedLayer }
  /** Where data is given: how the model is read, tried on a sample, before anything is measured. */
  | { readonly kind: 'read'; readonly reading: ModelReading }
  | {
      readonly kind: 'progress';
      readonly stage: RetrofitStage;
      /** Images seen so far, and in all stages together. */
      readonly images: number;
      readonly totalImages: number;
      readonly imagesPerSecond: number;
      readonly remainingSeconds: number;
    };

/** The convolution that is replaced. */
export interface RetrofittedLayer {
  readonly name: string;
  /** `[Cout, Cin/groups, kh, kw]` */
  readonly kernels: readonly number[];
  readonly stride: readonly [number, number];
}

/** Top-1 errors on clean test images, in [0, 1]. */
export interface RetrofitErrors {
  readonly original: number;
  /** As written: scale and shift re-estimated. */
  readonly retrofitted: number;
  /** With scale 1 and the bias of the convolution. */
  readonly notReestimated: number;
  /** Test images behind each. */
  readonly images: number;
}

export interface RetrofitOutcome {
  readonly model: ResultModel;
  readonly layer: RetrofittedLayer;
  /** Length of the written file. */
  readonly bytes: number;
  /** Present where data were given. */
  readonly measured?: {
    /** The data set, for people. */
    readonly data: string;
    /** The options that the model was read with: those of the request, and what a sample of the data showed. */
    readonly flags: PreprocessingFlags;
    /** How the model was understood, with what was read otherwise than assumed and what looks wrong. */
    readonly reading: ModelReading;
    readonly estimatedOn: NonNullable<RetrofitOptions['estimatedOn']>;
    /** Smallest and largest factor of a filter. */
    readonly scale: readonly [least: number, most: number];
    readonly errors: RetrofitErrors;
    /** Images that were left out, and the file beside the model that lists them. */
    readonly badImages: { readonly images: readonly Unreadable[]; readonly file: string };
  };
  /** What a person should know. */
  readonly notes: readonly string[];
}
