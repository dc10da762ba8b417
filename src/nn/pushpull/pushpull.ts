import * as F from '../../graph/functional.ts';
import type { Conv2dAttributes } from '../../graph/ops/attributes.ts';
import { numElements } from '../../graph/tensor.ts';
import type { Value } from '../../graph/value.ts';
import type { Conv2dOptions } from '../conv.ts';
import { convGeometry, perChannel } from '../conv.ts';
import { kaimingNormalFanOut, uniform } from '../init.ts';
import type { ForwardContext } from '../module.ts';
import { Module, Parameter } from '../module.ts';

export interface PushPullConv2dOptions extends Conv2dOptions {
  /** Size of the average pooling of the pull response, odd; 0 leaves it out. Default 3. */
  readonly avg?: number;
  /** Inhibition strength: learned, one a filter, or one fixed number. Default `trainable`. */
  readonly alpha?: 'trainable' | number;
}

/**
 * The push-pull unit (Bennabhaktula, Alegre, Strisciuglio, Azzopardi 2024, Sec. 3.1), a drop-in for a
 * network's first convolution:
 *
 *     y = relu(x * w) - alpha · relu(avg(x * w_pull)) + b,   w_pull = -w + max(w) + min(w)   (Eq. 2-5)
 *
 * with the maximum and minimum over each filter. `[N, inChannels, H, W]` becomes
 * `[N, outChannels, H', W']`.
 *
 * Parameters: `weight` `[outChannels, inChannels/groups, kernelSize, kernelSize]` (the push kernels;
 * Kaiming normal, fan-out), `alpha` `[outChannels]` where trainable (uniform in [0, 1), free to turn
 * negative), `bias` `[outChannels]` where asked for (uniform in [-1, 1), added last).
 *
 * Convolution is linear, so x * w_pull = (max + min) · (x * 1) - x * w: push and pull together cost one
 * convolution and one single-channel box sum of the image (of each group's channels, with groups).
 *
 * @example
 * const layer = new PushPullConv2d(3, 64, 3, { padding: 1, avg: 3 });
 * @throws RangeError on an even pooling size or sizes that no convolution can have
 */
export class PushPullConv2d extends Module {
  readonly weight: Parameter;
  readonly alpha: Parameter | number;
  readonly bias?: Parameter;
  readonly avg: number;
  readonly geometry: Conv2dAttributes;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: PushPullConv2dOptions = {},
  ) {
    super();
    const { avg = 3, alpha = 'trainable' } = options;
    if (!Number.isInteger(avg) || avg < 0 || (avg > 0 && avg % 2 === 0)) {
      throw new RangeError(`avg must be an odd pooling size, or 0 for none, found ${avg}`);
    }
    if (alpha !== 'trainable' && !Number.isFinite(alpha)) {
      throw new RangeError(`alpha must be 'trainable' or a number, found ${alpha}`);
    }
    this.avg = avg;
    this.geometry = convGeometry(inChannels, outChannels, kernelSize, options);
    const shape = [outChannels, inChannels / this.geometry.groups, kernelSize, kernelSize];
    this.weight = new Parameter(shape, options.init?.weight ?? kaimingNormalFanOut);
    this.alpha = alpha === 'trainable' ? new Parameter([outChannels], uniform(0, 1)) : alpha;
    if (options.bias) this.bias = new Parameter([outChannels], options.init?.bias ?? uniform(-1, 1));
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    const weight = context.value(this.weight);
    const push = F.conv2d(x, weight, this.geometry);
    const level = F.add(F.reduceMax(weight, [1, 2, 3]), F.reduceMin(weight, [1, 2, 3]));
    let pull = F.sub(this.boxResponse(x, level), push);
    if (this.avg > 1) {
      pull = F.avgPool2d(pull, { kernelSize: this.avg, stride: 1, padding: (this.avg - 1) / 2 });
    }
    const alpha =
      this.alpha instanceof Parameter ? perChannel(context.value(this.alpha)) : F.constant(x, this.alpha);
    const y = F.sub(F.relu(push), F.mul(alpha, F.relu(pull)));
    return this.bias ? F.add(y, perChannel(context.value(this.bias))) : y;
  }

  /** `level · (x * 1)`: each filter's level times the box sum of its group's channels. */
  private boxResponse(x: Value, level: Value): Value {
    const [outChannels, ...filter] = this.weight.shape;
    const { groups } = this.geometry;
    const shape = [groups, ...filter];
    const ones = F.constant(x, new Float32Array(numElements(shape)).fill(1), shape);
    const box = F.conv2d(x, ones, this.geometry);
    if (groups === 1) return F.mul(box, perChannel(level));
    const [n, , height, width] = box.shape;
    const perGroup = outChannels / groups;
    const spread = F.mul(
      F.reshape(box, [n, groups, 1, height, width]),
      F.reshape(level, [1, groups, perGroup, 1, 1]),
    );
    return F.reshape(spread, [n, outChannels, height, width]);
  }
}
