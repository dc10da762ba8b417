/** Weights that an ONNX file keeps in other files beside it. */

import path from 'node:path';
import { UserError } from '../../errors.ts';
import { constants, type FileHandle, ifThere, open, realpath, stat } from '../../files/fs.ts';
import type { TensorProto } from '../../onnx/model.ts';
import { storageBytes } from '../../onnx/schema.ts';
import { problemOf } from '../../system-errors.ts';

/** `TensorProto.DataLocation.EXTERNAL` (onnx.proto). */
const EXTERNAL = 1;
/** A protobuf message cannot be larger, and a model is loaded as one. */
export const LARGEST_MODEL = 2 ** 31 - 1;

/** The largest piece that is read at once. */
const PIECE = 2 ** 28;

export function isExternal(tensor: TensorProto): boolean {
  return 'dataLocation' in tensor && tensor.dataLocation === EXTERNAL;
}

export interface ExternalTensors {
  /** Each tensor with its values inside. */
  readonly inlined: ReadonlyMap<TensorProto, TensorProto>;
  /** The files' contents, by name, in the order of the names. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads the values of tensors from the files in which they lie.
 *
 * These must be plain files of the model's own folder: a model must not read other files of its user's, neither by a path
 * nor through a link. Where the model itself is a link, as in HuggingFace's cache, they may lie beside what it leads to.
 *
 * @throws UserError when a file is missing or lies elsewhere, or a tensor is not whole in it
 */
export async function readExternal(tensors: readonly TensorProto[], file: string): Promise<ExternalTensors> {
  const places = new Map(tensors.map((tensor) => [tensor, placeOf(tensor, file)]));
  const names = [...new Set([...places.values()].map(({ location }) => location))].sort();
  const opened: { readonly name: string; readonly handle: FileHandle; readonly size: number }[] = [];
  try {
    let total = 0;
    for (const name of names) {
      const found = await openBeside(name, file);
      opened.push({ name, ...found });
      total += found.size;
    }
    if (total >= LARGEST_MODEL) {
      throw new UserError(
        `${file}: expected less than 2 GB of weights, found ${(total / 1e9).toFixed(1)} GB; give a smaller model`,
      );
    }
    const files = new Map<string, Uint8Array>();
    for (const { name, handle, size } of opened) files.set(name, await readWhole(handle, size, name, file));
    const inlined = new Map(
      [...places].map(([tensor, place]) => [tensor, inline(tensor, place, files, file)]),
    );
    return { inlined, files };
  } finally {
    for (const { handle } of opened) await handle.close();
  }
}

interface Place {
  /** Relative to the model's folder. */
  readonly location: string;
  readonly offset: number;
  /** To the end of the file where it is not told, and the tensor's type and shape do not tell either. */
  readonly length: number | undefined;
}

const INSIDE = 'save the model with its weights inside (onnx.save_model without save_as_external_data)';

function placeOf(tensor: TensorProto, file: string): Place {
  const { name, externalData = [] } = tensor;
  const told = new Map(externalData.map(({ key, value }) => [key, value]));
  const location = told.get('location');
  // ONNX forbids both, and a model must not read other files of its user's.
  if (
    !location ||
    path.isAbsolute(location) ||
    location.split(/[\\/]/).includes('..') ||
    location.includes('\0')
  ) {
    throw new UserError(
      `${file}: expected the weights "${name}" in a file beside the model, found "${location ?? ''}" as their place; ${INSIDE}`,
    );
  }
  const whole = (key: string): number | undefined => {
    const value = told.get(key);
    if (value === undefined) return undefined;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (Number.isSafeInteger(number)) return number;
    throw new UserError(
      `${file}: expected a whole number of bytes as the ${key} of the weights "${name}" in ${location}, found "${value}"; ${INSIDE}`,
    );
  };
  const offset = whole('offset') ?? 0;
  const length = whole('length');
  const needed = storageBytes(tensor);
  if (length !== undefined && needed !== undefined && length !== needed) {
    throw new UserError(
      `${file}: expected ${needed} bytes for the weights "${name}" of shape [${tensor.dims.map(Number).join(', ')}], found ${length} ` +
        `in ${location}; ${INSIDE}`,
    );
  }
  return { location, offset, length: length ?? needed };
}

async function openBeside(name: string, file: string): Promise<{ handle: FileHandle; size: number }> {
  const place = path.join(path.dirname(file), name);
  const real = await ifThere(realpath(place));
  if (real === undefined) {
    throw new UserError(
      `${file}: expected its weights in ${place}, found no such file; put it beside the model, or ${INSIDE}`,
    );
  }
  const folders = [await realpath(path.dirname(file)), path.dirname(await realpath(file))];
  if (!folders.some((folder) => isWithin(real, folder))) {
    throw new UserError(
      `${file}: expected its weights in its own folder, found ${place} to be a link to ${real}; put the file itself there`,
    );
  }
  const refuse = (): never => {
    throw new UserError(`${file}: expected its weights in ${place}, found no plain file there; ${INSIDE}`);
  };
  if (!(await stat(real)).isFile()) refuse();
  // Opening anything else could wait for ever: without that it is looked at once more when it is open.
  const handle = await open(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
    (error: unknown) => {
      throw new UserError(`${file}: its weights in ${place} cannot be read (${problemOf(error)})`);
    },
  );
  const opened = await handle.stat();
  if (opened.isFile()) return { handle, size: opened.size };
  await handle.close();
  return refuse();
}

function isWithin(real: string, folder: string): boolean {
  const relative = path.relative(folder, real);
  return relative !== '' && !path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..';
}

async function readWhole(handle: FileHandle, size: number, name: string, file: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size; ) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(PIECE, size - done), done);
    if (bytesRead === 0) {
      throw new UserError(`${file}: ${name} became shorter while it was read; wait until it is written`);
    }
    done += bytesRead;
  }
  return bytes;
}

function inline(
  tensor: TensorProto,
  { location, offset, length }: Place,
  files: ReadonlyMap<string, Uint8Array>,
  file: string,
): TensorProto {
  const data = files.get(location)!;
  const end = length === undefined ? data.length : offset + length;
  if (!(offset <= data.length && end <= data.length)) {
    throw new UserError(
      `${file}: expected ${Math.max(end, offset)} bytes of weights or more in ${location}, found ${data.length}; the two files do not ` +
        'belong together, or one was cut short: copy both again',
    );
  }
  const { externalData: _, dataLocation: __, ...rest } = tensor;
  return { ...rest, rawData: data.subarray(offset, end) };
}
