import type { Image } from './image.ts';

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

/** Steps of one component, and what quantisation needs of them; the forward DCT's output is 8 times too large. */
interface Steps {
  readonly step: Int32Array;
  /** Smallest magnitude that does not become 0. */
  readonly threshold: Int32Array;
  /** Half a step, plus a half that keeps the product with `inverse` off the integers. */
  readonly rounding: Float64Array;
  readonly inverse: Float64Array;
}

function stepsFor(table: readonly number[], quality: number): Steps {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - quality * 2;
  const step = new Int32Array(64);
  const threshold = new Int32Array(64);
  const rounding = new Float64Array(64);
  const inverse = new Float64Array(64);
  for (let i = 0; i < 64; i++) {
    const size = Math.min(255, Math.max(1, Math.floor((table[i] * percent + 50) / 100)));
    step[i] = size;
    threshold[i] = size * 4;
    rounding[i] = size * 4 + 0.5;
    inverse[i] = 1 / (size * 8);
  }
  return { step, threshold, rounding, inverse };
}

// Rotation factors of the DCT, scaled by 2^13. The names give the factor; cK is cos(K·pi/16).
const C_0_298631336 = 2446; // sqrt2·(-c1+c3+c5-c7)
const C_0_390180644 = 3196; // sqrt2·(c3-c5)
const C_0_541196100 = 4433; // sqrt2·c6
const C_0_765366865 = 6270; // sqrt2·(c2-c6)
const C_0_899976223 = 7373; // sqrt2·(c3-c7)
const C_1_175875602 = 9633; // sqrt2·c3
const C_1_501321110 = 12299; // sqrt2·(c1+c3-c5-c7)
const C_1_847759065 = 15137; // sqrt2·(c2+c6)
const C_1_961570560 = 16069; // sqrt2·(c3+c5)
const C_2_053119869 = 16819; // sqrt2·(c1+c3-c5+c7)
const C_2_562915447 = 20995; // sqrt2·(c1+c3)
const C_3_072711026 = 25172; // sqrt2·(c1+c3+c5-c7)
const FACTOR_BITS = 13;
/** Extra fraction bits that the values carry between the two passes. */
const PASS_BITS = 2;

const imul = Math.imul;

/** The 8×8 samples or coefficients at hand, row by row. */
const block = new Int32Array(64);

/**
 * One pass of the forward DCT over `block` in place: the first one over the rows, gaining `PASS_BITS`, the second over
 * the columns, dropping them.
 */
function forwardPass(first: boolean): void {
  const stride = first ? 1 : 8;
  const shift = first ? FACTOR_BITS - PASS_BITS : FACTOR_BITS + PASS_BITS;
  const half = 1 << (shift - 1);
  for (let line = 0; line < 8; line++) {
    const at = first ? line * 8 : line;
    const i1 = at + stride;
    const i2 = i1 + stride;
    const i3 = i2 + stride;
    const i4 = i3 + stride;
    const i5 = i4 + stride;
    const i6 = i5 + stride;
    const i7 = i6 + stride;
    const s0 = block[at] + block[i7];
    const d0 = block[at] - block[i7];
    const s1 = block[i1] + block[i6];
    const d1 = block[i1] - block[i6];
    const s2 = block[i2] + block[i5];
    const d2 = block[i2] - block[i5];
    const s3 = block[i3] + block[i4];
    const d3 = block[i3] - block[i4];

    const outer = s0 + s3;
    const outerDifference = s0 - s3;
    const inner = s1 + s2;
    const innerDifference = s1 - s2;
    if (first) {
      block[at] = (outer + inner) << PASS_BITS;
      block[i4] = (outer - inner) << PASS_BITS;
    } else {
      block[at] = (outer + inner + 2) >> PASS_BITS;
      block[i4] = (outer - inner + 2) >> PASS_BITS;
    }
    const even = imul(outerDifference + innerDifference, C_0_541196100) + half;
    block[i2] = (even + imul(outerDifference, C_0_765366865)) >> shift;
    block[i6] = (even - imul(innerDifference, C_1_847759065)) >> shift;

    const z5 = imul(d3 + d1 + d2 + d0, C_1_175875602) + half;
    const z1 = imul(d3 + d0, -C_0_899976223);
    const z2 = imul(d2 + d1, -C_2_562915447);
    const z3 = z5 - imul(d3 + d1, C_1_961570560);
    const z4 = z5 - imul(d2 + d0, C_0_390180644);
    block[i7] = (imul(d3, C_0_298631336) + z1 + z3) >> shift;
    block[i5] = (imul(d2, C_2_053119869) + z2 + z4) >> shift;
    block[i3] = (imul(d1, C_3_072711026) + z2 + z3) >> shift;
    block[i1] = (imul(d0, C_1_501321110) + z1 + z4) >> shift;
  }
}

/**
 * One pass of the inverse DCT over `block` in place: the first one over the columns, the second over the rows.
 *
 * @param busy One bit a column; a column without it has nothing below its first row. Of all rows in the second pass.
 */
function inversePass(first: boolean, busy: number): void {
  const stride = first ? 8 : 1;
  const shift = first ? FACTOR_BITS - PASS_BITS : FACTOR_BITS + PASS_BITS + 3;
  // The forward DCT took 128 off every sample; it comes back with the rounding.
  const half = (1 << (shift - 1)) + (first ? 0 : 128 << shift);
  for (let line = 0; line < 8; line++) {
    const at = first ? line : line * 8;
    if (((busy >> line) & 1) === 0) {
      const flat = block[at] << PASS_BITS;
      for (let i = at; i < 64; i += 8) block[i] = flat;
      continue;
    }
    const i1 = at + stride;
    const i2 = i1 + stride;
    const i3 = i2 + stride;
    const i4 = i3 + stride;
    const i5 = i4 + stride;
    const i6 = i5 + stride;
    const i7 = i6 + stride;
    const v1 = block[i1];
    const v2 = block[i2];
    const v3 = block[i3];
    const v5 = block[i5];
    const v6 = block[i6];
    const v7 = block[i7];

    const rotated = imul(v2 + v6, C_0_541196100);
    const e2 = rotated - imul(v6, C_1_847759065);
    const e3 = rotated + imul(v2, C_0_765366865);
    const e0 = ((block[at] + block[i4]) << FACTOR_BITS) + half;
    const e1 = ((block[at] - block[i4]) << FACTOR_BITS) + half;
    const even0 = e0 + e3;
    const even3 = e0 - e3;
    const even1 = e1 + e2;
    const even2 = e1 - e2;

    const z5 = imul(v7 + v3 + v5 + v1, C_1_175875602);
    const z1 = imul(v7 + v1, -C_0_899976223);
    const z2 = imul(v5 + v3, -C_2_562915447);
    const z3 = z5 - imul(v7 + v3, C_1_961570560);
    const z4 = z5 - imul(v5 + v1, C_0_390180644);
    const odd0 = imul(v7, C_0_298631336) + z1 + z3;
    const odd1 = imul(v5, C_2_053119869) + z2 + z4;
    const odd2 = imul(v3, C_3_072711026) + z2 + z3;
    const odd3 = imul(v1, C_1_501321110) + z1 + z4;

    block[at] = (even0 + odd3) >> shift;
    block[i7] = (even0 - odd3) >> shift;
    block[i1] = (even1 + odd2) >> shift;
    block[i6] = (even1 - odd2) >> shift;
    block[i2] = (even2 + odd1) >> shift;
    block[i5] = (even2 - odd1) >> shift;
    block[i3] = (even3 + odd0) >> shift;
    block[i4] = (even3 - odd0) >> shift;
  }
}

/** A plane of samples, its sides padded to whole blocks. */
interface Plane {
  /** Clamps on writing, as the decoder's range limit does. */
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

function createPlane(width: number, height: number): Plane {
  const paddedWidth = (width + 7) & ~7;
  const paddedHeight = (height + 7) & ~7;
  return {
    data: new Uint8ClampedArray(paddedWidth * paddedHeight),
    width: paddedWidth,
    height: paddedHeight,
  };
}

/**
 * Quantises and dequantises `block`. The result has a bit for each of the eight columns with something below its
 * first row, and, above those, a bit for each column with anything at all.
 */
function quantiseBlock({ step, threshold, rounding, inverse }: Steps): number {
  let busy = 0;
  for (let i = 0; i < 64; i++) {
    const value = block[i];
    const magnitude = value < 0 ? -value : value;
    if (magnitude < threshold[i]) {
      block[i] = 0;
    } else {
      const level = ((magnitude + rounding[i]) * inverse[i]) | 0;
      block[i] = imul(value < 0 ? -level : level, step[i]);
      busy |= i < 8 ? 0x100 << i : 0x101 << (i & 7);
    }
  }
  return busy;
}

/** `quantiseBlock`'s answer where nothing but the mean is left: bit 8, column 0. */
const ONLY_MEAN = 0x100;

/** Quantises and dequantises every 8×8 block of the plane, in place. */
function quantisePlane({ data, width, height }: Plane, steps: Steps): void {
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      const origin = top * width + left;
      for (let i = 0, from = origin; i < 64; i += 8, from += width) {
        for (let x = 0; x < 8; x++) block[i + x] = data[from + x] - 128;
      }
      forwardPass(true);
      forwardPass(false);
      const busy = quantiseBlock(steps);
      if ((busy & ~ONLY_MEAN) === 0) {
        const level = ((block[0] + 4) >> 3) + 128;
        for (let to = origin, end = origin + 8 * width; to < end; to += width) data.fill(level, to, to + 8);
        continue;
      }
      inversePass(true, busy & 255);
      inversePass(false, 255);
      for (let i = 0, to = origin; i < 64; i += 8, to += width) {
        for (let x = 0; x < 8; x++) data[to + x] = block[i + x];
      }
    }
  }
}

/** Luminance at full size, both chrominances averaged over 2×2 pixels, edges repeated. */
function toPlanes(image: Image): { y: Plane; cb: Plane; cr: Plane } {
  const { data, width, height } = image;
  const halfWidth = (width + 1) >> 1;
  const halfHeight = (height + 1) >> 1;
  const y = createPlane(width, height);
  const cb = createPlane(halfWidth, halfHeight);
  const cr = createPlane(halfWidth, halfHeight);
  // Two rows of full-size chrominance at a time.
  const rowLength = cb.width * 2;
  const cbRows = new Uint8Array(rowLength * 2);
  const crRows = new Uint8Array(rowLength * 2);
  const luma = y.data;
  for (let row = 0; row < halfHeight * 2; row++) {
    let from = Math.min(row, height - 1) * width * 3;
    const chromaEnd = (row & 1) * rowLength + width;
    // A row below an odd number of rows repeats the last one and has no luminance of its own to keep.
    let to = Math.min(row, height - 1) * y.width;
    for (let x = chromaEnd - width; x < chromaEnd; x++) {
      const r = data[from];
      const g = data[from + 1];
      const b = data[from + 2];
      luma[to] = (imul(19595, r) + imul(38470, g) + imul(7471, b) + 32768) >> 16;
      cbRows[x] = (imul(-11059, r) + imul(-21709, g) + (b << 15) + 8421375) >> 16;
      crRows[x] = ((r << 15) + imul(-27439, g) + imul(-5329, b) + 8421375) >> 16;
      from += 3;
      to++;
    }
    luma.fill(luma[to - 1], to, to + y.width - width);
    cbRows.fill(cbRows[chromaEnd - 1], chromaEnd, chromaEnd + rowLength - width);
    crRows.fill(crRows[chromaEnd - 1], chromaEnd, chromaEnd + rowLength - width);
    if (row & 1) {
      averagePairs(cbRows, rowLength, cb.data, (row >> 1) * cb.width);
      averagePairs(crRows, rowLength, cr.data, (row >> 1) * cr.width);
    }
  }
  repeatLastRow(y, height);
  repeatLastRow(cb, halfHeight);
  repeatLastRow(cr, halfHeight);
  return { y, cb, cr };
}

/** Means of 2×2 samples of two rows that follow each other in `rows`. */
function averagePairs(rows: Uint8Array, length: number, out: Uint8ClampedArray, to: number): void {
  // The rounding term alternates 1, 2, 1, 2: no drift in either direction.
  for (let i = 0, bias = 1; i < length; i += 2, bias ^= 3) {
    out[to++] = (rows[i] + rows[i + 1] + rows[length + i] + rows[length + i + 1] + bias) >> 2;
  }
}

function repeatLastRow({ data, width, height }: Plane, filled: number): void {
  for (let row = filled; row < height; row++) {
    data.copyWithin(row * width, (filled - 1) * width, filled * width);
  }
}

/**
 * One row of chrominance at full size, less 128: a triangle filter both ways, so that each sample is made of its
 * nearest four in the proportions 9 : 3 : 3 : 1. At the sides of the image the outermost column counts twice.
 *
 * @param near, far The nearer row of the plane and the farther one.
 * @param columns Columns of the plane that belong to the image.
 */
function enlargeRow(
  { data, width }: Plane,
  near: number,
  far: number,
  columns: number,
  out: Int32Array,
): void {
  let n = near * width;
  let f = far * width;
  let here = 3 * data[n] + data[f];
  let before = here;
  for (let column = 0, to = 0; column < columns; column++) {
    n++;
    f++;
    const after = column < columns - 1 ? 3 * data[n] + data[f] : here;
    // Rounds with 8 and 7 sixteenths in turn, and takes 128 off.
    out[to++] = ((3 * here + before + 8) >> 4) - 128;
    out[to++] = ((3 * here + after + 7) >> 4) - 128;
    before = here;
    here = after;
  }
}

/** Chrominance enlarged, and back to RGB. */
function fromPlanes(planes: { y: Plane; cb: Plane; cr: Plane }, width: number, height: number): Uint8Array {
  const { y, cb, cr } = planes;
  const luma = y.data;
  const out = new Uint8ClampedArray(width * height * 3);
  const columns = (width + 1) >> 1;
  const rows = (height + 1) >> 1;
  const cbRow = new Int32Array(columns * 2);
  const crRow = new Int32Array(columns * 2);
  for (let row = 0, to = 0; row < height; row++) {
    const near = row >> 1;
    const far = row & 1 ? Math.min(near + 1, rows - 1) : Math.max(near - 1, 0);
    enlargeRow(cb, near, far, columns, cbRow);
    enlargeRow(cr, near, far, columns, crRow);
    for (let x = 0, at = row * y.width; x < width; x++, at++, to += 3) {
      const l = luma[at];
      const u = cbRow[x];
      const v = crRow[x];
      out[to] = l + ((imul(91881, v) + 32768) >> 16);
      out[to + 1] = l + ((imul(-22554, u) - imul(46802, v) + 32768) >> 16);
      out[to + 2] = l + ((imul(116130, u) + 32768) >> 16);
    }
  }
  return new Uint8Array(out.buffer);
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
  const planes = toPlanes(image);
  const chrominance = stepsFor(CHROMINANCE, quality);
  quantisePlane(planes.y, stepsFor(LUMINANCE, quality));
  quantisePlane(planes.cb, chrominance);
  quantisePlane(planes.cr, chrominance);
  return {
    data: fromPlanes(planes, image.width, image.height),
    width: image.width,
    height: image.height,
    channels: 3,
  };
}
