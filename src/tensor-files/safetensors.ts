import { UserError } from '../errors.ts';
import { readFile } from '../files/fs.ts';
import type { Shape, Tensor } from '../graph/tensor.ts';
import { numElements } from '../graph/tensor.ts';
import { parseJson } from '../json.ts';
import { problemOf } from '../system-errors.ts';
import { plural } from '../words.ts';
import { ELEMENTS } from './elements.ts';

/**
 * The safetensors file format (https://github.com/huggingface/safetensors, README "Format"):
 * 8 bytes with the header's length (little endian), a JSON header that maps each tensor's name to
 * `{ dtype, shape, data_offsets }`, then the tensors' bytes without gaps. Every toolkit reads it, and
 * unlike a pickle it runs no code. Nothing healthy on npm writes it, hence these two functions.
 */
export interface SafetensorsFile {
  readonly tensors: Map<string, Tensor>;
  /** Free text entries, the header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own limit, which keeps a garbage length from asking for gigabytes. */
const MAX_HEADER_BYTES = 100_000_000;

/** A tensor that can be written: any of ours, or whole numbers in fewer bytes, which are read back as int32. */
export type StorableTensor =
  | Tensor
  | { readonly dtype: 'int8'; readonly shape: Shape; readonly data: Int8Array }
  | { readonly dtype: 'int16'; readonly shape: Shape; readonly data: Int16Array };

const STORED_AS: Readonly<Record<StorableTensor['dtype'], string>> = {
  float32: 'F32',
  int8: 'I8',
  int16: 'I16',
  int32: 'I32',
  int64: 'I64',
  bool: 'BOOL',
  uint8: 'U8',
};

/** The bytes of a file with these tensors. The header is padded, so that every tensor is aligned to its element. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StorableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  // Wider elements first, as the reference writer does, so that every tensor starts aligned.
  const ordered = [...tensors].sort((a, b) => elementBytes(b[1]) - elementBytes(a[1]));
  let offset = 0;
  for (const [name, tensor] of ordered) {
    const end = offset + tensor.data.byteLength;
    header.push([name, { dtype: STORED_AS[tensor.dtype], shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, 8, 8 + headerBytes);
  out.set(json, 8);
  let at = 8 + headerBytes;
  for (const [, { data }] of ordered) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return out;
}

/**
 * The tensors of a safetensors file.
 *
 * @param file How messages name it.
 * @throws UserError when the bytes are no safetensors file, are cut off, or hold an element type that is not supported.
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const fail = (found: string): never => {
    throw new UserError(
      `${file}: expected a safetensors file, but ${found}. It may be damaged or incomplete: copy or download it again.`,
    );
  };
  if (bytes.length < 8) fail(`it has only ${plural(bytes.length, 'byte')}`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (declared > BigInt(MAX_HEADER_BYTES)) fail(`its first 8 bytes announce a header of ${declared} bytes`);
  const headerBytes = Number(declared);
  const data = bytes.subarray(8 + headerBytes);
  if (bytes.length < 8 + headerBytes)
    fail(`it ends inside its header (${bytes.length} of ${8 + headerBytes} bytes)`);
  const { __metadata__: metadata, ...entries } = parseHeader(bytes.subarray(8, 8 + headerBytes), fail);

  const described = Object.entries(entries).map(([name, entry]) => ({
    name,
    ...checkEntry(name, entry, fail),
  }));
  let expected = 0;
  for (const { name, begin, end } of described.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== expected) fail(`the data of '${name}' starts at byte ${begin} where ${expected} was due`);
    expected = end;
  }
  if (data.length < expected) fail(`it is cut off: ${data.length} of ${expected} data bytes are there`);
  if (data.length > expected) fail(`${data.length - expected} bytes follow its last tensor`);

  const tensors = new Map<string, Tensor>();
  for (const { name, reader, shape, begin, end } of described) {
    const own = new Uint8Array(end - begin);
    own.set(data.subarray(begin, end));
    tensors.set(name, { dtype: reader.dtype, shape, data: reader.read(own.buffer) });
  }
  return { tensors, metadata: isStringRecord(metadata) ? metadata : {} };
}

/** Read a file; a missing one is a UserError too. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new UserError(`${path}: expected a safetensors file, but it cannot be read (${problemOf(error)}).`);
  }
  return decodeSafetensors(bytes, path);
}

function parseHeader(bytes: Uint8Array, fail: (found: string) => never): Record<string, unknown> {
  let header: unknown;
  try {
    header = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return fail('its header is no JSON');
  }
  return isRecord(header) ? header : fail('its header is no JSON object');
}

function checkEntry(name: string, entry: unknown, fail: (found: string) => never) {
  if (!isRecord(entry)) return fail(`the header's entry '${name}' is no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const reader = typeof dtype === 'string' && Object.hasOwn(ELEMENTS, dtype) ? ELEMENTS[dtype] : undefined;
  if (reader === undefined) {
    return fail(
      `'${name}' has the element type ${JSON.stringify(dtype)}, not one of ${Object.keys(ELEMENTS).join(', ')}`,
    );
  }
  if (!isSizes(shape)) return fail(`the shape of '${name}' is ${JSON.stringify(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return fail(`the data_offsets of '${name}' are ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets;
  const needed = numElements(shape) * reader.bytes;
  if (end - begin !== needed)
    fail(`'${name}' has ${end - begin} bytes where its shape [${shape}] needs ${needed}`);
  return { reader, shape, begin, end };
}

function elementBytes(tensor: StorableTensor): number {
  return tensor.data.BYTES_PER_ELEMENT;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string');
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
