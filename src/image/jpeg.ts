import { createImage, type Image } from './image.ts';
import { beginFilter, bytesAt, floatsAt, kernels, placeBytes, placeInts, take } from './kernels.ts';

/**
 * What a baseline JPEG file does to an image, without the file: the entropy coding in the middle is lossless,
 * so it is left out. The remaining arithmetic (colour conversion, chroma averaging, integer DCT,
 * quantisation and the way back) is that of libjpeg's default settings, rounding included, so the
 * result equals what Pillow gives for `save(quality=q)` and `open`.
 *
 * Sources: ITU-T T.81 (tables of Annex K), JFIF 1.02 (colour), Loeffler, Ligtenberg & Moschytz 1989 (the DCT).
 */

/** Annex K.1: luminance steps, row by row. */
const LUMINANCE = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/** Annex K.2: chrominance steps, row by row. */
const CHROMINANCE = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/**
 * Steps of one component as kernels/jpeg.ts wants them: 64 whole numbers, then what is added to a magnitude and
 * what the sum is multiplied by. The forward DCT's output is 8 times too large.
 */
function placeSteps(table: readonly number[], quality: number): number {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - quality * 2;
  const sizes = table.map((entry) => Math.min(255, Math.max(1, Math.floor((entry * percent + 50) / 100))));
  const at = placeInts([...sizes, ...sizes, ...sizes]);
  // Half a step, plus a half that keeps the product off the integers, where float32 might fall to the wrong side.
  floatsAt(at + 256, 64).set(sizes.map((size) => size * 4 + 0.5));
  floatsAt(at + 512, 64).set(sizes.map((size) => 1 / (size * 8)));
  return at;
}

/** A plane of bytes in the kernels' memory, its sides padded to whole blocks. */
interface Plane {
  readonly at: number;
  readonly width: number;
  readonly height: number;
}

function takePlane(width: number, height: number): Plane {
  const plane = { width: (width + 7) & ~7, height: (height + 7) & ~7 };
  return { at: take(plane.width * plane.height), ...plane };
}

interface Planes {
  readonly y: Plane;
  readonly cb: Plane;
  readonly cr: Plane;
}

/** Luminance at full size, both chrominances averaged over 2×2 pixels, edges repeated. */
function fillPlanes({ y, cb, cr }: Planes, image: Image): void {
  const { width, height } = image;
  const halfHeight = (height + 1) >> 1;
  const rgb = placeBytes(image.data);
  // Two rows of full-size chrominance at a time.
  const rowLength = cb.width * 2;
  const cbRows = take(rowLength * 2);
  const crRows = take(rowLength * 2);
  const repeatEnd = (at: number, length: number) => {
    if (length > width) bytesAt(at, length).fill(bytesAt(at, width)[width - 1], width);
  };
  for (let row = 0; row < halfHeight * 2; row++) {
    // A row below an odd number of rows repeats the last one, whose luminance it writes once more.
    const source = Math.min(row, height - 1);
    const odd = (row & 1) * rowLength;
    const luma = y.at + source * y.width;
    kernels.toLumaChroma(rgb + source * width * 3, luma, cbRows + odd, crRows + odd, width);
    repeatEnd(luma, y.width);
    repeatEnd(cbRows + odd, rowLength);
    repeatEnd(crRows + odd, rowLength);
    if (odd) {
      const to = (row >> 1) * cb.width;
      kernels.averagePairs(cbRows, cbRows + rowLength, cb.at + to, cb.width);
      kernels.averagePairs(crRows, crRows + rowLength, cr.at + to, cr.width);
    }
  }
  repeatLastRow(y, height);
  repeatLastRow(cb, halfHeight);
  repeatLastRow(cr, halfHeight);
}

function repeatLastRow({ at, width, height }: Plane, filled: number): void {
  const bytes = bytesAt(at, width * height);
  for (let row = filled; row < height; row++) {
    bytes.copyWithin(row * width, (filled - 1) * width, filled * width);
  }
}

/** Chrominance enlarged, and back to RGB. */
function fromPlanes({ y, cb, cr }: Planes, width: number, height: number): Uint8Array {
  const columns = (width + 1) >> 1;
  const rows = (height + 1) >> 1;
  const line = take(2 * (columns + 2));
  const cbRow = take(4 * columns);
  const crRow = take(4 * columns);
  const out = take(width * height * 3);
  for (let row = 0; row < height; row++) {
    const near = (row >> 1) * cb.width;
    const far = (row & 1 ? Math.min((row >> 1) + 1, rows - 1) : Math.max((row >> 1) - 1, 0)) * cb.width;
    kernels.enlargeRow(cb.at + near, cb.at + far, columns, line, cbRow);
    kernels.enlargeRow(cr.at + near, cr.at + far, columns, line, crRow);
    kernels.toColours(y.at + row * y.width, cbRow, crRow, out + row * width * 3, width);
  }
  return bytesAt(out, width * height * 3).slice();
}

/**
 * The image after being saved as baseline JPEG (4:2:0) and opened again.
 *
 * @param quality 1 (worst) to 100, libjpeg's scale.
 * @throws RangeError when the quality is not an integer of that range.
 */
export function jpegRoundTrip(image: Image, quality: number): Image {
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) {
    throw new RangeError(`JPEG quality must be an integer from 1 to 100, got ${quality}`);
  }
  const { width, height } = image;
  beginFilter();
  const luminance = placeSteps(LUMINANCE, quality);
  const chrominance = placeSteps(CHROMINANCE, quality);
  const block = take(2 * 64 * 4);
  const planes = {
    y: takePlane(width, height),
    cb: takePlane((width + 1) >> 1, (height + 1) >> 1),
    cr: takePlane((width + 1) >> 1, (height + 1) >> 1),
  };
  fillPlanes(planes, image);
  for (const { plane, steps } of [
    { plane: planes.y, steps: luminance },
    { plane: planes.cb, steps: chrominance },
    { plane: planes.cr, steps: chrominance },
  ]) {
    kernels.quantisePlane(plane.at, plane.width, plane.height, steps, block);
  }
  return createImage(width, height, fromPlanes(planes, width, height));
}
