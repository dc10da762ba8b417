import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { float32, int32, type Tensor } from '../../src/graph/tensor.ts';
import { decodeSafetensors, encodeSafetensors, readSafetensors } from '../../src/tensor-files/safetensors.ts';

const reference = fileURLToPath(new URL('../fixtures/train/reference.safetensors', import.meta.url));

describe('reading', () => {
  it('reads what the Python package wrote, every element type', async () => {
    const { tensors, metadata } = await readSafetensors(reference);
    expect(metadata).toEqual({ format: 'pt', note: 'größer' });
    expect(tensors.get('conv1.weight')).toEqual(
      float32(
        Array.from({ length: 24 }, (_, i) => Math.fround(Math.fround(i / 7) - 1)),
        [2, 3, 2, 2],
      ),
    );
    expect(tensors.get('bn1.num_batches_tracked')).toEqual({
      dtype: 'int64',
      shape: [],
      data: BigInt64Array.of(1234567890123n),
    });
    expect(tensors.get('labels')).toEqual(int32([-1, 0, 2147483647], [3]));
    expect(tensors.get('mask')).toEqual({ dtype: 'bool', shape: [1, 3], data: Uint8Array.of(1, 0, 1) });
    expect(tensors.get('pixels')).toEqual({ dtype: 'uint8', shape: [3], data: Uint8Array.of(0, 127, 255) });
    // binary16 of -0.333 and of 6e-8, computed by NumPy.
    expect(tensors.get('half')).toEqual(
      float32([1.5, -0.3330078125, 65504, 2 ** -24, Number.POSITIVE_INFINITY], [5]),
    );
    expect(tensors.get('double')).toEqual(float32([0.1, -1e30], [2]));
    expect(tensors.get('empty')).toEqual(float32([], [0, 4]));
  });

  it('reads bfloat16', () => {
    const header = JSON.stringify({ x: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] } });
    const bytes = file(header, Uint8Array.of(0x80, 0x3f, 0x40, 0xc0));
    expect(decodeSafetensors(bytes, 'x').tensors.get('x')).toEqual(float32([1, -3], [2]));
  });

  it('names a missing file', async () => {
    await expect(readSafetensors('nowhere.safetensors')).rejects.toThrow(
      /^nowhere\.safetensors: .*no such file/,
    );
  });

  it('refuses every truncation of a good file', () => {
    const whole = readFileSync(reference);
    for (let length = 0; length < whole.length; length++) {
      const cut = () => decodeSafetensors(whole.subarray(0, length), 'cut.safetensors');
      expect(cut, `${length} bytes`).toThrow(UserError);
      expect(cut, `${length} bytes`).toThrow(
        /^cut\.safetensors: expected a safetensors file, but .*again\.$/,
      );
    }
  });

  it.each([
    ['a header that is no JSON', '{"x": ', 0, /its header is no JSON/],
    ['a header that is a list', '[]', 0, /its header is no JSON object/],
    [
      'an unknown type',
      '{"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}',
      1,
      /"F8_E4M3", not one of F32/,
    ],
    [
      'an inherited name as type',
      '{"x":{"dtype":"toString","shape":[1],"data_offsets":[0,1]}}',
      1,
      /"toString"/,
    ],
    [
      'a negative size',
      '{"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}',
      1,
      /shape of 'x' is \[-1\]/,
    ],
    [
      'a shape of other size',
      '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}',
      4,
      /4 bytes where .* needs 8/,
    ],
    ['reversed offsets', '{"x":{"dtype":"U8","shape":[0],"data_offsets":[1,0]}}', 1, /data_offsets of 'x'/],
    ['a gap', '{"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', 2, /starts at byte 1 where 0 was due/],
    [
      'an overlap',
      '{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
      3,
      /'y' starts at byte 1 where 2 was due/,
    ],
    [
      'trailing bytes',
      '{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      3,
      /2 bytes follow its last tensor/,
    ],
  ])('refuses %s', (_, header, dataBytes, message) => {
    expect(() => decodeSafetensors(file(header, new Uint8Array(dataBytes)), 'bad')).toThrow(message);
  });

  it('does not allocate what a garbage length announces', () => {
    expect(() => decodeSafetensors(new Uint8Array(16).fill(0xff), 'bad')).toThrow(
      /announce a header of \d+ bytes/,
    );
  });
});

describe('writing', () => {
  it('keeps every bit, aligned, elements of one width in the order of the map', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__'),
          tensor(),
        ),
        fc.dictionary(fc.string(), fc.string()),
        (named, metadata) => {
          const tensors = new Map(Object.entries(named));
          const read = decodeSafetensors(encodeSafetensors(tensors, metadata), 'x');
          expect(new Map([...read.tensors].sort())).toEqual(new Map([...tensors].sort()));
          expect({ ...read.metadata }).toEqual({ ...metadata });
        },
      ),
      { numRuns: 100 },
    );
    const bytes = encodeSafetensors(
      new Map([
        ['b', float32([1], [1])],
        ['a', float32([2], [1])],
      ]),
    );
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(headerBytes % 8).toBe(0);
    expect([...new Float32Array(bytes.slice(8 + headerBytes).buffer)]).toEqual([1, 2]);
  });

  it('keeps a view into a larger buffer apart from its surroundings', () => {
    const view: Tensor = {
      dtype: 'float32',
      shape: [2],
      data: new Float32Array([9, 1, 2, 9]).subarray(1, 3),
    };
    expect(decodeSafetensors(encodeSafetensors(new Map([['v', view]])), 'x').tensors.get('v')).toEqual(
      float32([1, 2], [2]),
    );
  });
});

function file(header: string, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + json.length + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  out.set(data, 8 + json.length);
  return out;
}

function tensor(): fc.Arbitrary<Tensor> {
  return fc.oneof(
    fc.float32Array({ maxLength: 9 }).map((data) => float32(data, [data.length])),
    fc.int32Array({ maxLength: 9 }).map((data) => int32(data, [data.length, 1])),
    fc
      .bigInt64Array({ maxLength: 9 })
      .map((data): Tensor => ({ dtype: 'int64', shape: [data.length], data })),
    fc.uint8Array({ maxLength: 9 }).map((data): Tensor => ({ dtype: 'uint8', shape: [data.length], data })),
  );
}
