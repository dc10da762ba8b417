/** A first look at a model file, before any engine sees it: is it ONNX, and is it all there? */

import { createHash } from 'node:crypto';
import { UserError } from '../../errors.ts';
import { open, readFile, stat } from '../../files/fs.ts';
import { decodeModel, encodeModel, type ModelProto, type TensorProto } from '../../onnx/model.ts';
import { storedTensors, withTensors } from '../../onnx/tensors.ts';
import { isExternal, LARGEST_MODEL, readExternal } from './external-data.ts';
import { describeKind, kindOf } from './file-kind.ts';

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

/**
 * Reads an ONNX file, and the files beside it in which its weights lie: PyTorch's exporter puts them into
 * `MODEL.onnx.data`.
 *
 * @throws UserError if it is no ONNX model, or one whose weights are not there
 */
export async function readOnnxFile(file: string): Promise<OnnxFile> {
  await checkFile(file);
  const bytes = new Uint8Array(await readFile(file));
  const proto = decode(bytes, file);
  const hash = createHash('sha256').update(bytes);
  const external = [...storedTensors(proto)].filter(isExternal);
  const { initializer } = proto.graph;
  // Those of nodes count where they are kept like weights.
  const weights = [...initializer, ...external.filter((tensor) => !initializer.includes(tensor))];
  const parameters = weights.filter(isWeight).reduce((sum, tensor) => sum + elements(tensor), 0);
  if (external.length === 0) return { bytes, proto, sha256: hash.digest('hex'), parameters };

  const { inlined, files } = await readExternal(external, file);
  for (const data of files.values()) hash.update(data);
  const whole = withTensors(proto, inlined);
  return { bytes: encodeModel(whole), proto: whole, sha256: hash.digest('hex'), parameters };
}

function isWeight({ dataType, dims }: TensorProto): boolean {
  return FLOATING_POINT.has(dataType) && dims.length > 0;
}

function elements({ dims }: TensorProto): number {
  return dims.reduce((product, size) => product * Number(size), 1);
}

/** What cannot be read as a whole. */
async function checkFile(file: string): Promise<void> {
  const entry = await stat(file);
  if (!entry.isFile()) {
    throw new UserError(
      `${file}: expected an ONNX file, found something that is no plain file; give the file itself`,
    );
  }
  if (entry.size < LARGEST_MODEL) return;
  const handle = await open(file);
  try {
    const ends = new Uint8Array(2 * END_BYTES);
    await handle.read(ends, 0, END_BYTES, 0);
    await handle.read(ends, END_BYTES, END_BYTES, entry.size - END_BYTES);
    const kind = kindOf(ends, file);
    if (kind.cure !== undefined) throw new UserError(describeKind(file, kind));
  } finally {
    await handle.close();
  }
  throw new UserError(
    `${file}: expected less than 2 GB, which ONNX files cannot exceed, found ${(entry.size / 1e9).toFixed(1)} GB; export a ` +
      'smaller model, or this one with its weights in a file of their own (onnx.save_model with save_as_external_data=True)',
  );
}

/** So much of both ends of a file that is too large tells what it is. */
const END_BYTES = 2 ** 16;

function decode(bytes: Uint8Array, file: string): ModelProto {
  try {
    return decodeModel(bytes, file);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(describeKind(file, kindOf(bytes, file)));
  }
}
