/** A first look at a model file, before any engine sees it: is it ONNX, and how large is it? */
import { UserError } from '../errors.ts';
import { decodeModel, type ModelProto } from '../onnx/model.ts';

export interface OnnxSummary {
  /** Elements of all floating-point initializers of at least one axis: weights, biases, normalisation statistics. */
  readonly parameters: number;
}

/** `TensorProto.DataType` of float, float16, double and bfloat16 (onnx.proto). */
const FLOATING_POINT = new Set([1, 10, 11, 16]);
/** `TensorProto.DataLocation.EXTERNAL` (onnx.proto). */
const EXTERNAL = 1;

/**
 * Reads the outline of an ONNX file.
 *
 * @throws UserError if the bytes are no ONNX model, or one whose weights lie in another file
 */
export function inspectOnnx(bytes: Uint8Array, file: string): OnnxSummary {
  let model: ModelProto;
  try {
    model = decodeModel(bytes, file);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `${file}: expected an ONNX model, found ${guessKind(bytes)}; give an .onnx file or the folder of a run`,
    );
  }
  const { initializer } = model.graph;
  if (initializer.some((tensor) => 'dataLocation' in tensor && tensor.dataLocation === EXTERNAL)) {
    throw new UserError(
      `${file}: expected an ONNX model in one file, found one whose weights lie in another file; ` +
        'save it with its weights inside (onnx.save_model without save_as_external_data)',
    );
  }
  const weights = initializer.filter(({ dataType, dims }) => FLOATING_POINT.has(dataType) && dims.length > 0);
  return {
    parameters: weights.reduce(
      (sum, { dims }) => sum + dims.reduce((product, size) => product * Number(size), 1),
      0,
    ),
  };
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
  if (/^[\s\x20-\x7e]+$/.test(head)) return 'text';
  return 'other or damaged data';
}
