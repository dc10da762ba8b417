import * as F from '../graph/functional.ts';
import type { Value } from '../graph/graph.ts';
import { BatchNorm2d, Conv2d, type ForwardContext, Linear, Module } from '../nn/index.ts';

/** Makes a network's first layer: `[N, 3, H, W]` to `[N, outChannels, H/stride, W/stride]`. */
export type StemFactory = (
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  geometry: { readonly stride: number; readonly padding: number },
) => Module;

/** `cifar`: 3×3 stem of stride 1, no max-pooling. `imagenet`: 7×7 stem of stride 2, max-pooling. */
export type ResNetForm = 'cifar' | 'imagenet';

export interface ResNetOptions {
  /** Blocks in each of the four stages: 2, 2, 2, 2 for ResNet-18. */
  readonly layers: readonly number[];
  readonly form: ResNetForm;
  /** Channels of the first stage, 64 in the paper; the later ones have 2, 4 and 8 times as many. */
  readonly width: number;
  readonly classes: number;
  readonly stem: StemFactory;
}

/** Two 3×3 convolutions and a shortcut (He et al. 2016). */
class BasicBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  /** Present where the shape changes: a strided 1×1 convolution and its batch norm. */
  readonly downsample?: [Conv2d, BatchNorm2d];

  constructor(inChannels: number, channels: number, stride: number) {
    super();
    this.conv1 = new Conv2d(inChannels, channels, 3, { stride, padding: 1 });
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = new Conv2d(channels, channels, 3, { padding: 1 });
    this.bn2 = new BatchNorm2d(channels);
    if (stride !== 1 || inChannels !== channels) {
      this.downsample = [new Conv2d(inChannels, channels, 1, { stride }), new BatchNorm2d(channels)];
    }
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    let y = this.conv1.call(x, context);
    y = F.relu(this.bn1.call(y, context));
    y = this.conv2.call(y, context);
    y = this.bn2.call(y, context);
    const shortcut = this.downsample?.reduce<Value>((value, layer) => layer.call(value, context), x) ?? x;
    return F.relu(F.add(y, shortcut));
  }
}

/**
 * ResNet of basic blocks for `[N, 3, H, W]`, giving logits `[N, classes]`.
 *
 * Names are torchvision's: `conv1`, `bn1`, `layer1.0.conv1`, `layer2.0.downsample.0`, `fc`. The first
 * layer is injected, so that a plain and a push-pull network differ in nothing else.
 */
export class ResNet extends Module {
  readonly conv1: Module;
  readonly bn1: BatchNorm2d;
  readonly layer1: Module[];
  readonly layer2: Module[];
  readonly layer3: Module[];
  readonly layer4: Module[];
  readonly fc: Linear;
  private readonly form: ResNetForm;

  constructor({ layers, form, width, classes, stem }: ResNetOptions) {
    super();
    this.form = form;
    this.conv1 =
      form === 'cifar'
        ? stem(3, width, 3, { stride: 1, padding: 1 })
        : stem(3, width, 7, { stride: 2, padding: 3 });
    this.bn1 = new BatchNorm2d(width);
    let inChannels = width;
    const stage = (index: number): Module[] =>
      Array.from({ length: layers[index] }, (_, block) => {
        const channels = width * 2 ** index;
        const made = new BasicBlock(inChannels, channels, index > 0 && block === 0 ? 2 : 1);
        inChannels = channels;
        return made;
      });
    this.layer1 = stage(0);
    this.layer2 = stage(1);
    this.layer3 = stage(2);
    this.layer4 = stage(3);
    this.fc = new Linear(inChannels, classes);
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    let y = this.conv1.call(x, context);
    y = F.relu(this.bn1.call(y, context));
    if (this.form === 'imagenet') y = F.maxPool2d(y, { kernelSize: 3, stride: 2, padding: 1 });
    for (const block of [...this.layer1, ...this.layer2, ...this.layer3, ...this.layer4]) {
      y = block.call(y, context);
    }
    return this.fc.call(F.reduceMean(y, [2, 3]), context);
  }
}
