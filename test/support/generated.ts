/** Numbers that test/fixtures/torch/generated.py makes alike; the formula stands there. */

function hash(name: string): number {
  let state = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) state = Math.imul(state ^ byte, 0x01000193);
  return state;
}

function mixed(start: number, i: number): number {
  let x = (start + Math.imul(i, 0x9e3779b9)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** `count` float32 values, uniform in [offset - scale, offset + scale). */
export function generated(name: string, count: number, offset = 0, scale = 1): Float32Array {
  const start = hash(name);
  return Float32Array.from(
    { length: count },
    (_, i) => offset + scale * (2 * ((mixed(start, i) >>> 8) / 2 ** 24) - 1),
  );
}

/** `count` class numbers below `classes`. */
export function generatedLabels(name: string, count: number, classes: number): Int32Array {
  const start = hash(name);
  return Int32Array.from({ length: count }, (_, i) => mixed(start, i) % classes);
}
