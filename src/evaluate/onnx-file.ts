/** A first look at a model file, before any engine sees it: is it ONNX, and is it all there? */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../errors.ts';
import { decodeModel, encodeModel, type ModelProto, type TensorProto } from '../onnx/model.ts';

export interface OnnxFile {
  /** The model with all its weights, whatever file they came from. */
  readonly bytes: Uint8Array;
  readonly proto: ModelProto;
  /** SHA-256 of the file and of the files that its weights lie in, in hexadecimal. */
  readonly sha256: string;
  /** Elements of all floating-point initializers of at least one axis: weights, biases, normalisation statistics. */
  readonly parameters: number;
}

/** `TensorProto.DataType` of float, float16, double and bfloat16 (onnx.proto). */
const FLOATING_POINT = new Set([1, 10, 11, 16]);
/** `TensorProto.DataLocation.EXTERNAL` (onnx.proto). */
const EXTERNAL = 1;
/** A protobuf message cannot be larger. */
const LARGEST = 2 ** 31 - 1;

/**
 * Reads an ONNX file, and the files beside it in which its weights lie: PyTorch's exporter puts them into
 * `MODEL.onnx.data`.
 *
 * @throws UserError if it is no ONNX model, or one whose weights are not there
 */
export async function readOnnxFile(file: string): Promise<OnnxFile> {
  const bytes = new Uint8Array(await readFile(file));
  const proto = decode(bytes, file);
  const hash = createHash('sha256').update(bytes);
  const { initializer } = proto.graph;
  const parameters = initializer
    .filter(({ dataType, dims }) => FLOATING_POINT.has(dataType) && dims.length > 0)
    .reduce((sum, { dims }) => sum + dims.reduce((product, size) => product * Number(size), 1), 0);
  if (!initializer.some(isExternal)) return { bytes, proto, sha256: hash.digest('hex'), parameters };

  const files = await readExternalFiles(initializer.filter(isExternal), file);
  for (const data of files.values()) hash.update(data);
  const whole = {
    ...proto,
    graph: {
      ...proto.graph,
      initializer: initializer.map((tensor) => (isExternal(tensor) ? inlined(tensor, files, file) : tensor)),
    },
  };
  return { bytes: encodeModel(whole), proto: whole, sha256: hash.digest('hex'), parameters };
}

function decode(bytes: Uint8Array, file: string): ModelProto {
  try {
    return decodeModel(bytes, file);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `${file}: expected an ONNX model, found ${guessKind(bytes)}; give an .onnx file or the folder of a run`,
    );
  }
}

function isExternal(tensor: TensorProto): boolean {
  return 'dataLocation' in tensor && tensor.dataLocation === EXTERNAL;
}

interface Place {
  /** Relative to the model's folder. */
  readonly location: string;
  readonly offset: number;
  /** To the end of the file where it is not told. */
  readonly length: number | undefined;
}

function placeOf({ name, externalData = [] }: TensorProto, file: string): Place {
  const told = new Map(externalData.map(({ key, value }) => [key, value]));
  const location = told.get('location');
  // ONNX forbids both, and a model must not read other files of its user's.
  if (!location || path.isAbsolute(location) || location.split(/[\\/]/).includes('..')) {
    throw new UserError(
      `${file}: expected the weights "${name}" in a file beside the model, found "${location ?? ''}" as their place; ` +
        'save the model with its weights inside (onnx.save_model without save_as_external_data)',
    );
  }
  const length = told.get('length');
  return {
    location,
    offset: Number(told.get('offset') ?? 0),
    length: length === undefined ? undefined : Number(length),
  };
}

async function readExternalFiles(tensors: TensorProto[], file: string): Promise<Map<string, Uint8Array>> {
  const names = [...new Set(tensors.map((tensor) => placeOf(tensor, file).location))].sort();
  const files = new Map<string, Uint8Array>();
  for (const name of names) {
    const place = path.join(path.dirname(file), name);
    try {
      files.set(name, new Uint8Array(await readFile(place)));
    } catch {
      throw new UserError(
        `${file}: expected its weights in ${place}, found no such file; put it beside the model, or save the model ` +
          'with its weights inside (onnx.save_model without save_as_external_data)',
      );
    }
  }
  const total = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  if (total < LARGEST) return files;
  throw new UserError(
    `${file}: expected less than 2 GB of weights, found ${(total / 1e9).toFixed(1)} GB; give a smaller model`,
  );
}

function inlined(tensor: TensorProto, files: ReadonlyMap<string, Uint8Array>, file: string): TensorProto {
  const { location, offset, length } = placeOf(tensor, file);
  const data = files.get(location)!;
  const end = length === undefined ? data.length : offset + length;
  if (!(offset >= 0 && end <= data.length)) {
    throw new UserError(
      `${file}: expected ${end} bytes of weights or more in ${location}, found ${data.length}; the two files do not ` +
        'belong together, or one was cut short: copy both again',
    );
  }
  const { externalData: _, dataLocation: __, ...rest } = tensor;
  return { ...rest, rawData: data.subarray(offset, end) };
}

/** What a file that is no ONNX model probably is, from its first bytes. */
function guessKind(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const head = String.fromCharCode(...bytes.subarray(0, 64));
  if (head.startsWith('PK')) return 'a zip archive (a PyTorch checkpoint? export it to ONNX first)';
  if (head.startsWith('\x89HDF')) return 'an HDF5 file (a Keras model? convert it with tf2onnx first)';
  if (head.slice(4, 8) === 'TFL3') return 'a TensorFlow Lite model (convert it with tf2onnx first)';
  if (head.slice(8, 10) === '{"')
    return 'a safetensors file (weights alone: `pushpull export --weights` makes a model)';
  if (head.startsWith('\x89PNG') || head.startsWith('\xff\xd8\xff')) return 'an image';
  if (head.startsWith('version https://git-lfs'))
    return 'the pointer of a file that Git LFS keeps (git lfs pull)';
  if (/^[\s\x20-\x7e]+$/.test(head)) return 'text';
  return 'other or damaged data';
}
