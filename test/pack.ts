import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Image } from '../src/image/image.ts';

export interface PackedArray {
  shape: number[];
  data: Uint8Array | Int32Array | Float32Array | Float64Array;
}

const TYPES = {
  uint8: Uint8Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Arrays stored by test/fixtures/pack.py; the path is relative to test/fixtures. */
export function readPack(path: string): Map<string, PackedArray> {
  const bytes = gunzipSync(readFileSync(new URL(`./fixtures/${path}`, import.meta.url)));
  const lineEnd = bytes.indexOf(10);
  const header = JSON.parse(bytes.subarray(0, lineEnd).toString()) as {
    arrays: { name: string; dtype: keyof typeof TYPES; shape: number[]; offset: number }[];
  };
  const arrays = new Map<string, PackedArray>();
  for (const { name, dtype, shape, offset } of header.arrays) {
    const Type = TYPES[dtype];
    const count = shape.reduce((product, size) => product * size, 1);
    const start = lineEnd + 1 + offset;
    const copy = new Uint8Array(bytes.subarray(start, start + count * Type.BYTES_PER_ELEMENT));
    arrays.set(name, { shape, data: new Type(copy.buffer) });
  }
  return arrays;
}

/** An RGB image from a packed uint8 array of shape [height, width, 3]. */
export function packedImage(pack: Map<string, PackedArray>, name: string): Image {
  const array = pack.get(name);
  if (!array || !(array.data instanceof Uint8Array)) throw new Error(`no uint8 array ${name} in the pack`);
  return { data: array.data, width: array.shape[1], height: array.shape[0], channels: 3 };
}

/** The top left corner of an image. */
export function corner(image: Image, width: number, height: number): Image {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    data.set(image.data.subarray(y * image.width * 3, (y * image.width + width) * 3), y * width * 3);
  }
  return { data, width, height, channels: 3 };
}

/** How far two byte arrays differ: the largest difference, and the share of values within `tolerance`. */
export function compareBytes(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): { largest: number; within: number } {
  if (actual.length !== expected.length) {
    throw new Error(`lengths differ: ${actual.length} and ${expected.length}`);
  }
  let largest = 0;
  let within = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    if (difference > largest) largest = difference;
    if (difference <= tolerance) within++;
  }
  return { largest, within: within / actual.length };
}
