import { MODULE } from './kernels.wasm.ts';

/** What kernels/index.ts exports; pointers, offsets and strides are in bytes, lengths in values. */
interface Kernels {
  widen(from: number, to: number, length: number): void;
  widenPixels(from: number, to: number, pixels: number): void;
  truncate(from: number, to: number, length: number, scale: number, shift: number): void;
  truncateSums(whole: number, rest: number, to: number, length: number, scale: number, shift: number): void;
  truncatePixels(from: number, to: number, pixels: number, scale: number, shift: number): void;
  correlate(
    from: number,
    fromStride: number,
    to: number,
    toStride: number,
    length: number,
    rows: number,
    taps: number,
    offsets: number,
    weights: number,
    weightStride: number,
  ): void;
  runningSums(
    from: number,
    fromStride: number,
    to: number,
    toStride: number,
    pixels: number,
    rows: number,
  ): void;
  addResampled(
    from: number,
    sum: number,
    width: number,
    height: number,
    columns: number,
    columnShares: number,
    rows: number,
    rowShares: number,
    line: number,
  ): void;
  warp(
    from: number,
    to: number,
    width: number,
    height: number,
    columnX: number,
    columnY: number,
    rowX: number,
    rowY: number,
  ): void;
  displace(from: number, to: number, width: number, height: number, dx: number, dy: number): void;
  quantisePlane(plane: number, width: number, height: number, steps: number, block: number): void;
  toLumaChroma(from: number, luma: number, blue: number, red: number, pixels: number): void;
  averagePairs(upper: number, lower: number, to: number, length: number): void;
  enlargeRow(near: number, far: number, columns: number, line: number, to: number): void;
  toColours(luma: number, blue: number, red: number, to: number, pixels: number): void;
  resizeRows(
    from: number,
    fromStride: number,
    to: number,
    pixels: number,
    rows: number,
    firsts: number,
    weights: number,
    pairs: number,
  ): void;
  resizeColumns(
    from: number,
    fromStride: number,
    to: number,
    length: number,
    weights: number,
    pairs: number,
  ): void;
  replaceLevels(from: number, to: number, pixels: number, tables: number): void;
  countLevels(from: number, histograms: number, pixels: number): void;
  sumLuma(from: number, pixels: number): number;
  blendWithLuma(from: number, to: number, pixels: number, factor: number): void;
  sharpenRow(from: number, stride: number, to: number, length: number, factor: number): void;
  moveNearest(
    from: number,
    to: number,
    width: number,
    height: number,
    x: number,
    y: number,
    columnX: number,
    columnY: number,
    rowX: number,
    rowY: number,
  ): void;
  reverseRow(from: number, to: number, pixels: number): void;
  toNumbers(from: number, to: number, pixels: number, tables: number): void;
}

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

// Node and browsers have it; TypeScript knows it from the browser's library only.
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const PAGE = 65536;
/** The kernels work on whole vectors, and may read and write that far beyond a buffer. */
const OVERHANG = 128;

const memory = new WebAssembly.Memory({ initial: 16 });
let used = 0;

/** The filters' inner loops, in WebAssembly with vectors. Every thread has its own. */
export const kernels: Kernels = load();

function load(): Kernels {
  const bytes = Uint8Array.from(atob(MODULE), (character) => character.charCodeAt(0));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return instance.exports as Kernels;
}

/**
 * Begins a filter: what the last one took of the kernels' memory is free again. Filters are synchronous, and
 * none may call another one between its first `take` and its result.
 */
export function beginFilter(): void {
  used = 0;
}

/** A place for so many bytes, whatever they hold. Views of the memory made before are not valid afterwards. */
export function take(bytes: number): number {
  const at = OVERHANG + used;
  used += (bytes + 2 * OVERHANG) & ~15;
  const missing = used + OVERHANG - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  return at;
}

export const bytesAt = (at: number, length: number): Uint8Array => new Uint8Array(memory.buffer, at, length);

export const floatsAt = (at: number, length: number): Float32Array =>
  new Float32Array(memory.buffer, at, length);

export const intsAt = (at: number, length: number): Int32Array => new Int32Array(memory.buffer, at, length);

/** A copy of whole numbers in the kernels' memory. */
export function placeInts(values: ArrayLike<number>): number {
  const at = take(values.length * 4);
  new Int32Array(memory.buffer, at, values.length).set(values);
  return at;
}

/** A copy of int16 numbers. */
export function placeShorts(values: Int16Array): number {
  const at = take(values.length * 2);
  new Int16Array(memory.buffer, at, values.length).set(values);
  return at;
}

/** A copy of fractions, as float32. */
export function placeFloats(values: ArrayLike<number>): number {
  const at = take(values.length * 4);
  floatsAt(at, values.length).set(values);
  return at;
}

/** A copy of bytes. */
export function placeBytes(values: Uint8Array): number {
  const at = take(values.length);
  bytesAt(at, values.length).set(values);
  return at;
}
