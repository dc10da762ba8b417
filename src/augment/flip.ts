import { createImage, type Image } from '../image/image.ts';
import { beginFilter, bytesAt, kernels, placeBytes, take } from '../image/kernels.ts';

/** Left and right exchanged. */
export function horizontalFlip({ data, width, height }: Image): Image {
  beginFilter();
  const from = placeBytes(data);
  const to = take(data.length);
  const row = width * 3;
  for (let start = 0; start < data.length; start += row) {
    kernels.reverseRow(from + start, to + start, width);
  }
  return createImage(width, height, bytesAt(to, data.length).slice());
}
