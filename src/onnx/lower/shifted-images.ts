import type { Conv2dAttributes } from '../../graph/ops/attributes.ts';
import type { Shape } from '../../graph/tensor.ts';
import type { LoweringContext } from './rules.ts';

/** What the forms of a weight gradient see. Inputs are the image and the gradient of the response. */
export type WeightGradientContext = LoweringContext<Conv2dAttributes & { weightShape: Shape }>;

/** The image with the convolution's zeros around it, its height along `heightAxis`. */
export function padded(
  { emitter, attributes: { padding: p } }: WeightGradientContext,
  x: string,
  heightAxis: number,
): string {
  if (p === 0) return x;
  const pads = new Array<number>(8).fill(0);
  for (const axis of [heightAxis, heightAxis + 1]) pads[axis] = pads[4 + axis] = p;
  return emitter.emit('Pad', [x, emitter.ints(pads)]);
}

/** The padded image shifted to each place of the kernel, at the response's positions. */
export function shifts(context: WeightGradientContext, x: string, heightAxis: number): string[] {
  const { emitter, attributes, inputTypes } = context;
  const { stride, dilation, padding, weightShape } = attributes;
  const [, , kernelHeight, kernelWidth] = weightShape;
  const [, , outHeight, outWidth] = inputTypes[1].shape;
  const [, , height, width] = inputTypes[0].shape;
  const whole = height === outHeight && width === outWidth && padding === 0;
  if (kernelHeight === 1 && kernelWidth === 1 && stride === 1 && whole) return [x];
  const image = padded(context, x, heightAxis);
  const parts: string[] = [];
  for (let i = 0; i < kernelHeight; i++) {
    for (let j = 0; j < kernelWidth; j++) {
      const [top, left] = [i * dilation, j * dilation];
      parts.push(
        emitter.emit('Slice', [
          image,
          emitter.ints([top, left]),
          emitter.ints([top + (outHeight - 1) * stride + 1, left + (outWidth - 1) * stride + 1]),
          emitter.ints([heightAxis, heightAxis + 1]),
          emitter.ints([stride, stride]),
        ]),
      );
    }
  }
  return parts;
}
