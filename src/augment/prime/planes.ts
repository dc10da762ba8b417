import { createImage, type Image, toFloat } from '../../image/image.ts';

/** An image as float planes, red, green, blue: `[3, height, width]`, values in [0, 1]. */
export interface Planes {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
  /** Whether all values are grey levels, multiples of 1/255. */
  readonly levels?: boolean;
}

/** Clipped to [0, 1]. */
export function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}

export function toPlanes(image: Image): Planes {
  const { width, height } = image;
  const from = toFloat(image).data;
  const pixels = width * height;
  const data = new Float32Array(from.length);
  for (let i = 0, to = 0; to < pixels; i += 3, to++) {
    data[to] = from[i];
    data[to + pixels] = from[i + 1];
    data[to + 2 * pixels] = from[i + 2];
  }
  return { data, width, height, levels: true };
}

/** Rounded to grey levels. */
export function fromPlanes({ data, width, height }: Planes): Image {
  const pixels = width * height;
  const image = createImage(width, height);
  for (let i = 0, from = 0; from < pixels; i += 3, from++) {
    image.data[i] = Math.round(255 * data[from]);
    image.data[i + 1] = Math.round(255 * data[from + pixels]);
    image.data[i + 2] = Math.round(255 * data[from + 2 * pixels]);
  }
  return image;
}
