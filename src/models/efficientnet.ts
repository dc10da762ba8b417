import * as F from '../graph/functional.ts';
import type { Value } from '../graph/value.ts';
import {
  BatchNorm2d,
  type BatchNorm2dOptions,
  Conv2d,
  Dropout,
  type ForwardContext,
  Linear,
  Module,
  Sequential,
  SiLU,
  SqueezeExcitation,
  StochasticDepth,
} from '../nn/index.ts';
import { constant, uniformFanOut } from '../nn/init.ts';
import type { Form } from './config.ts';
import type { StemFactory } from './stem.ts';

/** A stage of equal blocks; the first of them carries the stride and the change of channels. */
interface StageSpec {
  /** Channels inside a block, as a multiple of those that enter it. */
  readonly expansion: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly channels: number;
  readonly blocks: number;
}

/** EfficientNet-B0 (Tan & Le 2019, table 1), at the published width. */
const STEM_CHANNELS = 32;
const HEAD_CHANNELS = 1280;
const STAGES: readonly StageSpec[] = [
  { expansion: 1, kernelSize: 3, stride: 1, channels: 16, blocks: 1 },
  { expansion: 6, kernelSize: 3, stride: 2, channels: 24, blocks: 2 },
  { expansion: 6, kernelSize: 5, stride: 2, channels: 40, blocks: 2 },
  { expansion: 6, kernelSize: 3, stride: 2, channels: 80, blocks: 3 },
  { expansion: 6, kernelSize: 5, stride: 1, channels: 112, blocks: 3 },
  { expansion: 6, kernelSize: 5, stride: 2, channels: 192, blocks: 4 },
  { expansion: 6, kernelSize: 3, stride: 1, channels: 320, blocks: 1 },
];

/** Channels after squeezing, as a part of those that enter the block. */
const SQUEEZE = 1 / 4;
/** Drop probability that a block after the last would have; the first has 0, and it rises evenly in between. */
const DROP_CONNECT = 0.2;
const DROPOUT = 0.2;
/** The authors' constants, in PyTorch's sense of momentum: the weight of the new batch. */
export const EFFICIENTNET_BATCH_NORM = { eps: 1e-3, momentum: 0.01 } as const;

/**
 * Channels of a stage at another width: scaled, then rounded to the nearest multiple of a divisor, or the next where
 * that would take more than a tenth away (the rule of the authors' code). The divisor is theirs, 8, from the published
 * width on; narrower networks have a smaller one, so that they keep their proportions.
 */
function scaledChannels(channels: number, width: number): number {
  const scaled = (channels * width) / STEM_CHANNELS;
  const divisor = Math.min(8, Math.max(1, Math.floor(width / 4)));
  const rounded = Math.max(divisor, Math.floor(scaled / divisor + 0.5) * divisor);
  return rounded < 0.9 * scaled ? rounded + divisor : rounded;
}

interface ConvNormOptions {
  readonly batchNorm: BatchNorm2dOptions;
  readonly stride?: number;
  readonly groups?: number;
  /** SiLU at the end. Default true. */
  readonly activation?: boolean;
}

/** Convolution that keeps the size but for its stride, batch norm, SiLU; torchvision names them `0`, `1`, `2`. */
function convNorm(
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  { batchNorm, stride = 1, groups = 1, activation = true }: ConvNormOptions,
): Sequential {
  const padding = (kernelSize - 1) / 2;
  return new Sequential([
    new Conv2d(inChannels, outChannels, kernelSize, { stride, padding, groups }),
    new BatchNorm2d(outChannels, batchNorm),
    ...(activation ? [new SiLU()] : []),
  ]);
}

/**
 * Inverted bottleneck with squeeze-and-excitation: 1×1 convolution to more channels, depthwise convolution, squeeze and
 * excitation, 1×1 convolution to fewer channels; a shortcut around it where the shape stays.
 */
class MBConv extends Module {
  readonly block: Sequential;
  readonly stochastic_depth?: StochasticDepth;

  constructor(
    inChannels: number,
    { expansion, kernelSize, stride, channels }: Omit<StageSpec, 'blocks'>,
    dropConnect: number,
    batchNorm: BatchNorm2dOptions,
  ) {
    super();
    const inner = inChannels * expansion;
    const squeezed = Math.max(1, Math.floor(inChannels * SQUEEZE));
    this.block = new Sequential([
      ...(expansion === 1 ? [] : [convNorm(inChannels, inner, 1, { batchNorm })]),
      convNorm(inner, inner, kernelSize, { batchNorm, stride, groups: inner }),
      new SqueezeExcitation(inner, squeezed),
      convNorm(inner, channels, 1, { batchNorm, activation: false }),
    ]);
    if (stride === 1 && inChannels === channels) {
      this.stochastic_depth = new StochasticDepth(dropConnect, 'row');
    }
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    const y = this.block.call(x, context);
    return this.stochastic_depth ? F.add(this.stochastic_depth.call(y, context), x) : y;
  }
}

export interface EfficientNetOptions {
  readonly form: Form;
  /** Channels of the first layer, 32 as published; the others scale with it. */
  readonly width: number;
  readonly classes: number;
  readonly stem: StemFactory;
  /**
   * Default: the authors', eps 1e-3 and momentum 0.01. torchvision's and timm's published weights of this network were
   * trained with eps 1e-5 and momentum 0.1.
   */
  readonly batchNorm?: BatchNorm2dOptions;
}

/**
 * EfficientNet-B0 (Tan & Le 2019) for `[N, 3, H, W]`, giving logits `[N, classes]`. Names and layout are torchvision's,
 * padding (k-1)/2 on all sides included: `features.0.0`, `features.1.0.block.0.0`, …, `features.8.0`, `classifier.1`.
 *
 * Form `imagenet` is the published network, for 224×224. Form `cifar` has a stem of stride 1 instead of 2 and is
 * otherwise the same; that is this project's choice for images of 32×32, not one of a publication.
 */
export class EfficientNet extends Module {
  readonly features: Sequential;
  readonly classifier: Sequential;

  constructor({ form, width, classes, stem, batchNorm = EFFICIENTNET_BATCH_NORM }: EfficientNetOptions) {
    super();
    const total = STAGES.reduce((sum, { blocks }) => sum + blocks, 0);
    let [inChannels, index] = [width, 0];
    const stages = STAGES.map((spec) => {
      const channels = scaledChannels(spec.channels, width);
      const blocks = Array.from({ length: spec.blocks }, (_, i) => {
        const stride = i === 0 ? spec.stride : 1;
        const dropConnect = (DROP_CONNECT * index++) / total;
        const block = new MBConv(inChannels, { ...spec, stride, channels }, dropConnect, batchNorm);
        inChannels = channels;
        return block;
      });
      return new Sequential(blocks);
    });
    const headChannels = scaledChannels(HEAD_CHANNELS, width);
    this.features = new Sequential([
      new Sequential([
        stem(3, width, 3, { stride: form === 'cifar' ? 1 : 2, padding: 1 }),
        new BatchNorm2d(width, batchNorm),
        new SiLU(),
      ]),
      ...stages,
      convNorm(inChannels, headChannels, 1, { batchNorm }),
    ]);
    this.classifier = new Sequential([
      new Dropout(DROPOUT),
      new Linear(headChannels, classes, { weight: uniformFanOut, bias: constant(0) }),
    ]);
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    const features = this.features.call(x, context);
    return this.classifier.call(F.reduceMean(features, [2, 3]), context);
  }
}
