/**
 * Tensors as plain files that any language reads: `NAME.bin` holds the elements, little endian, one tensor after the
 * other, `NAME.json` their names, types, shapes and where each begins.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { Tensor } from '../src/graph/tensor.ts';

interface RawEntry {
  readonly name: string;
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  /** Bytes into the file. */
  readonly offset: number;
  /** Elements. */
  readonly length: number;
}

/** @param file without its ending */
export async function writeRaw(file: string, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
  const entries: RawEntry[] = [];
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype !== 'float32' && dtype !== 'int32') throw new Error(`${name}: ${dtype} is not written raw`);
    entries.push({ name, dtype, shape, offset, length: data.length });
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.byteLength;
  }
  await writeFile(`${file}.bin`, Buffer.concat(parts));
  await writeFile(`${file}.json`, JSON.stringify(entries));
}

export async function readRaw(file: string): Promise<Map<string, Tensor>> {
  const entries = JSON.parse(await readFile(`${file}.json`, 'utf8')) as RawEntry[];
  const { buffer, byteOffset, byteLength } = await readFile(`${file}.bin`);
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  return new Map(
    entries.map(({ name, dtype, shape, offset, length }) => {
      const data =
        dtype === 'float32' ? new Float32Array(bytes, offset, length) : new Int32Array(bytes, offset, length);
      return [name, { dtype, shape, data }];
    }),
  );
}
