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
  const step = Int32Array.from(table, (base) =>
    Math.min(255, Math.max(1, Math.floor((base * percent + 50) / 100))),
  );
  return {
    step,
    threshold: step.map((s) => s * 4),
    rounding: Float64Array.from(step, (s) => s * 4 + 0.5),
    inverse: Float64Array.from(step, (s) => 1 / (s * 8)),
  };
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

/**
 * Eight-point forward DCT of `block[at], block[at + stride], …` in place.
 * The first pass gains `PASS_BITS`, the second one drops them.
 */
function forward8(block: Int32Array, at: number, stride: number, first: boolean): void {
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
  const shift = first ? FACTOR_BITS - PASS_BITS : FACTOR_BITS + PASS_BITS;
  const half = 1 << (shift - 1);
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

/**
 * Eight-point inverse DCT in place, results shifted right by `shift` with `half` added before.
 * The caller sees to rows and columns of which only the first value is not 0.
 */
function inverse8(block: Int32Array, at: number, stride: number, shift: number, half: number): void {
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

const SECOND_SHIFT = FACTOR_BITS + PASS_BITS + 3;

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

/** Quantises and dequantises every 8×8 block of the plane, in place. */
function quantisePlane(plane: Plane, { step, threshold, rounding, inverse }: Steps): void {
  const { data, width, height } = plane;
  const block = new Int32Array(64);
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      const origin = top * width + left;
      for (let y = 0, from = origin; y < 64; y += 8, from += width) {
        for (let x = 0; x < 8; x++) block[y + x] = data[from + x] - 128;
        forward8(block, y, 1, true);
      }
      for (let x = 0; x < 8; x++) forward8(block, x, 8, false);

      // Columns with a value below their first row; most blocks have few or none.
      let busyColumns = 0;
      for (let i = 0; i < 64; i++) {
        const value = block[i];
        const magnitude = value < 0 ? -value : value;
        if (magnitude < threshold[i]) {
          block[i] = 0;
          continue;
        }
        const level = ((magnitude + rounding[i]) * inverse[i]) | 0;
        block[i] = imul(value < 0 ? -level : level, step[i]);
        if (i >= 8) busyColumns |= 1 << (i & 7);
      }

      for (let x = 0; x < 8; x++) {
        if (busyColumns & (1 << x)) {
          inverse8(block, x, 8, FACTOR_BITS - PASS_BITS, 1 << (FACTOR_BITS - PASS_BITS - 1));
        } else {
          const flat = block[x] << PASS_BITS;
          for (let i = x; i < 64; i += 8) block[i] = flat;
        }
      }
      for (let y = 0, to = origin; y < 64; y += 8, to += width) {
        // The 128 taken off above comes back with the rounding term.
        inverse8(block, y, 1, SECOND_SHIFT, (1 << (SECOND_SHIFT - 1)) + (128 << SECOND_SHIFT));
        for (let x = 0; x < 8; x++) data[to + x] = block[y + x];
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
  const rowLength = Math.max(y.width, cb.width * 2);
  const cbRows = [new Uint8Array(rowLength), new Uint8Array(rowLength)];
  const crRows = [new Uint8Array(rowLength), new Uint8Array(rowLength)];
  for (let pair = 0; pair < halfHeight; pair++) {
    for (let k = 0; k < 2; k++) {
      const row = pair * 2 + k;
      const cbRow = cbRows[k];
      const crRow = crRows[k];
      let from = Math.min(row, height - 1) * width * 3;
      const to = row * y.width;
      const inPlane = row < y.height;
      for (let x = 0; x < width; x++, from += 3) {
        const r = data[from];
        const g = data[from + 1];
        const b = data[from + 2];
        if (inPlane) y.data[to + x] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
        cbRow[x] = (-11059 * r - 21709 * g + 32768 * b + 8421375) >> 16;
        crRow[x] = (32768 * r - 27439 * g - 5329 * b + 8421375) >> 16;
      }
      if (inPlane) y.data.fill(y.data[to + width - 1], to + width, to + y.width);
      cbRow.fill(cbRow[width - 1], width);
      crRow.fill(crRow[width - 1], width);
    }
    const [cb0, cb1] = cbRows;
    const [cr0, cr1] = crRows;
    const to = pair * cb.width;
    for (let x = 0, i = 0; x < cb.width; x++, i += 2) {
      // The rounding term alternates 1, 2, 1, 2: no drift in either direction.
      const bias = 1 + (x & 1);
      cb.data[to + x] = (cb0[i] + cb0[i + 1] + cb1[i] + cb1[i + 1] + bias) >> 2;
      cr.data[to + x] = (cr0[i] + cr0[i + 1] + cr1[i] + cr1[i + 1] + bias) >> 2;
    }
  }
  repeatLastRow(y, height);
  repeatLastRow(cb, halfHeight);
  repeatLastRow(cr, halfHeight);
  return { y, cb, cr };
}

function repeatLastRow({ data, width, height }: Plane, filled: number): void {
  for (let row = filled; row < height; row++) {
    data.copyWithin(row * width, (filled - 1) * width, filled * width);
  }
}

/** 3 parts of the nearer chroma row and 1 of the farther one, unnormalised. */
function blendRows(plane: Plane, near: number, far: number, out: Int32Array): void {
  const { data, width } = plane;
  for (let x = 0, n = near * width, f = far * width; x < width; x++, n++, f++) {
    out[x] = 3 * data[n] + data[f];
  }
}

/** Chroma enlarged with a triangle filter (9-3-3-1 over 16), and back to RGB. */
function fromPlanes(planes: { y: Plane; cb: Plane; cr: Plane }, width: number, height: number): Uint8Array {
  const { y, cb, cr } = planes;
  const out = new Uint8ClampedArray(width * height * 3);
  const columns = (width + 1) >> 1;
  const rows = (height + 1) >> 1;
  const cbSums = new Int32Array(cb.width);
  const crSums = new Int32Array(cr.width);
  let to = 0;
  for (let row = 0; row < height; row++) {
    const near = row >> 1;
    const far = row & 1 ? Math.min(near + 1, rows - 1) : Math.max(near - 1, 0);
    blendRows(cb, near, far, cbSums);
    blendRows(cr, near, far, crSums);
    for (let x = 0, luma = row * y.width; x < width; x++, luma++) {
      const column = x >> 1;
      // Even pixels lean to the left neighbour and round with 8, odd ones to the right with 7; at the
      // image's sides the neighbour is the column itself.
      const odd = x & 1;
      const neighbour = odd ? Math.min(column + 1, columns - 1) : Math.max(column - 1, 0);
      const u = ((3 * cbSums[column] + cbSums[neighbour] + 8 - odd) >> 4) - 128;
      const v = ((3 * crSums[column] + crSums[neighbour] + 8 - odd) >> 4) - 128;
      const l = y.data[luma];
      out[to] = l + ((91881 * v + 32768) >> 16);
      out[to + 1] = l + ((-22554 * u - 46802 * v + 32768) >> 16);
      out[to + 2] = l + ((116130 * u + 32768) >> 16);
      to += 3;
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
