import * as F from '../graph/functional.ts';
import type { Conv2dAttributes } from '../graph/ops/attributes.ts';
import type { Value } from '../graph/value.ts';
import type { LayerInit } from './init.ts';
import { fanIn, kaimingNormalFanOut, uniformFanIn } from './init.ts';
import type { ForwardContext } from './module.ts';
import { Module, Parameter } from './module.ts';

export interface Conv2dOptions {
  readonly stride?: number;
  /** Zeros on each side. */
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** How weight and bias start where they shall not start as the layer says. */
  readonly init?: LayerInit;
}

/** Options with PyTorch's defaults filled in. Throws RangeError on what no convolution can have. */
export function convGeometry(
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  options: Conv2dOptions,
): Conv2dAttributes {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  for (const [name, value, least] of [
    ['inChannels', inChannels, 1],
    ['outChannels', outChannels, 1],
    ['kernelSize', kernelSize, 1],
    ['stride', stride, 1],
    ['padding', padding, 0],
    ['dilation', dilation, 1],
    ['groups', groups, 1],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`${name} must be a whole number of at least ${least}, found ${value}`);
    }
  }
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new RangeError(
      `groups ${groups} must divide ${inChannels} input and ${outChannels} output channels`,
    );
  }
  return { stride, padding, dilation, groups };
}

/** `[C]` as `[1, C, 1, 1]`, to add to or scale `[N, C, H, W]`. */
export const perChannel = (value: Value): Value => F.reshape(value, [1, value.shape[0], 1, 1]);

/**
 * Convolution of `[N, inChannels, H, W]` with square kernels, as `torch.nn.Conv2d`, but without a
 * bias unless asked for. The weight starts as in the ResNets (Kaiming normal, fan-out), the bias as in PyTorch (uniform
 * within ±1/√(fan-in)).
 */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  readonly geometry: Conv2dAttributes;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv2dOptions = {}) {
    super();
    this.geometry = convGeometry(inChannels, outChannels, kernelSize, options);
    const shape = [outChannels, inChannels / this.geometry.groups, kernelSize, kernelSize];
    const { init = {} } = options;
    this.weight = new Parameter(shape, init.weight ?? kaimingNormalFanOut);
    if (options.bias) this.bias = new Parameter([outChannels], init.bias ?? uniformFanIn(fanIn(shape)));
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    const y = F.conv2d(x, context.value(this.weight), this.geometry);
    return this.bias ? F.add(y, perChannel(context.value(this.bias))) : y;
  }
}
