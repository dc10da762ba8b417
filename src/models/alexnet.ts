import * as F from '../graph/functional.ts';
import type { Value } from '../graph/value.ts';
import {
  AdaptiveAvgPool2d,
  Conv2d,
  Dropout,
  type ForwardContext,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts';
import { kaimingUniform } from '../nn/init.ts';
import type { StemFactory } from './stem.ts';

/** Side of the last feature maps, to which images of other sizes than 224×224 are pooled. */
const POOLED = 6;

export interface AlexNetOptions {
  /** Channels of the first layer, 64 as published; the others, and the units of the classifier, scale with it. */
  readonly width: number;
  readonly classes: number;
  readonly stem: StemFactory;
}

/**
 * AlexNet in the form of one GPU (Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks")
 * for `[N, 3, H, W]` of at least 63×63 pixels, giving logits `[N, classes]`. Names and layout are torchvision's:
 * `features.0`, `.3`, `.6`, `.8`, `.10`, `classifier.1`, `.4`, `.6`; every layer has a bias, and weights start as PyTorch's
 * defaults.
 */
export class AlexNet extends Module {
  readonly features: Sequential;
  readonly avgpool: AdaptiveAvgPool2d;
  readonly classifier: Sequential;

  constructor({ width, classes, stem }: AlexNetOptions) {
    super();
    const init = { weight: kaimingUniform };
    const conv = (inChannels: number, outChannels: number, kernelSize: number): Conv2d =>
      new Conv2d(inChannels, outChannels, kernelSize, { padding: (kernelSize - 1) / 2, bias: true, init });
    const pool = (): MaxPool2d => new MaxPool2d({ kernelSize: 3, stride: 2, padding: 0 });
    this.features = new Sequential([
      stem(3, width, 11, { stride: 4, padding: 2, init }),
      new ReLU(),
      pool(),
      conv(width, 3 * width, 5),
      new ReLU(),
      pool(),
      conv(3 * width, 6 * width, 3),
      new ReLU(),
      conv(6 * width, 4 * width, 3),
      new ReLU(),
      conv(4 * width, 4 * width, 3),
      new ReLU(),
      pool(),
    ]);
    this.avgpool = new AdaptiveAvgPool2d(POOLED);
    this.classifier = new Sequential([
      new Dropout(0.5),
      new Linear(4 * width * POOLED * POOLED, 64 * width),
      new ReLU(),
      new Dropout(0.5),
      new Linear(64 * width, 64 * width),
      new ReLU(),
      new Linear(64 * width, classes),
    ]);
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    const features = this.avgpool.call(this.features.call(x, context), context);
    const [n, ...rest] = features.shape;
    const flat = F.reshape(features, [n, rest.reduce((a, b) => a * b)]);
    return this.classifier.call(flat, context);
  }
}
