import { createImage, type Image } from '../../image/image.ts';
import type { Random } from '../../random/random.ts';
import type { CorruptionFunction, Quirks } from '../types.ts';
import { blurToLevels } from './gaussian-blur.ts';

type GlassQuirks = Pick<Quirks, 'glassCopies' | 'glassHalfOpen'>;

/** Rows and columns that are scanned: from `last` down to `first`. */
function scanRange(size: number, maxShift: number, { glassHalfOpen }: GlassQuirks): [number, number] {
  return glassHalfOpen ? [maxShift + 1, size - maxShift] : [0, size - 1];
}

/** Shifts for every pixel of every scan: dx, dy, dx, dy, ... in the order of {@link shuffleNeighbours}. */
export function drawShifts(
  width: number,
  height: number,
  maxShift: number,
  passes: number,
  quirks: GlassQuirks,
  random: Random,
): Int8Array {
  const [left, right] = scanRange(width, maxShift, quirks);
  const [top, bottom] = scanRange(height, maxShift, quirks);
  const count = Math.max(0, right - left + 1) * Math.max(0, bottom - top + 1) * passes;
  const shifts = new Int8Array(2 * count);
  const choices = 2 * maxShift + (quirks.glassHalfOpen ? 0 : 1);
  for (let i = 0; i < shifts.length; i += 2) {
    // Two small integers out of one draw, 16 bits each.
    const bits = random.uint32();
    shifts[i] = (((bits >>> 16) * choices) >>> 16) - maxShift;
    shifts[i + 1] = (((bits & 0xffff) * choices) >>> 16) - maxShift;
  }
  return shifts;
}

/**
 * Scan an image from bottom right to top left and exchange every pixel with the neighbour that its shift
 * names; with `glassCopies` the neighbour is copied over the pixel and keeps its own value.
 */
export function shuffleNeighbours(
  image: Image,
  maxShift: number,
  passes: number,
  quirks: GlassQuirks,
  shifts: Int8Array,
): Image {
  const { width, height, data } = image;
  const pixels = data.slice();
  const [left, right] = scanRange(width, maxShift, quirks);
  const [top, bottom] = scanRange(height, maxShift, quirks);
  let next = 0;
  for (let pass = 0; pass < passes; pass++) {
    for (let y = bottom; y >= top; y--) {
      for (let x = right; x >= left; x--) {
        const nx = Math.min(width - 1, Math.max(0, x + shifts[next]));
        const ny = Math.min(height - 1, Math.max(0, y + shifts[next + 1]));
        next += 2;
        const here = (y * width + x) * 3;
        const there = (ny * width + nx) * 3;
        for (let c = 0; c < 3; c++) {
          const kept = pixels[here + c];
          pixels[here + c] = pixels[there + c];
          if (!quirks.glassCopies) pixels[there + c] = kept;
        }
      }
    }
  }
  return createImage(width, height, pixels);
}

/** Frosted glass: blur, move pixels about among their neighbours, blur again. */
export const glassBlur: CorruptionFunction<'glass_blur'> = (image, { parameters, random, quirks }) => {
  const { sigma, maxShift, passes } = parameters;
  const shifts = drawShifts(image.width, image.height, maxShift, passes, quirks, random);
  const shuffled = shuffleNeighbours(blurToLevels(image, sigma), maxShift, passes, quirks, shifts);
  return blurToLevels(shuffled, sigma);
};
