/**
 * Antialiased resizing of RGB with weights of 22 fraction bits, bit for bit Pillow's: see src/image/resize.ts.
 *
 * A weight is split into its upper and lower 11 bits, since a product of 16-bit numbers, two of them added up, is one
 * instruction: the sum is 2^11 · (sum with the upper halves) + (sum with the lower ones), exactly.
 */

const SPLIT_BITS = 11;
const WEIGHT_BITS = 22;

// @ts-expect-error: decorator
@inline
function rounded(upper: v128, lower: v128): v128 {
  const sum = i32x4.add(i32x4.shl(upper, SPLIT_BITS), lower);
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(1 << (WEIGHT_BITS - 1))), WEIGHT_BITS);
}

/**
 * Filters rows.
 *
 * @param to Rows of `pixels` RGB pixels, one behind the other.
 * @param firsts For each pixel of a row the byte in the row of `from` at which its taps begin.
 * @param weights For each pixel of a row, `pairs` times 16 int16: the upper halves of two taps' weights for red, green
 *   and blue and two zeros, then the lower halves.
 */
export function resizeRows(
  from: usize,
  fromStride: usize,
  to: usize,
  pixels: i32,
  rows: i32,
  firsts: usize,
  weights: usize,
  pairs: i32,
): void {
  const length = <usize>pairs << 5;
  for (let y: i32 = 0; y < rows; y++) {
    let weight = weights;
    for (let x: usize = 0; x < <usize>pixels; x++) {
      let at = from + load<i32>(firsts + (x << 2));
      let upper = i32x4.splat(0);
      let lower = upper;
      for (const end = weight + length; weight < end; weight += 32) {
        // Red of both taps, green, blue, as 16 bits.
        const taps = i8x16.swizzle(
          v128.load64_zero(at),
          i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1),
        );
        upper = i32x4.add(upper, i32x4.dot_i16x8_s(taps, v128.load(weight)));
        lower = i32x4.add(lower, i32x4.dot_i16x8_s(taps, v128.load(weight, 16)));
        at += 6;
      }
      const levels = rounded(upper, lower);
      const halves = i16x8.narrow_i32x4_s(levels, levels);
      // The fourth byte is the next pixel's first, which overwrites it.
      store<i32>(to, i32x4.extract_lane(i8x16.narrow_i16x8_u(halves, halves), 0));
      to += 3;
    }
    from += fromStride;
  }
}

/**
 * Filters columns: one row of `length` bytes from the rows that begin at `from`.
 *
 * @param weights `pairs` times two int16 (the upper halves of two rows' weights), then two with the lower halves.
 */
export function resizeColumns(
  from: usize,
  fromStride: usize,
  to: usize,
  length: i32,
  weights: usize,
  pairs: i32,
): void {
  const end = weights + (<usize>pairs << 3);
  for (let i: usize = 0; i < <usize>length; i += 16) {
    let upper0 = i32x4.splat(0);
    let upper1 = upper0;
    let upper2 = upper0;
    let upper3 = upper0;
    let lower0 = upper0;
    let lower1 = upper0;
    let lower2 = upper0;
    let lower3 = upper0;
    let at = from + i;
    for (let weight = weights; weight < end; weight += 8) {
      const high = v128.load32_splat(weight);
      const low = v128.load32_splat(weight, 4);
      const first = v128.load(at);
      const second = v128.load(at + fromStride);
      at += fromStride << 1;
      const left = i8x16.shuffle(first, second, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const right = i8x16.shuffle(first, second, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const taps0 = i16x8.extend_low_i8x16_u(left);
      const taps1 = i16x8.extend_high_i8x16_u(left);
      const taps2 = i16x8.extend_low_i8x16_u(right);
      const taps3 = i16x8.extend_high_i8x16_u(right);
      upper0 = i32x4.add(upper0, i32x4.dot_i16x8_s(taps0, high));
      upper1 = i32x4.add(upper1, i32x4.dot_i16x8_s(taps1, high));
      upper2 = i32x4.add(upper2, i32x4.dot_i16x8_s(taps2, high));
      upper3 = i32x4.add(upper3, i32x4.dot_i16x8_s(taps3, high));
      lower0 = i32x4.add(lower0, i32x4.dot_i16x8_s(taps0, low));
      lower1 = i32x4.add(lower1, i32x4.dot_i16x8_s(taps1, low));
      lower2 = i32x4.add(lower2, i32x4.dot_i16x8_s(taps2, low));
      lower3 = i32x4.add(lower3, i32x4.dot_i16x8_s(taps3, low));
    }
    v128.store(
      to + i,
      i8x16.narrow_i16x8_u(
        i16x8.narrow_i32x4_s(rounded(upper0, lower0), rounded(upper1, lower1)),
        i16x8.narrow_i32x4_s(rounded(upper2, lower2), rounded(upper3, lower3)),
      ),
    );
  }
}
