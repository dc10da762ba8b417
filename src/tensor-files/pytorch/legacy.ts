/**
 * The format of `torch.save` before 1.6, which many published weights still have: pickles of a magic number, a version,
 * facts about the machine, the saved object and a list of storage keys, then each storage as its length and its bytes.
 */
import { readPickle, type Unpickled } from '../../data/pickle/pickle.ts';
import { PickleError, type PickleValue } from '../../data/pickle/pickle-values.ts';
import { asStorage, type StorageReference } from './tensors.ts';

/** Protocol 2, and a 10-byte number: 0x1950a86a20f9469cfc6c. */
const START = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const VERSION = 1001;

export function isLegacy(bytes: Uint8Array): boolean {
  return START.every((byte, i) => bytes[i] === byte);
}

/**
 * The saved object and the bytes of each storage, which are views of the file's.
 *
 * @throws PickleError when the file is damaged or cut off
 */
export function readLegacy(bytes: Uint8Array): { value: PickleValue; storages: Map<string, Uint8Array> } {
  const magic = readPickle(bytes);
  const version = readPickle(bytes, magic.end);
  if (version.value !== VERSION) throw new PickleError(`it is not of version ${VERSION}`);
  const machine = readPickle(bytes, version.end);
  if (machine.value instanceof Map && machine.value.get('little_endian') === false) {
    throw new PickleError('it was written on a big-endian machine');
  }
  const saved = readPickle(bytes, machine.end);
  const keys = readPickle(bytes, saved.end);
  return { value: saved.value, storages: splitStorages(bytes, keys, elementTypes(saved)) };
}

function elementTypes({ persistent }: Unpickled): Map<string, StorageReference['type']> {
  const types = new Map<string, StorageReference['type']>();
  for (const id of persistent) {
    const storage = asStorage(id);
    if (storage !== undefined) types.set(storage.reference.key, storage.reference.type);
  }
  return types;
}

/** The storages follow one another with their lengths in elements, so all of their types must be known. */
function splitStorages(
  bytes: Uint8Array,
  { value: keys, end }: Unpickled,
  types: ReadonlyMap<string, StorageReference['type']>,
): Map<string, Uint8Array> {
  if (!Array.isArray(keys)) throw new PickleError('its list of storages is missing');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Uint8Array>();
  let at = end;
  for (const key of keys) {
    const type = typeof key === 'string' ? types.get(key) : undefined;
    if (type === undefined) throw new PickleError('it has a storage that nothing refers to');
    if (at + 8 > bytes.length) throw new PickleError('it ends too early');
    const length = Number(view.getBigUint64(at, true)) * type.bytes;
    at += 8;
    if (at + length > bytes.length) throw new PickleError('it ends too early');
    storages.set(key as string, bytes.subarray(at, at + length));
    at += length;
  }
  return storages;
}
