/** An image as float planes, red, green, blue: `[3, height, width]`, values in [0, 1]. */
export interface Planes {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Clipped to [0, 1]. */
export function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}
