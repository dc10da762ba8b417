import * as F from '../graph/functional.ts';
import type { Value } from '../graph/value.ts';
import {
  BatchNorm2d,
  type BatchNorm2dOptions,
  BlurPool2d,
  Conv2d,
  type ForwardContext,
  Linear,
  Module,
} from '../nn/index.ts';
import type { Antialias, Form } from './config.ts';
import type { StemFactory } from './stem.ts';

export interface ResNetOptions {
  /** `basic`: two 3×3 convolutions (ResNet-18, -34). `bottleneck`: 1×1, 3×3, 1×1, four times as wide at its end. */
  readonly block: 'basic' | 'bottleneck';
  /** Blocks in each of the four stages: 2, 2, 2, 2 for ResNet-18. */
  readonly layers: readonly number[];
  readonly form: Form;
  /** Channels of the first stage, 64 as published; the later ones have 2, 4 and 8 times as many. */
  readonly width: number;
  readonly classes: number;
  readonly stem: StemFactory;
  readonly antialias?: Antialias;
  readonly batchNorm?: BatchNorm2dOptions;
}

/** What all blocks of one network share. */
interface BlockStyle {
  readonly antialias: Antialias;
  readonly batchNorm: BatchNorm2dOptions | undefined;
}

/** Side of the binomial blur, as in the implementation that the paper measured. */
const FILTER_SIZE = { blurconv1: 4, blurconv2: 5 } as const;

/** A blur of a stride, where a network has any: strides then move out of the convolutions into these. */
function blurOf(antialias: Antialias, stride: number): BlurPool2d | undefined {
  return antialias === 'none' || stride === 1 ? undefined : new BlurPool2d(FILTER_SIZE[antialias], stride);
}

/**
 * What a residual block has in common with every other: the convolution that carries the stride, the blur that may
 * take the stride over, and the shortcut. The order is the one of the papers' figures:
 * Zhang 2019 conv, norm, ReLU, blur; Vasconcelos et al. 2020 conv, blur, norm, ReLU.
 */
abstract class ResidualBlock extends Module {
  /** Present where the shape changes: a 1×1 convolution and its batch norm. */
  readonly downsample?: [Conv2d, BatchNorm2d];
  /** Blurs the shortcut; before its convolution, which it commutes with, there are fewer channels. */
  private readonly shortcutBlur?: BlurPool2d;
  private readonly blurBeforeNorm?: BlurPool2d;
  private readonly blurAfterRelu?: BlurPool2d;
  /** The stride that is left to the convolutions. */
  protected readonly convStride: number;

  constructor(inChannels: number, outChannels: number, stride: number, style: BlockStyle) {
    super();
    const { antialias, batchNorm } = style;
    this.convStride = antialias === 'none' ? stride : 1;
    if (antialias === 'blurconv2') this.blurBeforeNorm = blurOf(antialias, stride);
    if (antialias === 'blurconv1') this.blurAfterRelu = blurOf(antialias, stride);
    if (stride !== 1 || inChannels !== outChannels) {
      this.shortcutBlur = blurOf(antialias, stride);
      this.downsample = [
        new Conv2d(inChannels, outChannels, 1, { stride: this.convStride }),
        new BatchNorm2d(outChannels, batchNorm),
      ];
    }
  }

  /** The convolution that carries the stride, batch norm, ReLU, and the blur where it belongs. */
  protected strided(conv: Conv2d, bn: BatchNorm2d, x: Value, context: ForwardContext): Value {
    let y = conv.call(x, context);
    if (this.blurBeforeNorm) y = this.blurBeforeNorm.call(y, context);
    y = F.relu(bn.call(y, context));
    return this.blurAfterRelu ? this.blurAfterRelu.call(y, context) : y;
  }

  protected shortcut(x: Value, context: ForwardContext): Value {
    if (!this.downsample) return x;
    const [conv, bn] = this.downsample;
    return bn.call(conv.call(this.shortcutBlur?.call(x, context) ?? x, context), context);
  }
}

/** Two 3×3 convolutions and a shortcut (He et al. 2016). */
class BasicBlock extends ResidualBlock {
  static readonly expansion = 1;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;

  constructor(inChannels: number, channels: number, stride: number, style: BlockStyle) {
    super(inChannels, channels, stride, style);
    this.conv1 = new Conv2d(inChannels, channels, 3, { stride: this.convStride, padding: 1 });
    this.bn1 = new BatchNorm2d(channels, style.batchNorm);
    this.conv2 = new Conv2d(channels, channels, 3, { padding: 1 });
    this.bn2 = new BatchNorm2d(channels, style.batchNorm);
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    let y = this.strided(this.conv1, this.bn1, x, context);
    y = this.bn2.call(this.conv2.call(y, context), context);
    return F.relu(F.add(y, this.shortcut(x, context)));
  }
}

/** 1×1, 3×3 and 1×1 convolutions and a shortcut (He et al. 2016), the stride on the 3×3 one ("v1.5", as torchvision). */
class Bottleneck extends ResidualBlock {
  static readonly expansion = 4;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;

  constructor(inChannels: number, channels: number, stride: number, style: BlockStyle) {
    const outChannels = channels * Bottleneck.expansion;
    super(inChannels, outChannels, stride, style);
    this.conv1 = new Conv2d(inChannels, channels, 1);
    this.bn1 = new BatchNorm2d(channels, style.batchNorm);
    this.conv2 = new Conv2d(channels, channels, 3, { stride: this.convStride, padding: 1 });
    this.bn2 = new BatchNorm2d(channels, style.batchNorm);
    this.conv3 = new Conv2d(channels, outChannels, 1);
    this.bn3 = new BatchNorm2d(outChannels, style.batchNorm);
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    let y = F.relu(this.bn1.call(this.conv1.call(x, context), context));
    y = this.strided(this.conv2, this.bn2, y, context);
    y = this.bn3.call(this.conv3.call(y, context), context);
    return F.relu(F.add(y, this.shortcut(x, context)));
  }
}

const BLOCKS = { basic: BasicBlock, bottleneck: Bottleneck } as const;

/**
 * ResNet for `[N, 3, H, W]`, giving logits `[N, classes]` (He et al. 2016), with blurs against aliasing where asked for.
 *
 * Names are torchvision's, with and without blurs, which have no parameters: `conv1`, `bn1`, `layer1.0.conv1`,
 * `layer2.0.downsample.0`, `fc`.
 */
export class ResNet extends Module {
  readonly conv1: Module;
  readonly bn1: BatchNorm2d;
  readonly layer1: Module[];
  readonly layer2: Module[];
  readonly layer3: Module[];
  readonly layer4: Module[];
  readonly fc: Linear;
  private readonly form: Form;
  private readonly antialias: Antialias;
  /** Of the first convolution, then of the max-pooling; ImageNet form only. */
  private readonly stemBlur?: BlurPool2d;
  private readonly poolBlur?: BlurPool2d;

  constructor({ block, layers, form, width, classes, stem, antialias = 'none', batchNorm }: ResNetOptions) {
    super();
    this.form = form;
    this.antialias = antialias;
    if (form === 'cifar') {
      this.conv1 = stem(3, width, 3, { stride: 1, padding: 1 });
    } else {
      this.conv1 = stem(3, width, 7, { stride: antialias === 'none' ? 2 : 1, padding: 3 });
      this.stemBlur = blurOf(antialias, 2);
      this.poolBlur = blurOf(antialias, 2);
    }
    this.bn1 = new BatchNorm2d(width, batchNorm);
    const Block = BLOCKS[block];
    const style = { antialias, batchNorm };
    let inChannels = width;
    const stage = (index: number): Module[] =>
      Array.from({ length: layers[index] }, (_, i) => {
        const channels = width * 2 ** index;
        const made = new Block(inChannels, channels, index > 0 && i === 0 ? 2 : 1, style);
        inChannels = channels * Block.expansion;
        return made;
      });
    this.layer1 = stage(0);
    this.layer2 = stage(1);
    this.layer3 = stage(2);
    this.layer4 = stage(3);
    this.fc = new Linear(inChannels, classes);
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    let y = this.stem(x, context);
    for (const block of [...this.layer1, ...this.layer2, ...this.layer3, ...this.layer4]) {
      y = block.call(y, context);
    }
    return this.fc.call(F.reduceMean(y, [2, 3]), context);
  }

  /** First convolution to max-pooling. */
  private stem(x: Value, context: ForwardContext): Value {
    const blur = (y: Value, by: BlurPool2d | undefined): Value => by?.call(y, context) ?? y;
    let y = this.conv1.call(x, context);
    if (this.antialias === 'blurconv2') y = blur(y, this.stemBlur);
    y = F.relu(this.bn1.call(y, context));
    if (this.antialias === 'blurconv1') y = blur(y, this.stemBlur);
    if (this.form === 'cifar') return y;
    if (this.antialias === 'none') return F.maxPool2d(y, { kernelSize: 3, stride: 2, padding: 1 });
    return blur(F.maxPool2d(y, { kernelSize: 2, stride: 1, padding: 0 }), this.poolBlur);
  }
}
