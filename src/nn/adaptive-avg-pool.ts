import * as F from '../graph/functional.ts';
import type { Value } from '../graph/value.ts';
import { Module } from './module.ts';

/**
 * Average pooling of `[N, C, H, W]` to `[N, C, outputSize, outputSize]`, whatever H and W, as
 * `torch.nn.AdaptiveAvgPool2d`: along an axis of length L, output i is the mean of places ⌊i·L/outputSize⌋ up to, but
 * not including, ⌈(i+1)·L/outputSize⌉. Windows may overlap, and repeat where the image is smaller than the output.
 *
 * @throws RangeError unless the output size is a whole number of at least 1
 */
export class AdaptiveAvgPool2d extends Module {
  readonly outputSize: number;

  constructor(outputSize: number) {
    super();
    if (!Number.isInteger(outputSize) || outputSize < 1) {
      throw new RangeError(`outputSize must be a whole number of at least 1, found ${outputSize}`);
    }
    this.outputSize = outputSize;
  }

  // Windows are rectangles, so the mean over one is the mean of its rows' means.
  protected override forward(x: Value): Value {
    return this.poolAxis(this.poolAxis(x, 2), 3);
  }

  private poolAxis(x: Value, axis: number): Value {
    const { outputSize } = this;
    const length = x.shape[axis];
    if (length === outputSize) return x;
    const means = Array.from({ length: outputSize }, (_, i) => {
      const start = Math.floor((i * length) / outputSize);
      const end = Math.ceil(((i + 1) * length) / outputSize);
      const window = F.slice(x, axis, start, end);
      return end - start === 1 ? window : F.reduceMean(window, [axis], true);
    });
    return F.concat(means, axis);
  }
}
