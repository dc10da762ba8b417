/** Changes of colour and place as Pillow makes them, for augmentation: see src/augment. Pixels are RGB bytes. */

/** Every level replaced by a table's entry. @param tables 256 bytes each for red, green and blue. */
export function replaceLevels(from: usize, to: usize, pixels: i32, tables: usize): void {
  const green = tables + 256;
  const blue = tables + 512;
  for (const end = from + <usize>pixels * 3; from < end; from += 3) {
    store<u8>(to, load<u8>(tables + load<u8>(from)));
    store<u8>(to, load<u8>(green + load<u8>(from, 1)), 1);
    store<u8>(to, load<u8>(blue + load<u8>(from, 2)), 2);
    to += 3;
  }
}

/** Adds one to the count of a level. */
// @ts-expect-error: decorator
@inline
function count(histogram: usize, level: usize): void {
  const at = histogram + (level << 2);
  store<i32>(at, load<i32>(at) + 1);
}

/**
 * Counts pixels by level: int32 `[2][3][256]`, all zero before, of the pixels at even places and at odd ones. Neighbours
 * often have one level, and a counter that was just written takes long to read again.
 */
export function countLevels(from: usize, histograms: usize, pixels: i32): void {
  const odd = histograms + 3072;
  const end = from + <usize>(pixels & ~1) * 3;
  for (; from < end; from += 6) {
    count(histograms, load<u8>(from));
    count(histograms + 1024, load<u8>(from, 1));
    count(histograms + 2048, load<u8>(from, 2));
    count(odd, load<u8>(from, 3));
    count(odd + 1024, load<u8>(from, 4));
    count(odd + 2048, load<u8>(from, 5));
  }
  if (pixels & 1) {
    count(histograms, load<u8>(from));
    count(histograms + 1024, load<u8>(from, 1));
    count(histograms + 2048, load<u8>(from, 2));
  }
}

/** Four pixels' levels of one channel from twelve bytes. */
// @ts-expect-error: decorator
@inline
function red(bytes: v128): v128 {
  return i8x16.swizzle(bytes, i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1));
}

// @ts-expect-error: decorator
@inline
function green(bytes: v128): v128 {
  return i8x16.swizzle(bytes, i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1));
}

// @ts-expect-error: decorator
@inline
function blue(bytes: v128): v128 {
  return i8x16.swizzle(bytes, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
}

/** Luma of ITU-R 601 of four pixels, rounded. */
// @ts-expect-error: decorator
@inline
function luma(bytes: v128): v128 {
  const r = i32x4.mul(red(bytes), i32x4.splat(19595));
  const g = i32x4.mul(green(bytes), i32x4.splat(38470));
  const b = i32x4.mul(blue(bytes), i32x4.splat(7471));
  return i32x4.shr_s(i32x4.add(i32x4.add(r, g), i32x4.add(b, i32x4.splat(0x8000))), 16);
}

/** Sum of the lumas of the first pixels, as many as are a multiple of four; at most 2^23 of them. */
export function sumLuma(from: usize, pixels: i32): i32 {
  let sum = i32x4.splat(0);
  for (const end = from + <usize>(pixels & ~3) * 3; from < end; from += 12) sum = i32x4.add(sum, luma(v128.load(from)));
  return (
    i32x4.extract_lane(sum, 0) +
    i32x4.extract_lane(sum, 1) +
    i32x4.extract_lane(sum, 2) +
    i32x4.extract_lane(sum, 3)
  );
}

/** `from + factor · (to - from)` in float32, truncated; clipped where it is narrowed to bytes. */
// @ts-expect-error: decorator
@inline
function blend(from: v128, to: v128, factor: v128): v128 {
  const step = f32x4.mul(factor, f32x4.convert_i32x4_s(i32x4.sub(to, from)));
  return i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.convert_i32x4_s(from), step));
}

// @ts-expect-error: decorator
@inline
function clipped(level: v128): v128 {
  return i32x4.min_s(i32x4.max_s(level, i32x4.splat(0)), i32x4.splat(255));
}

/** Each pixel between its luma (factor 0) and itself (1), or beyond. Works on whole fours of pixels. */
export function blendWithLuma(from: usize, to: usize, pixels: i32, factor: f32): void {
  const weight = f32x4.splat(factor);
  for (const end = from + <usize>pixels * 3; from < end; from += 12) {
    const bytes = v128.load(from);
    const grey = luma(bytes);
    const r = clipped(blend(grey, red(bytes), weight));
    const g = clipped(blend(grey, green(bytes), weight));
    const b = clipped(blend(grey, blue(bytes), weight));
    const colours = v128.or(r, v128.or(i32x4.shl(g, 8), i32x4.shl(b, 16)));
    // The last four bytes are the next pixels', which overwrite them.
    v128.store(to, i8x16.swizzle(colours, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1)));
    to += 12;
  }
}

/** Sums of three values above one another, eight columns. */
// @ts-expect-error: decorator
@inline
function column(at: usize, stride: usize): v128 {
  const here = i16x8.extend_low_i8x16_u(v128.load64_zero(at));
  const above = i16x8.extend_low_i8x16_u(v128.load64_zero(at - stride));
  const below = i16x8.extend_low_i8x16_u(v128.load64_zero(at + stride));
  return i16x8.add(i16x8.add(above, below), here);
}

/** floor((2 · sum + 13) / 26) of four sums up to 13 · 255. */
// @ts-expect-error: decorator
@inline
function thirteenth(sum: v128): v128 {
  const twice = i32x4.add(i32x4.shl(sum, 1), i32x4.splat(13));
  // 10083 / 2^18 is above 1 / 26 by so little that no quotient up to 255 is reached too early.
  return i32x4.shr_u(i32x4.mul(twice, i32x4.splat(10083)), 18);
}

/**
 * Values of a row between a smoothed picture (3×3, the middle weighs 5 of 13) and the picture itself.
 *
 * @param from, to The first value that has neighbours on all sides.
 */
export function sharpenRow(from: usize, stride: usize, to: usize, length: i32, factor: f32): void {
  const weight = f32x4.splat(factor);
  for (let i: usize = 0; i < <usize>length; i += 8) {
    const at = from + i;
    const here = i16x8.extend_low_i8x16_u(v128.load64_zero(at));
    const around = i16x8.add(i16x8.add(column(at - 3, stride), column(at, stride)), column(at + 3, stride));
    const sum = i16x8.add(around, i16x8.shl(here, 2));
    const left = blend(
      thirteenth(i32x4.extend_low_i16x8_u(sum)),
      i32x4.extend_low_i16x8_u(here),
      weight,
    );
    const right = blend(
      thirteenth(i32x4.extend_high_i16x8_u(sum)),
      i32x4.extend_high_i16x8_u(here),
      weight,
    );
    const halves = i16x8.narrow_i32x4_s(left, right);
    v128.store64_lane(to + i, i8x16.narrow_i16x8_u(halves, halves), 0);
  }
}

/**
 * Takes each pixel from where an affine map says, the nearest one; what comes from outside is left as it is.
 *
 * @param x, y Where the first pixel is read, and by how much that moves with each column and each row: whole numbers, in
 *   units of 2^-16 pixel.
 */
export function moveNearest(
  from: usize,
  to: usize,
  width: i32,
  height: i32,
  x: f64,
  y: f64,
  columnX: f64,
  columnY: f64,
  rowX: f64,
  rowY: f64,
): void {
  let firstX = <i64>x;
  let firstY = <i64>y;
  const stepX = <i64>columnX;
  const stepY = <i64>columnY;
  const lineX = <i64>rowX;
  const lineY = <i64>rowY;
  const endX = <u64>width << 16;
  const endY = <u64>height << 16;
  for (let row: i32 = 0; row < height; row++) {
    let u = firstX;
    let v = firstY;
    for (const end = to + <usize>width * 3; to < end; to += 3) {
      // Negative numbers are large ones without their sign.
      if (<u64>u < endX && <u64>v < endY) {
        const at = from + <usize>((<i32>(v >> 16) * width + <i32>(u >> 16)) * 3);
        store<u16>(to, load<u16>(at));
        store<u8>(to, load<u8>(at, 2), 2);
      }
      u += stepX;
      v += stepY;
    }
    firstX += lineX;
    firstY += lineY;
  }
}

/** Pixels of a row in the opposite order. */
export function reverseRow(from: usize, to: usize, pixels: i32): void {
  to += <usize>pixels * 3;
  for (const end = from + <usize>pixels * 3; from < end; from += 3) {
    to -= 3;
    store<u16>(to, load<u16>(from));
    store<u8>(to, load<u8>(from, 2), 2);
  }
}

/** Levels as numbers, a plane a channel. @param tables float32 `[3][256]`. @param to Planes of `pixels` float32. */
export function toNumbers(from: usize, to: usize, pixels: i32, tables: usize): void {
  const plane = <usize>pixels << 2;
  const greens = tables + 1024;
  const blues = tables + 2048;
  for (const end = to + plane; to < end; to += 4) {
    store<f32>(to, load<f32>(tables + (<usize>load<u8>(from) << 2)));
    store<f32>(to + plane, load<f32>(greens + (<usize>load<u8>(from, 1) << 2)));
    store<f32>(to + (plane << 1), load<f32>(blues + (<usize>load<u8>(from, 2) << 2)));
    from += 3;
  }
}
