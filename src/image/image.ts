/** An RGB image: rows from the top, three bytes a pixel, 0 to 255. */
export interface Image {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
}

/** The same with values in [0, 1], which may leave that range in between. */
export interface FloatImage {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
}

/** An image around `data`, or a black one. Throws a RangeError when the length is not width·height·3. */
export function createImage(width: number, height: number, data?: Uint8Array): Image {
  const length = width * height * 3;
  if (data && data.length !== length) {
    throw new RangeError(`an RGB image of ${width} × ${height} needs ${length} bytes, found ${data.length}`);
  }
  return { data: data ?? new Uint8Array(length), width, height, channels: 3 };
}

const UNIT = Float32Array.from({ length: 256 }, (_, level) => level / 255);

/** Grey levels to [0, 1]. */
export function toFloat(image: Image): FloatImage {
  const data = new Float32Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = UNIT[image.data[i]];
  return { ...image, data };
}

/**
 * What float32 may lose of a grey level on its way through a filter. Without it, truncation would turn an
 * untouched level into the one below.
 */
export const TRUNCATION_GUARD = 2 ** -12;

/** A grey level, clipped to 0..255 and truncated, from a value on that scale. NaN becomes 0. */
export function truncateLevel(level: number): number {
  const guarded = level + TRUNCATION_GUARD;
  return guarded > 0 ? (guarded < 255 ? guarded | 0 : 255) : 0;
}
