/** Weights that PyTorch saved (`.pth`, `.pt`, `.ckpt`), read without running anything that is in the file. */

import { readPickle } from '../../data/pickle/pickle.ts';
import { PickleError, type PickleValue } from '../../data/pickle/pickle-values.ts';
import { UserError } from '../../errors.ts';
import { readFile, stat } from '../../files/fs.ts';
import { ZipError } from '../../files/zip-directory.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { type Archive, openArchive } from './archive.ts';
import { readLegacy } from './legacy.ts';
import { findStateDicts } from './state-dict.ts';
import { readTensor, type TensorReference, tensorBytes } from './tensors.ts';

export interface SavedTensors {
  readonly tensors: Map<string, Tensor>;
  /** Where in the file they were, such as `state_dict`; empty for a file of nothing else. */
  readonly taken: string;
  /** Other sets of tensors that the file has. */
  readonly others: readonly string[];
}

/** The description of the tensors; the tensors' bytes lie beside it. */
const PICKLE = 'data.pkl';
const MAX_PICKLE_BYTES = 256 * 2 ** 20;
/** Tensors may share storages, but hardly all bytes with three others. */
const MAX_SHARING = 4;

/**
 * Read the zip format, PyTorch 1.6 and later.
 *
 * @throws UserError when the file is damaged, hostile, or holds no tensors
 */
export async function readZip(path: string): Promise<SavedTensors> {
  return explained(path, async () => {
    const archive = await openArchive(path);
    try {
      await checkKind(archive, path);
      const { value } = readPickle(await archive.read(PICKLE));
      return await collect(value, (key) => archive.read(`data/${key}`), (await stat(path)).size);
    } finally {
      await archive.close();
    }
  });
}

/** Read the older format. @throws UserError as `readZip` */
export async function readOldFormat(path: string): Promise<SavedTensors> {
  return explained(path, async () => {
    const bytes = await readFile(path);
    const { value, storages } = readLegacy(bytes);
    const read = async (key: string): Promise<Uint8Array> => {
      const storage = storages.get(key);
      if (storage === undefined) throw new PickleError(`it has no storage '${key}'`);
      return storage;
    };
    return collect(value, read, bytes.length);
  });
}

async function checkKind(archive: Archive, path: string): Promise<void> {
  const { names } = archive;
  if (names.has('constants.pkl')) {
    throw new UserError(
      `${path}: it is a TorchScript program, not weights alone. Take the weights out of it with\n` +
        `  python3 -c "import torch; torch.save(torch.jit.load('${path}', 'cpu').state_dict(), 'weights.pth')"`,
    );
  }
  if (!names.has(PICKLE)) {
    throw new UserError(
      `${path}: expected weights saved by PyTorch, found a zip archive of something else (it has no ${PICKLE}).`,
    );
  }
  if (archive.size(PICKLE) > MAX_PICKLE_BYTES) throw new ZipError(`its ${PICKLE} is too large to be true`);
  if (names.has('byteorder')) {
    const order = new TextDecoder().decode(await archive.read('byteorder')).trim();
    if (order !== 'little') throw new ZipError('it was written on a big-endian machine');
  }
}

async function collect(
  value: PickleValue,
  readStorage: (key: string) => Promise<Uint8Array>,
  fileBytes: number,
): Promise<SavedTensors> {
  const [dict, ...others] = findStateDicts(value);
  if (dict === undefined) throw new PickleError('it holds no named tensors');
  const tensors = await readAll(dict.tensors, readStorage, fileBytes);
  return {
    tensors,
    taken: dict.path.join('.'),
    others: others.map(({ path }) => path.join('.') || 'the top level'),
  };
}

/** A storage after the other, each read once; equal views of one become one tensor. */
async function readAll(
  references: ReadonlyMap<string, TensorReference>,
  readStorage: (key: string) => Promise<Uint8Array>,
  fileBytes: number,
): Promise<Map<string, Tensor>> {
  const byStorage = new Map<string, Map<string, TensorReference>>();
  let total = 0;
  for (const [, reference] of references) {
    const { key } = reference.storage;
    const views = byStorage.get(key) ?? new Map<string, TensorReference>();
    byStorage.set(key, views);
    if (!views.has(viewKey(reference))) total += tensorBytes(reference);
    views.set(viewKey(reference), reference);
  }
  if (total > MAX_SHARING * fileBytes) {
    throw new PickleError(`it describes ${total} bytes of tensors where the file has ${fileBytes}`);
  }
  const made = new Map<string, Tensor>();
  for (const [key, views] of byStorage) {
    const bytes = await readStorage(key);
    for (const [view, reference] of views) made.set(`${key} ${view}`, readTensor(reference, bytes));
  }
  return new Map(
    [...references].map(([name, reference]) => [
      name,
      made.get(`${reference.storage.key} ${viewKey(reference)}`)!,
    ]),
  );
}

function viewKey({ storage, offset, shape, strides }: TensorReference): string {
  return JSON.stringify([storage.element, storage.elements, offset, shape, strides]);
}

async function explained<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    // A RangeError is what JavaScript throws when there is too much of something.
    if (!(error instanceof PickleError || error instanceof ZipError || error instanceof RangeError))
      throw error;
    throw new UserError(
      `${path}: expected weights saved by PyTorch, but ${error.message}. It may be damaged, or of a kind that cannot ` +
        'be read: download it again, or save the tensors alone with torch.save(network.state_dict(), FILE).',
    );
  }
}
