import type { Image } from './image.ts';

/** What to do to an image in the HSV colour space; components are in [0, 1] and are clipped to it afterwards. */
export interface HsvAdjustment {
  /** `S` becomes `scale · S + shift`. */
  readonly saturation?: { readonly scale: number; readonly shift: number };
  /** Added to `V`. */
  readonly value?: number;
}

const clip = (x: number): number => Math.max(0, Math.min(1, x));

/**
 * Takes the image to HSV (Smith's hexcone), changes saturation or value, and takes it back.
 *
 * The order of operations is scikit-image's `rgb2hsv` and `hsv2rgb` in double precision, and the result is
 * truncated to 8 bits, not rounded, as the corruption benchmark does: a different order would move
 * values that fall on whole grey levels.
 */
export function adjustHsv(image: Image, { saturation, value = 0 }: HsvAdjustment): Image {
  const { data, width, height } = image;
  const scale = saturation?.scale ?? 1;
  const shift = saturation?.shift ?? 0;
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const r = data[i] / 255;
    const g = data[i + 1] / 255;
    const b = data[i + 2] / 255;
    const max = Math.max(r, g, b);
    const min = Math.min(r, g, b);
    const delta = max - min;
    let hue = 0;
    let s = 0;
    if (delta > 0) {
      s = delta / max;
      // Where two channels share the maximum, the later one counts.
      if (b === max) hue = (4 + (r - g) / delta) / 6;
      else if (g === max) hue = (2 + (b - r) / delta) / 6;
      else hue = (g - b) / delta / 6;
      if (hue < 0) hue += 1;
    }
    s = clip(s * scale + shift);
    const v = clip(max + value);

    const sextant = Math.floor(hue * 6);
    const f = hue * 6 - sextant;
    const p = v * (1 - s);
    const q = v * (1 - f * s);
    const t = v * (1 - (1 - f) * s);
    let red = v;
    let green = p;
    let blue = q;
    switch (sextant % 6) {
      case 0:
        green = t;
        blue = p;
        break;
      case 1:
        red = q;
        green = v;
        blue = p;
        break;
      case 2:
        red = p;
        green = v;
        blue = t;
        break;
      case 3:
        red = p;
        green = q;
        blue = v;
        break;
      case 4:
        red = t;
        blue = v;
        break;
    }
    out[i] = red * 255;
    out[i + 1] = green * 255;
    out[i + 2] = blue * 255;
  }
  return { data: out, width, height, channels: 3 };
}
