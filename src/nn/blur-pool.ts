import * as F from '../graph/functional.ts';
import type { Value } from '../graph/value.ts';
import type { ForwardContext } from './module.ts';
import { Module } from './module.ts';

/** The row of Pascal's triangle with `size` entries, normalised to sum 1: 1-3-3-1 over 8 for size 4. */
function binomialFilter(size: number): number[] {
  let row = [1];
  while (row.length < size) row = [1, ...row.slice(1).map((value, i) => value + row[i]), 1];
  return row.map((value) => value / 2 ** (size - 1));
}

/**
 * Blur, then take every `stride`-th place (Zhang 2019, "Making convolutional networks shift-invariant again"):
 * `[N, C, H, W]` becomes `[N, C, ⌈H/stride⌉, ⌈W/stride⌉]`.
 *
 * The filter is binomial along both axes, sums to 1 and is the same for every channel; it has no parameters.
 * Borders are mirrored without repeating the edge, `⌊(filterSize - 1)/2⌋` places on the top and left and
 * `⌈(filterSize - 1)/2⌉` on the bottom and right, so each axis needs more places than the latter.
 *
 * The map is linear and separable. In training it is written as two matrix products, one along each axis, whose
 * matrices hold filter, stride and border at once: on the CPU that is faster than a depthwise convolution, and its
 * gradient several times. Deployed, it is the depthwise convolution, which other runtimes know and into which a
 * batch normalisation that follows is absorbed.
 *
 * @throws RangeError on a filter size or stride that is no whole number of at least 1
 */
export class BlurPool2d extends Module {
  readonly filterSize: number;
  readonly stride: number;

  constructor(filterSize: number, stride: number) {
    super();
    for (const [name, value] of Object.entries({ filterSize, stride })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new RangeError(`${name} must be a whole number of at least 1, found ${value}`);
      }
    }
    this.filterSize = filterSize;
    this.stride = stride;
  }

  protected override forward(x: Value, context: ForwardContext): Value {
    const [, , height, width] = x.shape;
    const after = this.filterSize >> 1;
    if (Math.min(height, width) <= after) {
      throw new Error(
        `a blur of size ${this.filterSize} mirrors ${after} places at the border; the image has ${height}×${width}`,
      );
    }
    return context.training ? this.asMatrixProducts(x) : this.asConvolution(x);
  }

  private get before(): number {
    return (this.filterSize - 1) >> 1;
  }

  private asMatrixProducts(x: Value): Value {
    const [, , height, width] = x.shape;
    const [rows, columns] = [this.matrix(height), this.matrix(width)];
    const matrix = ({ data, outputs }: typeof rows, length: number): Value =>
      F.constant(x, data, [outputs, length]);
    return F.matmul(matrix(rows, height), F.matmul(x, matrix(columns, width), false, true));
  }

  /** `[outputs, length]`: the weight of each place along an axis in each blurred place. */
  private matrix(length: number): { data: Float32Array; outputs: number } {
    const outputs = Math.ceil(length / this.stride);
    const data = new Float32Array(outputs * length);
    const filter = binomialFilter(this.filterSize);
    const last = length - 1;
    for (let output = 0; output < outputs; output++) {
      filter.forEach((weight, tap) => {
        const place = Math.abs(output * this.stride + tap - this.before);
        data[output * length + (place > last ? 2 * last - place : place)] += weight;
      });
    }
    return { data, outputs };
  }

  private asConvolution(x: Value): Value {
    const { filterSize: size, stride } = this;
    const channels = x.shape[1];
    const taps = binomialFilter(size);
    const plane = taps.flatMap((row) => taps.map((column) => row * column));
    const filter = F.constant(x, Array.from({ length: channels }, () => plane).flat(), [
      channels,
      1,
      size,
      size,
    ]);
    const padded = [2, 3].reduce((value, axis) => F.pad(value, axis, this.before, size >> 1, 'reflect'), x);
    return F.conv2d(padded, filter, { stride, padding: 0, dilation: 1, groups: channels });
  }
}
