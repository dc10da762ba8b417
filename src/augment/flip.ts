import { createImage, type Image } from '../image/image.ts';

/** Left and right exchanged. */
export function horizontalFlip({ data, width, height }: Image): Image {
  const out = createImage(width, height);
  for (let y = 0; y < height; y++) {
    let from = y * width * 3;
    for (let to = (y + 1) * width * 3 - 3; to >= y * width * 3; to -= 3, from += 3) {
      out.data[to] = data[from];
      out.data[to + 1] = data[from + 1];
      out.data[to + 2] = data[from + 2];
    }
  }
  return out;
}
