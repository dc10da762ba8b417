/**
 * A JPEG round trip without entropy coding, bit for bit libjpeg's default ("islow") arithmetic: see src/image/jpeg.ts.
 * Planes are bytes, their sides padded to whole blocks of 8×8.
 */

// Rotation factors of the DCT by Loeffler, Ligtenberg & Moschytz (1989), scaled by 2^13; cK is cos(K·pi/16).
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

/** Bytes of a row of eight int32. */
const ROW: usize = 32;

// @ts-ignore: decorator
@inline
function times(value: v128, factor: i32): v128 {
  return i32x4.mul(value, i32x4.splat(factor));
}

// @ts-ignore: decorator
@inline
function plus(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

// @ts-ignore: decorator
@inline
function minus(a: v128, b: v128): v128 {
  return i32x4.sub(a, b);
}

/**
 * One pass of the forward DCT down the columns of a block, four at a time: the first pass gains `PASS_BITS`, the second
 * drops them.
 */
function forwardPass(block: usize, first: bool): void {
  const shift = first ? FACTOR_BITS - PASS_BITS : FACTOR_BITS + PASS_BITS;
  const half = i32x4.splat(1 << (shift - 1));
  for (let at = block; at < block + ROW; at += 16) {
    const v0 = v128.load(at);
    const v1 = v128.load(at, 32);
    const v2 = v128.load(at, 64);
    const v3 = v128.load(at, 96);
    const v4 = v128.load(at, 128);
    const v5 = v128.load(at, 160);
    const v6 = v128.load(at, 192);
    const v7 = v128.load(at, 224);
    const s0 = plus(v0, v7);
    const d0 = minus(v0, v7);
    const s1 = plus(v1, v6);
    const d1 = minus(v1, v6);
    const s2 = plus(v2, v5);
    const d2 = minus(v2, v5);
    const s3 = plus(v3, v4);
    const d3 = minus(v3, v4);

    const outer = plus(s0, s3);
    const outerDifference = minus(s0, s3);
    const inner = plus(s1, s2);
    const innerDifference = minus(s1, s2);
    if (first) {
      v128.store(at, i32x4.shl(plus(outer, inner), PASS_BITS));
      v128.store(at, i32x4.shl(minus(outer, inner), PASS_BITS), 128);
    } else {
      const two = i32x4.splat(2);
      v128.store(at, i32x4.shr_s(plus(plus(outer, inner), two), PASS_BITS));
      v128.store(at, i32x4.shr_s(plus(minus(outer, inner), two), PASS_BITS), 128);
    }
    const even = plus(times(plus(outerDifference, innerDifference), C_0_541196100), half);
    v128.store(at, i32x4.shr_s(plus(even, times(outerDifference, C_0_765366865)), shift), 64);
    v128.store(at, i32x4.shr_s(minus(even, times(innerDifference, C_1_847759065)), shift), 192);

    const z5 = plus(times(plus(plus(d3, d1), plus(d2, d0)), C_1_175875602), half);
    const z1 = times(plus(d3, d0), C_0_899976223);
    const z2 = times(plus(d2, d1), C_2_562915447);
    const z3 = minus(z5, times(plus(d3, d1), C_1_961570560));
    const z4 = minus(z5, times(plus(d2, d0), C_0_390180644));
    v128.store(at, i32x4.shr_s(plus(minus(times(d3, C_0_298631336), z1), z3), shift), 224);
    v128.store(at, i32x4.shr_s(plus(minus(times(d2, C_2_053119869), z2), z4), shift), 160);
    v128.store(at, i32x4.shr_s(plus(minus(times(d1, C_3_072711026), z2), z3), shift), 96);
    v128.store(at, i32x4.shr_s(plus(minus(times(d0, C_1_501321110), z1), z4), shift), 32);
  }
}

/** One pass of the inverse DCT down the columns. The second one adds the 128 that the forward DCT took off. */
function inversePass(block: usize, first: bool): void {
  const shift = first ? FACTOR_BITS - PASS_BITS : FACTOR_BITS + PASS_BITS + 3;
  const half = i32x4.splat((1 << (shift - 1)) + (first ? 0 : 128 << shift));
  for (let at = block; at < block + ROW; at += 16) {
    const v0 = v128.load(at);
    const v1 = v128.load(at, 32);
    const v2 = v128.load(at, 64);
    const v3 = v128.load(at, 96);
    const v4 = v128.load(at, 128);
    const v5 = v128.load(at, 160);
    const v6 = v128.load(at, 192);
    const v7 = v128.load(at, 224);

    const rotated = times(plus(v2, v6), C_0_541196100);
    const e2 = minus(rotated, times(v6, C_1_847759065));
    const e3 = plus(rotated, times(v2, C_0_765366865));
    const e0 = plus(i32x4.shl(plus(v0, v4), FACTOR_BITS), half);
    const e1 = plus(i32x4.shl(minus(v0, v4), FACTOR_BITS), half);
    const even0 = plus(e0, e3);
    const even3 = minus(e0, e3);
    const even1 = plus(e1, e2);
    const even2 = minus(e1, e2);

    const z5 = times(plus(plus(v7, v3), plus(v5, v1)), C_1_175875602);
    const z1 = times(plus(v7, v1), C_0_899976223);
    const z2 = times(plus(v5, v3), C_2_562915447);
    const z3 = minus(z5, times(plus(v7, v3), C_1_961570560));
    const z4 = minus(z5, times(plus(v5, v1), C_0_390180644));
    const odd0 = plus(minus(times(v7, C_0_298631336), z1), z3);
    const odd1 = plus(minus(times(v5, C_2_053119869), z2), z4);
    const odd2 = plus(minus(times(v3, C_3_072711026), z2), z3);
    const odd3 = plus(minus(times(v1, C_1_501321110), z1), z4);

    v128.store(at, i32x4.shr_s(plus(even0, odd3), shift));
    v128.store(at, i32x4.shr_s(minus(even0, odd3), shift), 224);
    v128.store(at, i32x4.shr_s(plus(even1, odd2), shift), 32);
    v128.store(at, i32x4.shr_s(minus(even1, odd2), shift), 192);
    v128.store(at, i32x4.shr_s(plus(even2, odd1), shift), 64);
    v128.store(at, i32x4.shr_s(minus(even2, odd1), shift), 160);
    v128.store(at, i32x4.shr_s(plus(even3, odd0), shift), 96);
    v128.store(at, i32x4.shr_s(minus(even3, odd0), shift), 128);
  }
}

// @ts-ignore: decorator
@inline
function transposeQuarter(from: usize, to: usize): void {
  const a = v128.load(from);
  const b = v128.load(from, 32);
  const c = v128.load(from, 64);
  const d = v128.load(from, 96);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(to, v128.shuffle<i64>(ab, cd, 1, 3), 32);
  const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(ab2, cd2, 0, 2), 64);
  v128.store(to, v128.shuffle<i64>(ab2, cd2, 1, 3), 96);
}

function transpose(from: usize, to: usize): void {
  transposeQuarter(from, to);
  transposeQuarter(from + 16, to + 4 * ROW);
  transposeQuarter(from + 4 * ROW, to + 16);
  transposeQuarter(from + 4 * ROW + 16, to + 4 * ROW + 16);
}

/**
 * Quantises and dequantises a block.
 *
 * @param steps 64 int32 steps, then 64 float32 with what is added to a magnitude and 64 with what the sum is multiplied by.
 * @returns Whether anything but the mean is left.
 */
function quantiseBlock(block: usize, steps: usize): bool {
  let rest = i32x4.splat(0);
  for (let i: usize = 0; i < 256; i += 16) {
    const value = v128.load(block + i);
    const sign = i32x4.shr_s(value, 31);
    const magnitude = f32x4.convert_i32x4_s(i32x4.abs(value));
    const sum = f32x4.add(magnitude, v128.load(steps + i, 256));
    const level = i32x4.trunc_sat_f32x4_s(f32x4.mul(sum, v128.load(steps + i, 512)));
    const size = i32x4.mul(level, v128.load(steps + i));
    const quantised = minus(v128.xor(size, sign), sign);
    v128.store(block + i, quantised);
    rest = v128.or(rest, i == 0 ? i32x4.replace_lane(quantised, 0, 0) : quantised);
  }
  return v128.any_true(rest);
}

/** Quantises and dequantises every block of a plane, in place. `block` has room for 128 int32. */
export function quantisePlane(plane: usize, width: i32, height: i32, steps: usize, block: usize): void {
  const other = block + 8 * ROW;
  const offset = i32x4.splat(128);
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      const origin = plane + top * width + left;
      for (let y: usize = 0; y < 8; y++) {
        const halves = i16x8.extend_low_i8x16_u(v128.load64_zero(origin + y * width));
        v128.store(block + y * ROW, minus(i32x4.extend_low_i16x8_u(halves), offset));
        v128.store(block + y * ROW, minus(i32x4.extend_high_i16x8_u(halves), offset), 16);
      }
      transpose(block, other);
      forwardPass(other, true);
      transpose(other, block);
      forwardPass(block, false);
      if (!quantiseBlock(block, steps)) {
        const level = <u64>min(255, max(0, ((load<i32>(block) + 4) >> 3) + 128));
        for (let y: usize = 0; y < 8; y++) store<u64>(origin + y * width, level * 0x0101010101010101);
        continue;
      }
      inversePass(block, true);
      transpose(block, other);
      inversePass(other, false);
      transpose(other, block);
      for (let y: usize = 0; y < 8; y++) {
        const halves = i16x8.narrow_i32x4_s(v128.load(block + y * ROW), v128.load(block + y * ROW, 16));
        v128.store64_lane(origin + y * width, i8x16.narrow_i16x8_u(halves, halves), 0);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function storeBytes(to: usize, values: v128): void {
  const halves = i16x8.narrow_i32x4_s(values, values);
  store<i32>(to, i32x4.extract_lane(i8x16.narrow_i16x8_u(halves, halves), 0));
}

/** Colours of a row of RGB, four pixels at a time. */
export function toLumaChroma(from: usize, luma: usize, blue: usize, red: usize, pixels: i32): void {
  const half = i32x4.splat(32768);
  const middle = i32x4.splat(8421375);
  for (let x: usize = 0; x < <usize>pixels; x += 4) {
    const bytes = v128.load(from + 3 * x);
    const r = i8x16.swizzle(bytes, i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1));
    const g = i8x16.swizzle(bytes, i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1));
    const b = i8x16.swizzle(bytes, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
    const y = plus(plus(times(r, 19595), times(g, 38470)), plus(times(b, 7471), half));
    storeBytes(luma + x, i32x4.shr_s(y, 16));
    const cb = plus(plus(times(r, -11059), times(g, -21709)), plus(i32x4.shl(b, 15), middle));
    storeBytes(blue + x, i32x4.shr_s(cb, 16));
    const cr = plus(plus(i32x4.shl(r, 15), times(g, -27439)), plus(times(b, -5329), middle));
    storeBytes(red + x, i32x4.shr_s(cr, 16));
  }
}

/** Means of 2×2 samples of two rows: `length` of them, a multiple of 8. */
export function averagePairs(upper: usize, lower: usize, to: usize, length: i32): void {
  // The rounding term alternates 1, 2, 1, 2: no drift in either direction.
  const bias = i16x8(1, 2, 1, 2, 1, 2, 1, 2);
  for (let i: usize = 0; i < <usize>length; i += 8) {
    const above = i16x8.extadd_pairwise_i8x16_u(v128.load(upper + 2 * i));
    const below = i16x8.extadd_pairwise_i8x16_u(v128.load(lower + 2 * i));
    const mean = i16x8.shr_u(i16x8.add(i16x8.add(above, below), bias), 2);
    v128.store64_lane(to + i, i8x16.narrow_i16x8_u(mean, mean), 0);
  }
}

/**
 * One row of chrominance at full size, int16, less 128: a triangle filter both ways, so that each sample is made of its
 * nearest four in the proportions 9 : 3 : 3 : 1. At the sides of the image the outermost column counts twice.
 *
 * @param near, far The nearer row of the plane and the farther one, each with `columns` samples.
 * @param line Room for columns + 2 int16 and a vector more.
 */
export function enlargeRow(near: usize, far: usize, columns: i32, line: usize, to: usize): void {
  const three = i16x8.splat(3);
  const middle = line + 2;
  for (let i: usize = 0; i < <usize>columns; i += 8) {
    const n = i16x8.extend_low_i8x16_u(v128.load64_zero(near + i));
    const f = i16x8.extend_low_i8x16_u(v128.load64_zero(far + i));
    v128.store(middle + 2 * i, i16x8.add(i16x8.mul(n, three), f));
  }
  store<i16>(line, load<i16>(middle));
  store<i16>(middle + 2 * columns, load<i16>(middle + 2 * columns - 2));
  // Rounds with 8 and 7 sixteenths in turn, and takes 128 off.
  const offset = i16x8.splat(128);
  for (let i: usize = 0; i < <usize>columns; i += 8) {
    const here = i16x8.mul(v128.load(middle + 2 * i), three);
    const left = i16x8.add(i16x8.add(here, v128.load(line + 2 * i)), i16x8.splat(8));
    const right = i16x8.add(i16x8.add(here, v128.load(middle + 2 * i, 2)), i16x8.splat(7));
    const even = i16x8.sub(i16x8.shr_u(left, 4), offset);
    const odd = i16x8.sub(i16x8.shr_u(right, 4), offset);
    v128.store(to + 4 * i, v128.shuffle<i16>(even, odd, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(to + 4 * i, v128.shuffle<i16>(even, odd, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  }
}

// @ts-ignore: decorator
@inline
function clip(value: v128): v128 {
  return i32x4.min_s(i32x4.max_s(value, i32x4.splat(0)), i32x4.splat(255));
}

/** A row back to RGB, four pixels at a time; chrominance is int16. */
export function toColours(luma: usize, blue: usize, red: usize, to: usize, pixels: i32): void {
  const half = i32x4.splat(32768);
  for (let x: usize = 0; x < <usize>pixels; x += 4) {
    const l = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(luma + x)));
    const u = i32x4.extend_low_i16x8_s(v128.load64_zero(blue + 2 * x));
    const v = i32x4.extend_low_i16x8_s(v128.load64_zero(red + 2 * x));
    const r = plus(l, i32x4.shr_s(plus(times(v, 91881), half), 16));
    const g = plus(l, i32x4.shr_s(plus(plus(times(u, -22554), times(v, -46802)), half), 16));
    const b = plus(l, i32x4.shr_s(plus(times(u, 116130), half), 16));
    const pixels4 = v128.or(clip(r), v128.or(i32x4.shl(clip(g), 8), i32x4.shl(clip(b), 16)));
    v128.store(
      to + 3 * x,
      i8x16.swizzle(pixels4, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1)),
    );
  }
}
