import type { AugmentationRequest } from '../augment/augment.ts';
import type { ClassSelection } from '../data/class-selection.ts';
import type { EngineChoice } from '../engine/options.ts';
import type { Antialias, BatchNormConfig, Form, StemConfig } from '../models/config.ts';
import type { PresetName } from '../run/config.ts';
import type { MomentumPolicy } from '../run/schedule.ts';

/** Images of each split at most, or of the training and the test images apart. */
export type ImageLimit = number | { readonly train?: number; readonly test?: number };

/** What a person asks for; everything that is left out comes from the preset. */
export interface TrainingRequest extends EngineChoice {
  /** `cifar10`, `mnist`, `imagenet:PATH`, `imagenet100:PATH` or the path of an image folder or of an archive of one. */
  readonly data: string;
  /** As in the weights to start from, else a plain convolution, when left out. */
  readonly stem?: StemConfig;
  readonly model?: string;
  /** Channels of the first stage; as published when left out (64 for the ResNets). */
  readonly width?: number;
  readonly form?: Form;
  /** Blurs against aliasing; none when left out. */
  readonly antialias?: Antialias;
  /** Whether the first layer has a bias; as the network is published when left out. */
  readonly stemBias?: boolean;
  /** Weights to start from: a file of any origin, or the folder of a run. They decide what is left open of the network. */
  readonly weights?: string;
  /** With weights: a classifier from the seed in place of theirs. */
  readonly newClassifier?: boolean;
  /**
   * With weights: batches over which the batch norms' statistics are measured before the first step. Left out: 50 where
   * the first layer is another one than theirs (an epoch at most), else none.
   */
  readonly reestimate?: number;
  /** Of every batch norm; what is left out is as the network is published, or as where the weights come from. */
  readonly batchNorm?: Partial<BatchNormConfig>;
  /** Named recipe; chosen by the data when left out. */
  readonly preset?: PresetName;
  readonly epochs?: number;
  readonly batchSize?: number;
  /** Peak of the learning rate; the initial and the end rate keep their ratio to it. */
  readonly maxRate?: number;
  readonly momentum?: MomentumPolicy;
  readonly weightDecay?: number;
  /** What varies the training images beside crop and flip; nothing when left out. */
  readonly augment?: AugmentationRequest;
  /** Weight of AugMix's consistency loss; AugMix only. */
  readonly jsd?: number;
  /** Share of the training images that is held out to validate on in place of the test images, drawn by the seed. */
  readonly validation?: number;
  /** Only some of the classes. */
  readonly classes?: ClassSelection;
  /** A seeded, stratified share of the training images (of those that are not held out). */
  readonly fraction?: number;
  /** A seeded, stratified selection of so many images of each split, or of one of them. */
  readonly limit?: ImageLimit;
  readonly seed?: number;
  /** Threads that load images. */
  readonly workers?: number;
  readonly cacheDir?: string;
}
