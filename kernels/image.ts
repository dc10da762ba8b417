/**
 * Inner loops of image filters in AssemblyScript, compiled to WebAssembly with 128-bit vectors:
 * four float32 values, or sixteen bytes, an instruction.
 *
 * `node kernels/build.mjs` writes the compiled module to src/image/kernels.wasm.ts. Memory belongs to the
 * caller: every buffer has room for 128 bytes beyond its end, since rows are worked on in whole vectors.
 * Lengths count values, offsets and strides count bytes.
 */

/** Bytes to float32. */
export function widen(from: usize, to: usize, length: i32): void {
  for (let i: usize = 0; i < <usize>length; i += 4) {
    const words = v128.load32_zero(from + i);
    const halves = i16x8.extend_low_i8x16_u(words);
    v128.store(to + (i << 2), f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(halves)));
  }
}

/** Bytes of RGB pixels to four float32 a pixel, the last one arbitrary. */
export function widenPixels(from: usize, to: usize, pixels: i32): void {
  for (let i: i32 = 0; i < pixels; i++) {
    const halves = i16x8.extend_low_i8x16_u(v128.load32_zero(from));
    v128.store(to, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(halves)));
    from += 3;
    to += 16;
  }
}

// @ts-expect-error: decorator
@inline
function levels(value: v128, scale: v128, shift: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.mul(value, scale), shift));
}

/** value · scale + shift, truncated and clipped to bytes. */
export function truncate(from: usize, to: usize, length: i32, scale: f32, shift: f32): void {
  const factor = f32x4.splat(scale);
  const guard = f32x4.splat(shift);
  for (let i: usize = 0; i < <usize>length; i += 16) {
    const at = from + (i << 2);
    const low = i16x8.narrow_i32x4_s(levels(v128.load(at), factor, guard), levels(v128.load(at, 16), factor, guard));
    const high = i16x8.narrow_i32x4_s(
      levels(v128.load(at, 32), factor, guard),
      levels(v128.load(at, 48), factor, guard),
    );
    v128.store(to + i, i8x16.narrow_i16x8_u(low, high));
  }
}

/** (whole + rest) · scale + shift, added in float64, truncated and clipped to bytes. */
export function truncateSums(whole: usize, rest: usize, to: usize, length: i32, scale: f64, shift: f64): void {
  const factor = f64x2.splat(scale);
  const guard = f64x2.splat(shift);
  for (let i: usize = 0; i < <usize>length; i += 4) {
    const a = v128.load(whole + (i << 2));
    const b = v128.load(rest + (i << 2));
    const first = f64x2.add(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
    const second = f64x2.add(
      f64x2.promote_low_f32x4(i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)),
      f64x2.promote_low_f32x4(i8x16.shuffle(b, b, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)),
    );
    const low = i32x4.trunc_sat_f64x2_s_zero(f64x2.add(f64x2.mul(first, factor), guard));
    const high = i32x4.trunc_sat_f64x2_s_zero(f64x2.add(f64x2.mul(second, factor), guard));
    const all = i8x16.shuffle(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const bytes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(all, all), all);
    store<i32>(to + i, i32x4.extract_lane(bytes, 0));
  }
}

/** value · scale + shift, truncated and clipped, of pixels with four float32 each, to RGB. */
export function truncatePixels(from: usize, to: usize, pixels: i32, scale: f32, shift: f32): void {
  const factor = f32x4.splat(scale);
  const guard = f32x4.splat(shift);
  for (let i: i32 = 0; i < pixels; i++) {
    const whole = levels(v128.load(from), factor, guard);
    const bytes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(whole, whole), whole);
    // The fourth byte is the next pixel's first, which overwrites it.
    store<i32>(to, i32x4.extract_lane(bytes, 0));
    from += 16;
    to += 3;
  }
}

/**
 * Weighted sums of stretches: value i of row y becomes the sum over t of weights[t] · (value i from byte
 * y · fromStride + offsets[t] on). `weightStride` moves on to other weights with every row.
 */
export function correlate(
  from: usize,
  fromStride: usize,
  to: usize,
  toStride: usize,
  length: i32,
  rows: i32,
  taps: i32,
  offsets: usize,
  weights: usize,
  weightStride: usize,
): void {
  const bytes = <usize>length << 2;
  const end = <usize>taps << 2;
  for (let y: i32 = 0; y < rows; y++) {
    let i: usize = 0;
    for (; i + 64 < bytes; i += 128) {
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let s4 = s0;
      let s5 = s0;
      let s6 = s0;
      let s7 = s0;
      for (let t: usize = 0; t < end; t += 4) {
        const at = from + i + load<i32>(offsets + t);
        const weight = v128.load32_splat(weights + t);
        s0 = f32x4.add(s0, f32x4.mul(weight, v128.load(at)));
        s1 = f32x4.add(s1, f32x4.mul(weight, v128.load(at, 16)));
        s2 = f32x4.add(s2, f32x4.mul(weight, v128.load(at, 32)));
        s3 = f32x4.add(s3, f32x4.mul(weight, v128.load(at, 48)));
        s4 = f32x4.add(s4, f32x4.mul(weight, v128.load(at, 64)));
        s5 = f32x4.add(s5, f32x4.mul(weight, v128.load(at, 80)));
        s6 = f32x4.add(s6, f32x4.mul(weight, v128.load(at, 96)));
        s7 = f32x4.add(s7, f32x4.mul(weight, v128.load(at, 112)));
      }
      v128.store(to + i, s0);
      v128.store(to + i, s1, 16);
      v128.store(to + i, s2, 32);
      v128.store(to + i, s3, 48);
      v128.store(to + i, s4, 64);
      v128.store(to + i, s5, 80);
      v128.store(to + i, s6, 96);
      v128.store(to + i, s7, 112);
    }
    for (; i < bytes; i += 16) {
      let sum = f32x4.splat(0);
      for (let t: usize = 0; t < end; t += 4) {
        const at = from + i + load<i32>(offsets + t);
        sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weights + t), v128.load(at)));
      }
      v128.store(to + i, sum);
    }
    from += fromStride;
    to += toStride;
    weights += weightStride;
  }
}

/**
 * Running sums along rows of RGB: value i of the result is the sum of its channel over the pixels before pixel floor(i/3).
 * A row of the result is one pixel longer. Exact while the sums stay below 2^24.
 */
export function runningSums(
  from: usize,
  fromStride: usize,
  to: usize,
  toStride: usize,
  pixels: i32,
  rows: i32,
): void {
  for (let y: i32 = 0; y < rows; y++) {
    let sum = f32x4.splat(0);
    for (let x: usize = 0; x < <usize>pixels; x++) {
      const at = x * 12;
      v128.store(to + at, sum);
      sum = f32x4.add(sum, v128.load(from + at));
    }
    v128.store(to + <usize>pixels * 12, sum);
    from += fromStride;
    to += toStride;
  }
}

/**
 * Adds a picture of four float32 a pixel, resampled bilinearly along both axes, to a sum.
 *
 * @param columns, rows First of the two places behind each position, in bytes, and the share of the second.
 */
export function addResampled(
  from: usize,
  sum: usize,
  width: i32,
  height: i32,
  columns: usize,
  columnShares: usize,
  rows: usize,
  rowShares: usize,
  line: usize,
): void {
  const stride = <usize>width << 4;
  for (let y: i32 = 0; y < height; y++) {
    const upper = from + load<i32>(rows + (<usize>y << 2));
    const down = v128.load32_splat(rowShares + (<usize>y << 2));
    for (let i: usize = 0; i < stride; i += 16) {
      const value = v128.load(upper + i);
      v128.store(line + i, f32x4.add(value, f32x4.mul(down, f32x4.sub(v128.load(upper + i + stride), value))));
    }
    for (let x: usize = 0; x < stride; x += 16) {
      const at = line + load<i32>(columns + (x >> 2));
      const value = v128.load(at);
      const across = v128.load32_splat(columnShares + (x >> 2));
      const blend = f32x4.add(value, f32x4.mul(across, f32x4.sub(v128.load(at, 16), value)));
      v128.store(sum + x, f32x4.add(v128.load(sum + x), blend));
    }
    sum += stride;
  }
}

// @ts-expect-error: decorator
@inline
function bilinear(from: usize, width: i32, x0: i32, y0: i32, x1: i32, y1: i32, fx: f32, fy: f32): v128 {
  const right = f32x4.splat(fx);
  const left = f32x4.splat(<f32>1 - fx);
  const upper = from + (<usize>(y0 * width) << 4);
  const lower = from + (<usize>(y1 * width) << 4);
  const first = <usize>x0 << 4;
  const second = <usize>x1 << 4;
  const top = f32x4.add(f32x4.mul(v128.load(upper + first), left), f32x4.mul(v128.load(upper + second), right));
  const bottom = f32x4.add(f32x4.mul(v128.load(lower + first), left), f32x4.mul(v128.load(lower + second), right));
  return f32x4.add(f32x4.mul(top, f32x4.splat(<f32>1 - fy)), f32x4.mul(bottom, f32x4.splat(fy)));
}

/** Index into `size` samples mirrored about the centres of the outermost ones. */
function reflect101(index: i32, size: i32): i32 {
  if (size == 1) return 0;
  const period = 2 * size - 2;
  const wrapped = ((index % period) + period) % period;
  return wrapped < size ? wrapped : period - wrapped;
}

/** Index into `size` samples mirrored about their outer edges. */
function reflect(index: i32, size: i32): i32 {
  const period = 2 * size;
  const wrapped = ((index % period) + period) % period;
  return wrapped < size ? wrapped : period - 1 - wrapped;
}

/**
 * Samples four float32 a pixel at positions on a grid of 1/32 pixel, bilinearly, mirrored as `reflect101` does.
 * A position is the sum of its column's and its row's part, with ten fraction bits.
 */
export function warp(
  from: usize,
  to: usize,
  width: i32,
  height: i32,
  columnX: usize,
  columnY: usize,
  rowX: usize,
  rowY: usize,
): void {
  for (let y: usize = 0; y < <usize>height; y++) {
    const startX = load<i32>(rowX + (y << 2));
    const startY = load<i32>(rowY + (y << 2));
    for (let x: usize = 0; x < <usize>width; x++) {
      const fixedX = (startX + load<i32>(columnX + (x << 2))) >> 5;
      const fixedY = (startY + load<i32>(columnY + (x << 2))) >> 5;
      let x0 = fixedX >> 5;
      let y0 = fixedY >> 5;
      let x1 = x0 + 1;
      let y1 = y0 + 1;
      if (x0 < 0 || y0 < 0 || x1 >= width || y1 >= height) {
        x0 = reflect101(x0, width);
        x1 = reflect101(x1, width);
        y0 = reflect101(y0, height);
        y1 = reflect101(y1, height);
      }
      const fx = <f32>(fixedX & 31) / 32;
      const fy = <f32>(fixedY & 31) / 32;
      v128.store(to, bilinear(from, width, x0, y0, x1, y1, fx, fy));
      to += 16;
    }
  }
}

/**
 * Takes each pixel of four float32 from (x + dx, y + dy), bilinearly; outside of the image it is mirrored about its
 * edges, as SciPy's `map_coordinates(order=1, mode='reflect')` does.
 */
export function displace(
  from: usize,
  to: usize,
  width: i32,
  height: i32,
  dx: usize,
  dy: usize,
): void {
  for (let y: i32 = 0; y < height; y++) {
    for (let x: i32 = 0; x < width; x++) {
      const sourceX = <f64>x + <f64>load<f32>(dx);
      const sourceY = <f64>y + <f64>load<f32>(dy);
      let x0 = <i32>Math.floor(sourceX);
      let y0 = <i32>Math.floor(sourceY);
      const fx = <f32>(sourceX - <f64>x0);
      const fy = <f32>(sourceY - <f64>y0);
      let x1 = x0 + 1;
      let y1 = y0 + 1;
      if (x0 < 0 || y0 < 0 || x1 >= width || y1 >= height) {
        x0 = reflect(x0, width);
        x1 = reflect(x1, width);
        y0 = reflect(y0, height);
        y1 = reflect(y1, height);
      }
      v128.store(to, bilinear(from, width, x0, y0, x1, y1, fx, fy));
      to += 16;
      dx += 4;
      dy += 4;
    }
  }
}
