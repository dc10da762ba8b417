import { createImage, type Image } from '../image/image.ts';
import { beginFilter, bytesAt, kernels, placeBytes } from '../image/kernels.ts';
import type { Affine } from '../image/warp.ts';

/** Red, green and blue of what comes in from outside of the image, 0 to 255. */
export type Fill = readonly [r: number, g: number, b: number];

/** How an image is read between its pixels. */
export type Interpolation = 'nearest' | 'bilinear';

const FIXED = 65536;

/** To 16 fraction bits. */
const toFixed = (x: number): number => Math.floor(x * FIXED + 0.5) / FIXED;

/**
 * The image seen through an affine map, of the same size.
 *
 * `nearest` equals Pillow's `Image.transform` to the bit, positions with 16 fraction bits included. `bilinear` equals
 * torchvision's `affine` of a tensor within one grey level: beyond the border lie pixels of `fill`, so the border is soft.
 * (With a fill, torchvision counts the image's share of a border pixel twice; without one, or with black here, it does not.)
 *
 * @param map Where each pixel of the result is read; the origin is the top left corner of the image, so that the
 *   first pixel's centre is (0.5, 0.5).
 */
export function affine(image: Image, map: Affine, interpolation: Interpolation, fill: Fill): Image {
  if (interpolation === 'nearest' || isWholeTranslation(map)) return affineNearest(image, map, fill);
  return affineBilinear(image, map, fill);
}

/** Whether pixels come to lie on pixels, so that nothing has to be interpolated. */
function isWholeTranslation([a, b, c, d, e, f]: Affine): boolean {
  return a === 1 && b === 0 && d === 0 && e === 1 && Number.isInteger(c) && Number.isInteger(f);
}

function affineNearest({ data, width, height }: Image, map: Affine, fill: Fill): Image {
  const out = filled(width, height, fill);
  const [a, b, c, d, e, f] = map;
  const [stepX, stepY] = [toFixed(a), toFixed(d)];
  const [lineX, lineY] = [toFixed(b), toFixed(e)];
  // Multiples of 2^-16 add up exactly in double precision, as integers do in Pillow.
  let firstX = toFixed(c + a * 0.5 + b * 0.5);
  let firstY = toFixed(f + d * 0.5 + e * 0.5);
  if (stepX === 1 && stepY === 0) {
    // Rows stay rows.
    for (let y = 0; y < height; y++, firstX += lineX, firstY += lineY) {
      const row = Math.floor(firstY);
      const shift = Math.floor(firstX);
      const from = Math.max(0, shift);
      const end = Math.min(width, width + shift);
      if (row < 0 || row >= height || from >= end) continue;
      const pixels = data.subarray((row * width + from) * 3, (row * width + end) * 3);
      out.data.set(pixels, (y * width + from - shift) * 3);
    }
    return out;
  }
  beginFilter();
  const from = placeBytes(data);
  const to = placeBytes(out.data);
  const places = [firstX, firstY, stepX, stepY, lineX, lineY].map((place) => place * FIXED);
  kernels.moveNearest(from, to, width, height, ...(places as Six));
  out.data.set(bytesAt(to, data.length));
  return out;
}

type Six = [number, number, number, number, number, number];

function affineBilinear({ data, width, height }: Image, map: Affine, fill: Fill): Image {
  const out = filled(width, height, fill);
  const [a, b, c, d, e, f] = map;
  const below = width * 3;
  for (let y = 0, to = 0; y < height; y++) {
    // Relative to pixel centres.
    let u = c + a * 0.5 + b * (y + 0.5) - 0.5;
    let v = f + d * 0.5 + e * (y + 0.5) - 0.5;
    for (let x = 0; x < width; x++, to += 3, u += a, v += d) {
      if (!(u > -1 && u < width && v > -1 && v < height)) continue;
      const left = Math.floor(u);
      const top = Math.floor(v);
      const right = u - left;
      const down = v - top;
      const at = (top * width + left) * 3;
      const end = to + 3;
      if (left >= 0 && top >= 0 && left + 1 < width && top + 1 < height) {
        for (let i = to, from = at; i < end; i++, from++) {
          const upper = data[from] + right * (data[from + 3] - data[from]);
          const lower = data[from + below] + right * (data[from + below + 3] - data[from + below]);
          out.data[i] = upper + down * (lower - upper) + 0.5;
        }
        continue;
      }
      for (let i = to, from = at; i < end; i++, from++) {
        const outside = fill[i - to];
        const topLeft = left >= 0 && top >= 0 ? data[from] : outside;
        const topRight = left + 1 < width && top >= 0 ? data[from + 3] : outside;
        const bottomLeft = left >= 0 && top + 1 < height ? data[from + below] : outside;
        const bottomRight = left + 1 < width && top + 1 < height ? data[from + below + 3] : outside;
        const upper = topLeft + right * (topRight - topLeft);
        const lower = bottomLeft + right * (bottomRight - bottomLeft);
        out.data[i] = upper + down * (lower - upper) + 0.5;
      }
    }
  }
  return out;
}

function filled(width: number, height: number, [r, g, b]: Fill): Image {
  const image = createImage(width, height);
  if (r === 0 && g === 0 && b === 0) return image;
  for (let i = 0; i < image.data.length; i += 3) {
    image.data[i] = r;
    image.data[i + 1] = g;
    image.data[i + 2] = b;
  }
  return image;
}
