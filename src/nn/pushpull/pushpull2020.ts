import * as F from '../../graph/functional.ts';
import type { Conv2dAttributes } from '../../graph/ops/attributes.ts';
import type { Value } from '../../graph/value.ts';
import type { Conv2dOptions } from '../conv.ts';
import { convGeometry, perChannel } from '../conv.ts';
import { fanIn, kaimingNormalFanOut, uniform, uniformFanIn } from '../init.ts';
import type { ForwardContext } from '../module.ts';
import { Module, Parameter } from '../module.ts';

export interface PushPull2020Conv2dOptions
  extends Pick<Conv2dOptions, 'stride' | 'padding' | 'bias' | 'init'> {
  /** Inhibition strength: learned, one a filter, or one fixed number. Default 1. */
  readonly alpha?: 'trainable' | number;
  /** Size of the pull kernel over that of the push kernel, at least 1; rounded to an odd size. Default 2. */
  readonly scale?: number;
}

/**
 * The push-pull layer of 2020 (Strisciuglio, Lopez-Antequera, Petkov, "Enhanced robustness of convolutional
 * networks with a push-pull inhibition layer", Neural Computing and Applications 32), a drop-in for a network's
 * first convolution:
 *
 *     y = relu(x * w + c) - alpha · relu(x * w_pull - c),   w_pull = -upsample(w)
 *
 * where upsampling is bilinear with aligned corners, to `⌊kernelSize · scale⌋` places or one more to be odd
 * (3 to 7, 7 to 15 at scale 2). The pull convolution is padded so that both responses have one size.
 * `[N, inChannels, H, W]` becomes `[N, outChannels, H', W']`.
 *
 * Parameters: `weight` `[outChannels, inChannels, kernelSize, kernelSize]` (the push kernels; Kaiming normal,
 * fan-out), `bias` `[outChannels]`, the c above, where asked for (as a convolution's), `alpha` `[outChannels]`
 * where trainable (passed through a ReLU; uniform in 0.5 ± 1/√(inChannels · outChannels)).
 *
 * @throws RangeError on an even kernel size, whose responses would not lie over one another, a scale below 1,
 *   or sizes that no convolution can have
 */
export class PushPull2020Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  readonly alpha: Parameter | number;
  /** Side of the pull kernels. */
  readonly pullSize: number;
  private readonly push: Conv2dAttributes;
  private readonly pull: Conv2dAttributes;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: PushPull2020Conv2dOptions = {},
  ) {
    super();
    const { stride, padding, alpha = 1, scale = 2, init = {} } = options;
    if (alpha !== 'trainable' && !Number.isFinite(alpha)) {
      throw new RangeError(`alpha must be 'trainable' or a number, found ${alpha}`);
    }
    if (!(Number.isFinite(scale) && scale >= 1)) {
      throw new RangeError(`scale must be a number of at least 1, found ${scale}`);
    }
    this.push = convGeometry(inChannels, outChannels, kernelSize, { stride, padding });
    if (kernelSize % 2 === 0) throw new RangeError(`kernelSize must be odd, found ${kernelSize}`);
    const scaled = Math.floor(kernelSize * scale);
    this.pullSize = scaled % 2 === 0 ? scaled + 1 : scaled;
    this.pull = { ...this.push, padding: this.push.padding + (this.pullSize - kernelSize) / 2 };
    const shape = [outChannels, inChannels, kernelSize, kernelSize];
    this.weight = new Parameter(shape, init.weight ?? kaimingNormalFanOut);
    if (options.bias) this.bias = new Parameter([outChannels], init.bias ?? uniformFanIn(fanIn(shape)));
    const spread = 1 / Math.sqrt(inChannels * outChannels);
    this.alpha =
      alpha === 'trainable' ? new Parameter([outChannels], uniform(0.5 - spread, 0.5 + spread)) : alpha;
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    const weight = context.value(this.weight);
    let push = F.conv2d(x, weight, this.push);
    let pull = F.conv2d(x, F.neg(upsample(weight, this.pullSize)), this.pull);
    if (this.bias) {
      const bias = context.value(this.bias);
      push = F.add(push, perChannel(bias));
      pull = F.add(pull, perChannel(F.neg(bias)));
    }
    const alpha =
      this.alpha instanceof Parameter
        ? F.relu(perChannel(context.value(this.alpha)))
        : F.constant(x, this.alpha);
    return F.sub(F.relu(push), F.mul(alpha, F.relu(pull)));
  }
}

/** Kernels `[…, k, k]` to `[…, size, size]`: bilinear with aligned corners, a constant matrix along each axis. */
function upsample(kernels: Value, size: number): Value {
  const from = kernels.shape[kernels.shape.length - 1];
  const data = new Float32Array(size * from);
  for (let i = 0; i < size; i++) {
    const place = size === 1 ? 0 : (i * (from - 1)) / (size - 1);
    const left = Math.min(Math.floor(place), from - 1);
    data[i * from + left] += 1 - (place - left);
    if (place > left) data[i * from + left + 1] += place - left;
  }
  const matrix = F.constant(kernels, data, [size, from]);
  return F.matmul(matrix, F.matmul(kernels, matrix, false, true));
}
