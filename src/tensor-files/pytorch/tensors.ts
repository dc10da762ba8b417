/** PyTorch's tensors as pickles describe them: a part of a storage, seen through sizes and strides. */

import {
  PersistentId,
  PickleError,
  PickleGlobal,
  PickleObject,
  type PickleValue,
} from '../../data/pickle/pickle-values.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { ELEMENTS, type ElementType } from '../elements.ts';

/** Where a storage's bytes are, and what they are. */
export interface StorageReference {
  readonly key: string;
  /** Name of the element type, as in ELEMENTS. */
  readonly element: string;
  readonly type: ElementType;
  /** As the pickle claims. */
  readonly elements: number;
}

/** A tensor that is described, but not read. Offset and strides count elements. */
export interface TensorReference {
  readonly storage: StorageReference;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The functions that make tensors in pickles: where the arguments have the storage or the tensor inside. */
const TENSORS = new Set([
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor_v3',
]);
/** Their first argument is the tensor itself. */
const WRAPPERS = new Set([
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  'torch.nn.parameter.Parameter',
  'torch.nn.parameter.Buffer',
]);
/** The function and its arguments follow as arguments. */
const SUBCLASS = 'torch._tensor._rebuild_from_type_v2';

/** Storage classes, without `torch.` and `torch.cuda.`, and dtypes. */
const STORAGES: Readonly<Record<string, string | undefined>> = {
  FloatStorage: 'F32',
  DoubleStorage: 'F64',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

/** Wrappers inside wrappers, at most. */
const MAX_DEPTH = 8;
const MAX_DIMENSIONS = 16;

/** The tensor that a value stands for; undefined for anything else. */
export function asTensor(value: PickleValue, depth = 0): TensorReference | undefined {
  if (!(value instanceof PickleObject) || value.callable === undefined || depth > MAX_DEPTH) return undefined;
  const { callable, args } = value;
  if (WRAPPERS.has(callable)) return asTensor(args[0] ?? null, depth + 1);
  if (callable === SUBCLASS && Array.isArray(args[2])) {
    return asTensor(new PickleObject(args[0], args[2]), depth + 1);
  }
  if (!TENSORS.has(callable)) return undefined;
  const [stored, offset, shape, strides] = args;
  const storage = asStorage(stored);
  if (storage === undefined || !isCount(offset) || !areCounts(shape) || !areCounts(strides)) {
    throw new PickleError('it describes a tensor of a kind that is not known here');
  }
  return checkExtent({ storage: storage.reference, offset: offset + storage.offset, shape, strides });
}

/**
 * The storage that `('storage', class, key, location, elements)` names; in the old format a view of it may follow,
 * `(key, offset, elements)`. Undefined when it is something else.
 */
export function asStorage(value: PickleValue): { reference: StorageReference; offset: number } | undefined {
  if (!(value instanceof PersistentId) || !Array.isArray(value.id)) return undefined;
  const [tag, kind, key, , elements, view = null] = value.id;
  if (tag !== 'storage' || typeof key !== 'string' || !isCount(elements)) return undefined;
  const name = kind instanceof PickleGlobal ? (kind.name.split('.').at(-1) ?? '') : '';
  const element = Object.hasOwn(STORAGES, name) ? STORAGES[name] : undefined;
  if (element === undefined) throw new PickleError(`it holds elements of the type ${name.slice(0, 60)}`);
  const offset = Array.isArray(view) ? view[1] : 0;
  if (!isCount(offset)) return undefined;
  return { reference: { key, element, type: ELEMENTS[element], elements }, offset };
}

function checkExtent(tensor: TensorReference): TensorReference {
  const { storage, offset, shape, strides } = tensor;
  const text = `[${shape.slice(0, MAX_DIMENSIONS).join(', ')}]`;
  if (shape.length !== strides.length || shape.length > MAX_DIMENSIONS) {
    throw new PickleError(`it describes a tensor of ${shape.length} sizes and ${strides.length} strides`);
  }
  const elements = count(shape);
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis], offset);
  if (elements > 0 && !(last < storage.elements && elements <= storage.elements)) {
    throw new PickleError(
      `it describes a tensor ${text} that does not fit into its storage of ${storage.elements} elements`,
    );
  }
  return tensor;
}

/**
 * Copy a tensor out of the bytes of its storage, in row-major order.
 *
 * @param bytes all of the storage
 * @throws PickleError when there are fewer bytes than the pickle claims
 */
export function readTensor({ storage, offset, shape, strides }: TensorReference, bytes: Uint8Array): Tensor {
  const { bytes: width, dtype, read } = storage.type;
  if (bytes.length < storage.elements * width) {
    throw new PickleError(
      `the storage '${storage.key}' has ${bytes.length} bytes where ${storage.elements} elements of ${width} were promised`,
    );
  }
  const elements = count(shape);
  const own = new Uint8Array(elements * width);
  if (isContiguous(shape, strides)) {
    own.set(bytes.subarray(offset * width, (offset + elements) * width));
  } else {
    gather(own, bytes, { width, offset, shape, strides });
  }
  return { dtype, shape, data: read(own.buffer) };
}

export function tensorBytes({ storage, shape }: TensorReference): number {
  return count(shape) * storage.type.bytes;
}

function gather(
  out: Uint8Array,
  bytes: Uint8Array,
  view: { width: number; offset: number; shape: readonly number[]; strides: readonly number[] },
): void {
  const { width, shape, strides } = view;
  const at = shape.map(() => 0);
  let from = view.offset;
  for (let to = 0; to < out.length; to += width) {
    for (let i = 0; i < width; i++) out[to + i] = bytes[from * width + i];
    // Count up like an odometer, the last axis fastest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++at[axis] < shape[axis]) break;
      from -= at[axis] * strides[axis];
      at[axis] = 0;
    }
  }
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    // The stride of a single element is never taken.
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function areCounts(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}
